import Foundation

/// Each similarity is pulled at its own pace: the farther from its optimum, the harder.
///
/// `log(1 + Σₙ exp(γ αₙ (sₙ − m)) · Σₚ exp(−γ αₚ (sₚ − 1 + m)))` for every anchor, with cosine similarities s and paces
/// `αₚ = [1 + m − sₚ]₊`, `αₙ = [sₙ + m]₊` held constant in the gradient.
/// Sun and others 2020, https://arxiv.org/abs/2002.10857.
package struct CircleLoss: PairwiseLoss, Hashable {
  /// The relaxation m of both optima, and the scale γ.
  package var margin: Float, gamma: Float

  /// The settings of the paper.
  package init(margin: Float = 0.4, gamma: Float = 80) { (self.margin, self.gamma) = (margin, gamma) }

  /// The loss is defined by cosines.
  package var ownDistance: Distance? { .cosine }
  /// As its paper does: the mean over those above zero.
  package var reducer: Reducer { .meanOfActive }

  /// Sums over the comparisons chosen, by the formula above.
  package func terms(_ comparisons: Comparisons, _ distances: DistanceMatrix) -> [LossTerm] {
    var term = LossTerm(distances)
    for a in comparisons.positives.indices {
      let (positives, negatives) = (comparisons.positives[a], comparisons.negatives[a])
      guard !positives.isEmpty, !negatives.isEmpty else { continue }
      // In cosine distances d = 1 − s.
      let positivePaces = positives.map { gamma * max(margin + distances[a, $0], 0) }
      let negativePaces = negatives.map { gamma * max(1 + margin - distances[a, $0], 0) }
      var near = zip(positives, positivePaces).map { $1 * (distances[a, $0] - margin) }
      var far = zip(negatives, negativePaces).map { $1 * (1 - margin - distances[a, $0]) }
      let (loss, slope) = softplus(logSumExp(&near) + logSumExp(&far))
      term.add(loss)
      for (k, p) in positives.enumerated() { term.slope(a, p, slope * near[k] * positivePaces[k]) }
      for (k, n) in negatives.enumerated() { term.slope(a, n, -slope * far[k] * negativePaces[k]) }
    }
    return [term]
  }
}
