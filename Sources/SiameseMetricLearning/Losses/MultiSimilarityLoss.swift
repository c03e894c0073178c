/// Pairs weighed by how wrong they are, and by how wrong their neighbours are.
///
/// `1/α log(1 + Σₚ exp(α(d(a,p) − λ))) + 1/β log(1 + Σₙ exp(β(λ − d(a,n))))` for every anchor. The paper writes it in
/// cosine similarities with λ = 0.5, which is 0.5 as a cosine distance too. Its miner is `.multiSimilarity`.
/// Wang, Han, Huang, Dong, Scott 2019, https://arxiv.org/abs/1904.06627.
package struct MultiSimilarityLoss: PairwiseLoss, Hashable {
  /// α and β, the scales of positive and negative pairs, and λ, the similarity at which both have the same weight.
  package var alpha: Float, beta: Float, base: Float

  /// The settings of the paper.
  package init(alpha: Float = 2, beta: Float = 50, base: Float = 0.5) {
    (self.alpha, self.beta, self.base) = (alpha, beta, base)
  }

  /// Sums over the comparisons chosen, by the formula above.
  package func terms(_ comparisons: Comparisons, _ distances: DistanceMatrix) -> [LossTerm] {
    var term = LossTerm(distances)
    for a in comparisons.positives.indices {
      var near = comparisons.positives[a].map { alpha * (distances[a, $0] - base) }
      var far = comparisons.negatives[a].map { beta * (base - distances[a, $0]) }
      term.add(logSumExp(&near, plusOne: true) / alpha + logSumExp(&far, plusOne: true) / beta)
      for (p, share) in zip(comparisons.positives[a], near) { term.slope(a, p, share) }
      for (n, share) in zip(comparisons.negatives[a], far) { term.slope(a, n, -share) }
    }
    return [term]
  }
}
