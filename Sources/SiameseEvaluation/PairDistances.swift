import SiameseTensors

/// How far apart pairs of the same class and pairs of different classes are: all that verification is measured from.
///
/// Read as ascending steps; pairs at one and the same distance share a step, so a tie is never won. Few pairs are held as
/// they are. Many (`allPairs` above `heldPairLimit`) are counted in 2²⁴ bins over the distances' range, which is finer than
/// the rounding of a float32 dot product: 5·10⁹ pairs take 128 MiB.
package struct PairDistances: Sendable {
  /// How the distances are kept.
  package enum Storage: Sendable {
    /// Distinct distances, ascending, with the pairs at each.
    case steps(distances: [Float], same: [Int32], different: [Int32])
    /// Counts in equal bins.
    case bins(PairHistogram)
  }
  /// The distances with the pairs of either kind at each.
  package let storage: Storage
  /// Pairs of one class.
  package let sameCount: Int
  /// Pairs of two classes.
  package let differentCount: Int
  /// From the number counted to the distance it stands for.
  package let restore: @Sendable (Float) -> Float

  /// Above this many pairs, `allPairs` counts in bins.
  package static let heldPairLimit = 1 << 22

  /// From the distances of the two kinds of pairs, in any order.
  package init(same: [Float], different: [Float]) {
    let (same, different) = (same.sorted(), different.sorted())
    var (distances, sameCounts, differentCounts) = ([Float](), [Int32](), [Int32]())
    var (i, j) = (0, 0)
    while i < same.count || j < different.count {
      let distance = min(i < same.count ? same[i] : .infinity, j < different.count ? different[j] : .infinity)
      let (firstSame, firstDifferent) = (i, j)
      while i < same.count, same[i] <= distance || same[i].isNaN { i += 1 }
      while j < different.count, different[j] <= distance || different[j].isNaN { j += 1 }
      distances.append(distance)
      sameCounts.append(Int32(i - firstSame))
      differentCounts.append(Int32(j - firstDifferent))
    }
    storage = .steps(distances: distances, same: sameCounts, different: differentCounts)
    sameCount = same.count
    differentCount = different.count
    restore = { $0 }
  }

  /// From counted distances; `restore` makes distances of the numbers counted, ascending.
  package init(_ histogram: PairHistogram, restore: @escaping @Sendable (Float) -> Float) {
    storage = .bins(histogram)
    sameCount = histogram.total(.same)
    differentCount = histogram.total(.different)
    self.restore = restore
  }

  /// Calls `body` with each distinct distance, ascending, and the pairs of either kind at it.
  package func forEachStep(_ body: (_ distance: Float, _ same: Int, _ different: Int) -> Void) {
    switch storage {
    case .steps(let distances, let same, let different):
      for i in distances.indices { body(distances[i], Int(same[i]), Int(different[i])) }
    case .bins(let histogram):
      histogram.forEachBin { body(restore($0), $1, $2) }
    }
  }
}
