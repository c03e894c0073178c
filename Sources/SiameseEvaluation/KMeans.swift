import SiameseTensors

/// Lloyd's algorithm from k-means++ starts (Arthur and Vassilvitskii 2007).
package struct KMeans: Sendable {
  /// `[K, D]`.
  package private(set) var centres: Tensor
  /// The cluster of every row.
  package private(set) var assignment: [Int]
  /// The sum of squared distances from rows to their centres.
  package private(set) var inertia: Double

  /// Clusters the rows of `points`, `[N, D]`; with more clusters than rows, every row is one.
  /// - Complexity: O(N K D) an iteration.
  package init(_ points: Tensor, clusterCount: Int, seed: UInt64, iterationLimit: Int = 50) {
    let (count, width) = (points.rowCount, points.rowWidth)
    let clusterCount = max(1, min(clusterCount, count))
    var random = SeededGenerator(seed: seed)
    centres = points.gatheringRows(Self.starts(points, clusterCount, &random))
    assignment = [Int](repeating: -1, count: count)
    inertia = 0
    let rows = SquaredDistances(points)
    for _ in 0..<iterationLimit {
      let (nearest, distances) = Self.nearest(rows, centres)
      inertia = distances.reduce(0) { $0 + Double($1) }
      if nearest == assignment { break }
      assignment = nearest
      var sums = [Double](repeating: 0, count: clusterCount * width)
      var sizes = [Int](repeating: 0, count: clusterCount)
      for row in 0..<count {
        sizes[nearest[row]] += 1
        for k in 0..<width { sums[nearest[row] * width + k] += Double(points.elements[row * width + k]) }
      }
      // A cluster that lost every row starts again at the row farthest from its centre.
      var farthest = distances.indices.sorted { distances[$0] > distances[$1] }.makeIterator()
      for cluster in 0..<clusterCount {
        if sizes[cluster] == 0, let row = farthest.next() {
          centres.elements.replaceSubrange(cluster * width..<(cluster + 1) * width, with: points.row(row))
        } else {
          for k in cluster * width..<(cluster + 1) * width {
            centres.elements[k] = Float(sums[k] / Double(max(1, sizes[cluster])))
          }
        }
      }
    }
  }

  private static func starts(_ points: Tensor, _ clusterCount: Int, _ random: inout SeededGenerator) -> [Int] {
    guard points.rowCount > 0 else { return [] }
    let rows = SquaredDistances(points)
    var starts = [Int.random(in: 0..<points.rowCount, using: &random)]
    var closest = [Float](repeating: .infinity, count: points.rowCount)
    var line = closest
    while starts.count < clusterCount {
      let last = starts[starts.count - 1]
      line.withUnsafeMutableBufferPointer { line in
        rows.write(last..<last + 1, rows, 0..<line.count, into: line.baseAddress!)
      }
      var total = 0.0
      for i in closest.indices {
        closest[i] = min(closest[i], line[i])
        total += Double(closest[i])
      }
      var left = Double(random.uniform()) * total
      let chosen = closest.firstIndex {
        left -= Double($0)
        return left < 0
      }
      starts.append(chosen ?? Int.random(in: 0..<points.rowCount, using: &random))
    }
    return starts
  }

  private static func nearest(_ rows: SquaredDistances, _ centres: Tensor) -> ([Int], [Float]) {
    let centreRows = SquaredDistances(centres)
    var nearest = [Int](repeating: 0, count: rows.count)
    var distances = [Float](repeating: .infinity, count: rows.count)
    let step = max(1, min(1024, (1 << 20) / max(1, centreRows.count)))
    var block = [Float](repeating: 0, count: step * centreRows.count)
    for start in stride(from: 0, to: rows.count, by: step) {
      let range = start..<min(start + step, rows.count)
      block.withUnsafeMutableBufferPointer { block in
        rows.write(range, centreRows, 0..<centreRows.count, into: block.baseAddress!)
        for row in range {
          for cluster in 0..<centreRows.count {
            let distance = block[(row - start) * centreRows.count + cluster]
            if distance < distances[row] { (distances[row], nearest[row]) = (distance, cluster) }
          }
        }
      }
    }
    return (nearest, distances)
  }
}
