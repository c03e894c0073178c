/// Proxies as anchors: each pulls its class's embeddings and pushes all others, the hard ones most.
///
/// `1/|P⁺| Σ_{p ∈ P⁺} log(1 + Σ_{x ∈ p} exp(−α(s(x,p) − δ))) + 1/|P| Σ_p log(1 + Σ_{x ∉ p} exp(α(s(x,p) + δ)))`, with
/// cosine similarities s, P⁺ the proxies whose class is in the batch. Kim, Kim, Cho, Kwak 2020,
/// https://arxiv.org/abs/2003.13911.
package struct ProxyAnchorLoss: ProxyLoss, Hashable {
  /// δ, and the scale α.
  package var margin: Float, alpha: Float

  /// The settings of the paper.
  package init(margin: Float = 0.1, alpha: Float = 32) { (self.margin, self.alpha) = (margin, alpha) }

  /// The loss is defined by cosines.
  package var ownDistance: Distance? { .cosine }

  /// Sums over the embeddings with these classes, by the formula above.
  package func terms(classes: [Int], _ distances: DistanceMatrix) -> [LossTerm] {
    var together = LossTerm(distances)
    var apart = LossTerm(distances)
    for proxy in 0..<distances.columns {
      let own = classes.indices.filter { classes[$0] == proxy }
      let others = classes.indices.filter { classes[$0] != proxy }
      // In cosine distances d = 1 − s.
      var near = own.map { alpha * (distances[$0, proxy] - 1 + margin) }
      var far = others.map { alpha * (1 - distances[$0, proxy] + margin) }
      if !own.isEmpty { together.add(logSumExp(&near, plusOne: true)) }
      apart.add(logSumExp(&far, plusOne: true))
      for (x, share) in zip(own, near) { together.slope(x, proxy, alpha * share) }
      for (x, share) in zip(others, far) { apart.slope(x, proxy, -alpha * share) }
    }
    together.divisor = Set(classes).count
    apart.divisor = distances.columns
    return [together, apart]
  }
}
