/// InfoNCE with all positives of an anchor at once.
///
/// `−mean over p of log(exp(−d(a,p)/τ) / Σ exp(−d(a,·)/τ))` for every anchor, the sum over its positives and negatives.
/// Khosla and others 2020, https://arxiv.org/abs/2004.11362 (its L_out, on cosine distance).
package struct SupervisedContrastiveLoss: PairwiseLoss, Hashable {
  /// τ: the smaller, the more the nearest negatives count.
  package var temperature: Float

  /// The temperature of the paper.
  package init(temperature: Float = 0.1) { self.temperature = temperature }

  /// Sums over the comparisons chosen, by the formula above.
  package func terms(_ comparisons: Comparisons, _ distances: DistanceMatrix) -> [LossTerm] {
    var term = LossTerm(distances)
    for a in comparisons.positives.indices {
      let positives = comparisons.positives[a]
      guard !positives.isEmpty, !comparisons.negatives[a].isEmpty else { continue }
      let others = positives + comparisons.negatives[a]
      var shares = others.map { -distances[a, $0] / temperature }
      let mean = positives.reduce(0) { $0 + distances[a, $1] } / Float(positives.count)
      term.add(logSumExp(&shares) + mean / temperature)
      for (other, share) in zip(others, shares) { term.slope(a, other, -share / temperature) }
      for p in positives { term.slope(a, p, 1 / (temperature * Float(positives.count))) }
    }
    return [term]
  }
}
