/// Every positive pair against all negatives of both its ends.
///
/// `½ max(J, 0)²` for a positive pair (a, p), with
/// `J = d(a,p) + log(Σₙ exp(m − d(a,n)) + Σₙ exp(m − d(p,n)))`.
/// Song, Xiang, Jegelka, Savarese 2016, https://arxiv.org/abs/1511.06452.
package struct LiftedLoss: PairwiseLoss, Hashable {
  /// Added to the difference of positive and negative distances.
  package var margin: Float

  /// The margin of the paper.
  package init(margin: Float = 1) { self.margin = margin }

  /// Sums over the comparisons chosen, by the formula above.
  package func terms(_ comparisons: Comparisons, _ distances: DistanceMatrix) -> [LossTerm] {
    var term = LossTerm(distances)
    for a in comparisons.positives.indices {
      for p in comparisons.positives[a] {
        let pairs = comparisons.negatives[a].map { (a, $0) } + comparisons.negatives[p].map { (p, $0) }
        guard !pairs.isEmpty else { continue }
        var shares = pairs.map { margin - distances[$0.0, $0.1] }
        let excess = max(distances[a, p] + logSumExp(&shares), 0)
        term.add(excess * excess / 2)
        term.slope(a, p, excess)
        for (pair, share) in zip(pairs, shares) { term.slope(pair.0, pair.1, -excess * share) }
      }
    }
    return [term]
  }
}

/// All positives of an anchor against all its negatives: a batch-all loss with the softness of a batch-hard one.
///
/// `max(log Σₚ exp(d(a,p)) + log Σₙ exp(m − d(a,n)), 0)` for every anchor.
/// Hermans, Beyer, Leibe 2017, equation 7, https://arxiv.org/abs/1703.07737.
package struct GeneralizedLiftedLoss: PairwiseLoss, Hashable {
  /// Added to the difference of positive and negative distances.
  package var margin: Float

  /// The margin of the paper.
  package init(margin: Float = 1) { self.margin = margin }

  /// Sums over the comparisons chosen, by the formula above.
  package func terms(_ comparisons: Comparisons, _ distances: DistanceMatrix) -> [LossTerm] {
    var term = LossTerm(distances)
    for a in comparisons.positives.indices {
      let (positives, negatives) = (comparisons.positives[a], comparisons.negatives[a])
      guard !positives.isEmpty, !negatives.isEmpty else { continue }
      var near = positives.map { distances[a, $0] }
      var far = negatives.map { margin - distances[a, $0] }
      let loss = logSumExp(&near) + logSumExp(&far)
      term.add(max(loss, 0))
      guard loss > 0 else { continue }
      for (p, share) in zip(positives, near) { term.slope(a, p, share) }
      for (n, share) in zip(negatives, far) { term.slope(a, n, -share) }
    }
    return [term]
  }
}
