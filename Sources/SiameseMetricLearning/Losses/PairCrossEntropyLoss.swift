/// Same or different as a probability: `p = σ(scale · (threshold − d))`, and the binary cross-entropy of it.
///
/// `−log p` for positive and `−log(1 − p)` for negative pairs, averaged apart. Koch, Zemel, Salakhutdinov 2015,
/// https://www.cs.cmu.edu/~rsalakhu/papers/oneshot1.pdf, where the pair's logit comes from a joint layer: see `PairHead`.
package struct PairCrossEntropyLoss: PairwiseLoss, Hashable {
  /// How steeply probability falls with distance, and the distance at which it is one half.
  package var scale: Float, threshold: Float

  /// A logistic curve over the distance.
  package init(scale: Float = 10, threshold: Float = 0.5) { (self.scale, self.threshold) = (scale, threshold) }

  /// Sums over the comparisons chosen, by the formula above.
  package func terms(_ comparisons: Comparisons, _ distances: DistanceMatrix) -> [LossTerm] {
    var together = LossTerm(distances)
    var apart = LossTerm(distances)
    for a in comparisons.positives.indices {
      for p in comparisons.positives[a] {
        let (loss, slope) = softplus(scale * (distances[a, p] - threshold))
        together.add(loss)
        together.slope(a, p, scale * slope)
      }
      for n in comparisons.negatives[a] {
        let (loss, slope) = softplus(scale * (threshold - distances[a, n]))
        apart.add(loss)
        apart.slope(a, n, -scale * slope)
      }
    }
    return [together, apart]
  }
}
