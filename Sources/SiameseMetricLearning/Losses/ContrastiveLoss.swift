/// Pairs of one class should be nearer than one margin, pairs of two classes farther than another.
///
/// `½ max(d − m₊, 0)²` for positive and `½ max(m₋ − d, 0)²` for negative pairs (Hadsell, Chopra, LeCun 2006,
/// http://yann.lecun.com/exdb/publis/pdf/hadsell-chopra-lecun-06.pdf); without `squared`, the bare differences. Positive
/// and negative pairs are averaged apart, so that the many negatives do not drown the few positives.
///
/// On similarities — positive pairs above one, negative pairs below another — it is the same function of the distance,
/// with the margins turned round: see `init(similaritiesAbove:below:)`.
package struct ContrastiveLoss: PairwiseLoss, Hashable {
  /// Distances beyond which positive pairs, and below which negative pairs, have a loss.
  package var positiveMargin: Float, negativeMargin: Float
  /// Whether excesses are squared.
  package var squared: Bool

  /// The squared loss with these margins, in the distance of training.
  package init(positiveMargin: Float = 0, negativeMargin: Float = 1, squared: Bool = true) {
    (self.positiveMargin, self.negativeMargin, self.squared) = (positiveMargin, negativeMargin, squared)
  }

  /// `max(m₊ − s, 0)` and `max(s − m₋, 0)`, where s is a cosine or radial-basis similarity (`s = 1 − d`).
  package init(similaritiesAbove positive: Float, below negative: Float) {
    self.init(positiveMargin: 1 - positive, negativeMargin: 1 - negative, squared: false)
  }

  /// As its paper does: the mean over those above zero.
  package var reducer: Reducer { .meanOfActive }

  /// Sums over the comparisons chosen, by the formula above.
  package func terms(_ comparisons: Comparisons, _ distances: DistanceMatrix) -> [LossTerm] {
    var together = LossTerm(distances)
    var apart = LossTerm(distances)
    for a in comparisons.positives.indices {
      for p in comparisons.positives[a] {
        let excess = max(distances[a, p] - positiveMargin, 0)
        together.add(squared ? excess * excess / 2 : excess)
        together.slope(a, p, squared ? excess : excess > 0 ? 1 : 0)
      }
      for n in comparisons.negatives[a] {
        let excess = max(negativeMargin - distances[a, n], 0)
        apart.add(squared ? excess * excess / 2 : excess)
        apart.slope(a, n, squared ? -excess : excess > 0 ? -1 : 0)
      }
    }
    return [together, apart]
  }
}
