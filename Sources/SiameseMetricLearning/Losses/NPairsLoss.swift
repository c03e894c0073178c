/// One pair a class; each anchor must find its own positive among everyone's.
///
/// With one pair (aᵢ, pᵢ) from each class, `−log(exp(−d(aᵢ,pᵢ)) / Σⱼ exp(−d(aᵢ,pⱼ)))`. The paper compares by dot product.
/// Sohn 2016, https://papers.nips.cc/paper/6200.
package struct NPairsLoss: PairwiseLoss, Hashable {
  /// The loss has no settings.
  package init() {}

  /// Sums over the comparisons chosen, by the formula above.
  package func terms(_ comparisons: Comparisons, _ distances: DistanceMatrix) -> [LossTerm] {
    var term = LossTerm(distances)
    // The first anchor of each class, with its first positive: an anchor before which stands none of its positives.
    var pairs: [(anchor: Int, positive: Int)] = []
    var seen = Set<Int>()
    for a in comparisons.positives.indices {
      guard !seen.contains(a), let positive = comparisons.positives[a].first else { continue }
      pairs.append((a, positive))
      seen.formUnion(comparisons.positives[a])
    }
    guard pairs.count > 1 else { return [term] }
    for own in pairs.indices {
      let a = pairs[own].anchor
      var shares = pairs.map { -distances[a, $0.positive] }
      let logSum = logSumExp(&shares)
      term.add(logSum + distances[a, pairs[own].positive])
      for (other, share) in zip(pairs, shares) { term.slope(a, other.positive, -share) }
      term.slope(a, pairs[own].positive, 1)
    }
    return [term]
  }
}
