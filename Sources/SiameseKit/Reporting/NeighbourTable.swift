import SiameseEvaluation
import SiameseMetricLearning
import SiameseReports
import SiameseTensors

/// Every picture's nearest neighbours, and what they say about its class.
struct NeighbourTable {
  typealias Pair = (first: Int, second: Int, distance: Float)
  private(set) var hardestPositives: [Pair] = []
  private(set) var hardestNegatives: [Pair] = []
  private(set) var classRows: [ReportContent.ClassRow] = []
  private(set) var confusion: ReportContent.Confusion?

  /// - Complexity: O(N² D) time, O(N) memory.
  init(_ evaluator: Evaluator, stripLength: Int = 12, confusedLimit: Int = 8) {
    let (labels, classes) = (evaluator.labels, evaluator.classes)
    let blocks = DistanceBlocks(evaluator.distance, evaluator.features.embeddings)
    let count = labels.count
    var farthestSame = [Pair](), nearestOther = [Pair]()
    var within = [(sum: Double, count: Int)](repeating: (0, 0), count: classes.count)
    var errors = [Int](repeating: 0, count: classes.count)
    var pictures = errors
    var closest = [(distance: Float, row: Int)](repeating: (.infinity, 0), count: classes.count)
    var confusions = [Int: [Int: Int]]()
    var line = [Float](repeating: 0, count: count)
    for row in 0..<count {
      blocks.writeRow(row, into: &line)
      var same: Pair = (row, row, -.infinity), sameNearest = Float.infinity, other: Pair = (row, row, .infinity)
      for column in 0..<count where column != row {
        if labels[column] == labels[row] {
          within[labels[row]].sum += Double(blocks.restore(line[column]))
          within[labels[row]].count += 1
          sameNearest = min(sameNearest, line[column])
          if line[column] > same.distance { same = (row, column, line[column]) }
        } else if line[column] < other.distance {
          other = (row, column, line[column])
        }
      }
      pictures[labels[row]] += 1
      if same.distance > -.infinity { farthestSame.append(same) }
      if other.distance < .infinity {
        nearestOther.append(other)
        if other.distance < closest[labels[row]].distance { closest[labels[row]] = (other.distance, other.second) }
      }
      if same.distance > -.infinity, other.distance <= sameNearest {
        errors[labels[row]] += 1
        confusions[labels[row], default: [:]][labels[other.second], default: 0] += 1
      }
    }
    // No picture twice, and no two classes more than three times: one odd picture shall not fill the strip.
    func distinct(_ pairs: [Pair]) -> [Pair] {
      var (seen, times) = (Set<Int>(), [[Int]: Int]())
      return pairs.filter { pair in
        let kinds = [labels[pair.first], labels[pair.second]].sorted()
        guard !seen.contains(pair.first), !seen.contains(pair.second), times[kinds, default: 0] < 3 else {
          return false
        }
        seen.formUnion([pair.first, pair.second])
        times[kinds, default: 0] += 1
        return true
      }.prefix(stripLength).map { ($0.first, $0.second, blocks.restore($0.distance)) }
    }
    hardestPositives = distinct(farthestSame.sorted { ($1.distance, $0.first) < ($0.distance, $1.first) })
    hardestNegatives = distinct(nearestOther.sorted { ($0.distance, $0.first) < ($1.distance, $1.first) })
    // Most often confused first, then those with the nearest pictures of other classes.
    let order = classes.indices.sorted {
      (-Double(errors[$0]) / Double(pictures[$0]), closest[$0].distance, $0)
        < (-Double(errors[$1]) / Double(pictures[$1]), closest[$1].distance, $1)
    }
    classRows = order.map { index in
      .init(
        name: classes[index], pictures: pictures[index],
        error: pictures[index] > 1 ? Double(errors[index]) / Double(pictures[index]) : 0,
        within: within[index].count > 0 ? Float(within[index].sum / Double(within[index].count)) : 0,
        nearestOther: blocks.restore(closest[index].distance), nearestClass: classes[labels[closest[index].row]])
    }
    confusion = Self.confusion(confusions, errors, pictures, classes, limit: confusedLimit)
  }

  /// The classes of the most frequent confusions, with how their pictures' nearest neighbours fall among them.
  private static func confusion(
    _ confusions: [Int: [Int: Int]], _ errors: [Int], _ pictures: [Int], _ classes: [String], limit: Int
  ) -> ReportContent.Confusion? {
    let pairs = confusions.flatMap { from, to in to.map { (from: from, to: $0.key, count: $0.value) } }
      .sorted { ($1.count, $0.from, $0.to) < ($0.count, $1.from, $1.to) }
    var chosen: [Int] = []
    for pair in pairs where Set(chosen + [pair.from, pair.to]).count <= limit {
      for index in [pair.from, pair.to] where !chosen.contains(index) { chosen.append(index) }
    }
    guard !chosen.isEmpty else { return nil }
    chosen.sort()
    let counts = chosen.map { row in
      chosen.map { column in
        row == column ? pictures[row] - errors[row] : confusions[row]?[column] ?? 0
      }
    }
    return .init(classes: chosen.map { classes[$0] }, counts: counts)
  }
}
