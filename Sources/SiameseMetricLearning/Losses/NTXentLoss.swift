/// InfoNCE: a positive pair must stand out among the anchor's negatives.
///
/// `−log(exp(−d(a,p)/τ) / (exp(−d(a,p)/τ) + Σₙ exp(−d(a,n)/τ)))` for every positive pair. With cosine distance this is
/// SimCLR's normalised, temperature-scaled cross-entropy. Oord, Li, Vinyals 2018, https://arxiv.org/abs/1807.03748; Chen,
/// Kornblith, Norouzi, Hinton 2020, https://arxiv.org/abs/2002.05709.
package struct NTXentLoss: PairwiseLoss, Hashable {
  /// τ: the smaller, the more the nearest negatives count.
  package var temperature: Float

  /// The temperature of the paper.
  package init(temperature: Float = 0.07) { self.temperature = temperature }

  /// Sums over the comparisons chosen, by the formula above.
  package func terms(_ comparisons: Comparisons, _ distances: DistanceMatrix) -> [LossTerm] {
    var term = LossTerm(distances)
    for a in comparisons.positives.indices where !comparisons.negatives[a].isEmpty {
      for p in comparisons.positives[a] {
        let others = [p] + comparisons.negatives[a]
        var shares = others.map { -distances[a, $0] / temperature }
        term.add(logSumExp(&shares) + distances[a, p] / temperature)
        for (other, share) in zip(others, shares) { term.slope(a, other, -share / temperature) }
        term.slope(a, p, 1 / temperature)
      }
    }
    return [term]
  }
}
