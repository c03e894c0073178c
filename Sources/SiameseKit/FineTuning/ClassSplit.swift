import Tensors

/// Rows of labelled pictures, parted by class: no class is on both sides.
struct ClassSplit: Equatable {
  var training: [Int]
  var heldOut: [Int]

  /// Parts the rows of `labels` at random.
  ///
  /// - Parameter share: The share of classes held out, rounded, at least two where there are four or more.
  init(labels: [String], share: Double, seed: UInt64) {
    let classes = Set(labels).sorted()
    var random = SeededGenerator(seed: seed)
    let shuffled = classes.shuffled(using: &random)
    let wanted = Int((Double(classes.count) * share).rounded())
    let count = share == 0 ? 0 : min(max(wanted, 2), max(0, classes.count - 2))
    let out = Set(shuffled.prefix(count))
    training = labels.indices.filter { !out.contains(labels[$0]) }
    heldOut = labels.indices.filter { out.contains(labels[$0]) }
  }

  /// Half of each class' rows, the first ones in order, and the others; a class of one row is on the first side only.
  static func halves(of labels: [String]) -> (first: [Int], second: [Int]) {
    let byClass = Dictionary(grouping: labels.indices) { labels[$0] }
    var first: [Int] = [], second: [Int] = []
    for (_, rows) in byClass.sorted(by: { $0.key < $1.key }) {
      let count = (rows.count + 1) / 2
      first += rows.prefix(count)
      second += rows.dropFirst(count)
    }
    return (first.sorted(), second.sorted())
  }
}
