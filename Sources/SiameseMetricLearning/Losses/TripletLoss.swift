/// The anchor should be nearer to its positive than to its negative, by a margin.
///
/// For every triplet `max(d(a,p) − d(a,n) + margin, 0)`, or with the soft margin `log(1 + exp(d(a,p) − d(a,n)))`, which
/// never stops pulling. Which triplets is the miner's choice: all of them (batch-all) or each anchor's farthest positive
/// and nearest negative (batch-hard).
///
/// Schroff, Kalenichenko, Philbin 2015, https://arxiv.org/abs/1503.03832; Hermans, Beyer, Leibe 2017,
/// https://arxiv.org/abs/1703.07737.
package struct TripletLoss: PairwiseLoss, Hashable {
  /// nil is the soft margin.
  package var margin: Float?

  /// A margin for embeddings of unit length; nil for the soft one.
  package init(margin: Float? = 0.2) { self.margin = margin }

  /// With a margin the mean over those above zero; the soft margin has no zero.
  package var reducer: Reducer { margin == nil ? .mean : .meanOfActive }

  /// Sums over the comparisons chosen, by the formula above.
  package func terms(_ comparisons: Comparisons, _ distances: DistanceMatrix) -> [LossTerm] {
    var term = LossTerm(distances)
    for t in comparisons.triplets {
      let x = distances[t.anchor, t.positive] - distances[t.anchor, t.negative]
      let (loss, slope): (Float, Float) =
        if let margin { x + margin > 0 ? (x + margin, 1) : (0, 0) } else { softplus(x) }
      term.add(loss)
      guard slope != 0 else { continue }
      term.slope(t.anchor, t.positive, slope)
      term.slope(t.anchor, t.negative, -slope)
    }
    return [term]
  }
}
