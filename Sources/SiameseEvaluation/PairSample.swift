import SiameseFiles
import SiameseTensors

/// Pairs that know whose they are, so that intervals can be drawn over identities, and several distances measured on the
/// very same pairs.
///
/// Pictures of one person resemble one another, so pairs are no independent draws; people are. All pairs where they are
/// few, else as many of the same class and of different classes, drawn at random.
package struct PairSample: Sendable {
  /// Rows of either picture, and the class of either.
  package private(set) var rows: [(Int32, Int32)] = []
  /// The class of either picture, as a number from 0.
  package private(set) var identities: [(Int32, Int32)] = []
  /// The number of classes.
  package let identityCount: Int
  /// How many pairs there would be in all.
  package let sameTotal: Int
  /// How many pairs of two classes there would be in all.
  package let differentTotal: Int

  /// The number of pairs.
  package var count: Int { rows.count }
  /// Whether a pair is of one class.
  package func isSame(_ pair: Int) -> Bool { identities[pair].0 == identities[pair].1 }

  /// How many of all pairs of its kind a pair of the sample stands for.
  package var shares: (same: Double, different: Double) {
    let same = identities.count { $0.0 == $0.1 }
    return (Double(sameTotal) / Double(max(1, same)), Double(differentTotal) / Double(max(1, count - same)))
  }

  /// Above this many pairs of a kind, a sample is drawn.
  package static let standardLimit = 1 << 18

  /// Pairs of the rows of `labels`, at most `limit` of each kind.
  package init(labels: [Int], limit: Int = standardLimit, seed: UInt64) {
    let index = ClassIndex(labels)
    let identity = index.indices.map { Int32($0) }
    identityCount = index.classes.count
    let members = Dictionary(grouping: identity.indices) { identity[$0] }
    let all = labels.count * (labels.count - 1) / 2
    let same = members.values.reduce(0) { $0 + $1.count * ($1.count - 1) / 2 }
    (sameTotal, differentTotal) = (same, all - same)
    var random = SeededGenerator(seed: seed)

    func add(_ i: Int, _ j: Int) {
      rows.append((Int32(min(i, j)), Int32(max(i, j))))
      identities.append((identity[min(i, j)], identity[max(i, j)]))
    }
    if same <= limit {
      for person in members.keys.sorted() {
        let pictures = members[person]!
        for (k, i) in pictures.enumerated() { for j in pictures[(k + 1)...] { add(i, j) } }
      }
    } else {
      let people = members.keys.sorted()
      var ends: [Int] = []
      for person in people {
        let size = members[person]!.count
        ends.append((ends.last ?? 0) + size * (size - 1) / 2)
      }
      for _ in 0..<limit {
        let drawn = Int.random(in: 0..<same, using: &random)
        let pictures = members[people[ends.firstIndex(above: drawn)]]!
        let i = Int.random(in: 0..<pictures.count, using: &random)
        let other = Int.random(in: 0..<pictures.count - 1, using: &random)
        add(pictures[i], pictures[other < i ? other : other + 1])
      }
    }
    if differentTotal <= limit {
      for i in labels.indices { for j in labels.indices[(i + 1)...] where identity[i] != identity[j] { add(i, j) } }
    } else {
      var left = limit
      while left > 0 {
        let (i, j) = (Int.random(in: labels.indices, using: &random), Int.random(in: labels.indices, using: &random))
        if identity[i] != identity[j] {
          add(i, j)
          left -= 1
        }
      }
    }
  }

  /// Given pairs of rows; `same` pairs are those of equal labels.
  package init(pairs: [(Int, Int)], labels: [Int]) {
    let index = ClassIndex(labels)
    identityCount = index.classes.count
    rows = pairs.map { (Int32($0.0), Int32($0.1)) }
    let identities = pairs.map { (Int32(index.indices[$0.0]), Int32(index.indices[$0.1])) }
    self.identities = identities
    sameTotal = identities.count { $0.0 == $0.1 }
    differentTotal = pairs.count - sameTotal
  }

  /// The distance of every pair, from blocks over all rows.
  package func distances(_ blocks: DistanceBlocks) -> [Float] {
    var result = [Float](repeating: 0, count: count)
    // Where pairs are most of the matrix, row by row; else one by one.
    if count > blocks.rowCount * 8 {
      let byRow = rows.indices.sorted { rows[$0] < rows[$1] }
      var line = [Float](repeating: 0, count: blocks.columnCount)
      var current = Int32(-1)
      for pair in byRow {
        if rows[pair].0 != current {
          current = rows[pair].0
          blocks.writeRow(Int(current), into: &line)
        }
        result[pair] = blocks.restore(line[Int(rows[pair].1)])
      }
    } else {
      for (pair, (i, j)) in rows.enumerated() {
        var value: Float = 0
        blocks.write(Int(i)..<Int(i) + 1, Int(j)..<Int(j) + 1, &value)
        result[pair] = blocks.restore(value)
      }
    }
    return result
  }

  /// The distances as verification reads them.
  package func pairDistances(_ distances: [Float]) -> PairDistances {
    var (same, different) = ([Float](), [Float]())
    for pair in distances.indices {
      if isSame(pair) { same.append(distances[pair]) } else { different.append(distances[pair]) }
    }
    return PairDistances(same: same, different: different)
  }
}

extension [Int] {
  /// The first index whose element is above `value`, in ascending order.
  fileprivate func firstIndex(above value: Int) -> Int {
    var (low, high) = (0, count - 1)
    while low < high {
      let middle = (low + high) / 2
      if self[middle] > value { high = middle } else { low = middle + 1 }
    }
    return low
  }
}
