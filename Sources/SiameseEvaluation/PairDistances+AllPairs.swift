import SiameseTensors

extension PairDistances {
  /// The distances of all pairs of rows, by any symmetric distance, block by block on `workers`.
  ///
  /// - Parameters:
  ///   - labels: each row's class.
  ///   - blocks: makes the distances among all rows when these stand in the order given.
  /// - Complexity: O(N² D) time; 128 MiB and one block a thread beside the embeddings, whatever N is.
  package static func allPairs(
    labels: [Int], workers: WorkerThreads, blocks: (_ order: [Int]) -> DistanceBlocks
  ) -> PairDistances {
    // In order of labels, pairs of one class are one run of columns in every row.
    let order = labels.indices.sorted { (labels[$0], $0) < (labels[$1], $1) }
    return allPairs(blocks(order), sortedLabels: order.map { labels[$0] }, workers: workers)
  }

  /// The distances of all pairs among rows that stand in order of their labels, by any symmetric distance.
  package static func allPairs(
    _ blocks: DistanceBlocks, sortedLabels labels: [Int], workers: WorkerThreads
  ) -> PairDistances {
    precondition(blocks.rowCount == labels.count && blocks.columnCount == labels.count, "every row needs a label")
    let ends = classEnds(labels)
    let tiles = Tile.upperTriangle(labels.count)
    if labels.count * (labels.count - 1) / 2 <= heldPairLimit { return held(blocks, tiles, ends) }

    let histogram = PairHistogram(bounds: blocks.bounds)
    let next = AtomicCounter()
    workers.run { _ in
      let writer = PairHistogram.Writer(histogram)
      let block = UnsafeMutablePointer<Float>.allocate(capacity: Tile.rowCount * Tile.columnCount)
      defer { block.deallocate() }
      while let index = next.next(below: tiles.count) {
        let tile = tiles[index]
        blocks.write(tile.rows, tile.columns, block)
        tile.forEachRun(ends) { offset, length, kind in writer.add(block + offset, count: length, kind) }
      }
      writer.finish()
    }
    return PairDistances(histogram, restore: blocks.restore)
  }

  private static func held(_ blocks: DistanceBlocks, _ tiles: [Tile], _ ends: [Int]) -> PairDistances {
    var found: [[Float]] = [[], []]
    let block = UnsafeMutablePointer<Float>.allocate(capacity: Tile.rowCount * Tile.columnCount)
    defer { block.deallocate() }
    for tile in tiles {
      blocks.write(tile.rows, tile.columns, block)
      tile.forEachRun(ends) { offset, length, kind in
        found[kind.rawValue] += UnsafeBufferPointer(start: block + offset, count: length)
      }
    }
    return PairDistances(same: found[0].map(blocks.restore), different: found[1].map(blocks.restore))
  }

  /// For each row, the index after the last row of its class; rows are in order of classes.
  private static func classEnds(_ sorted: [Int]) -> [Int] {
    var ends = [Int](repeating: sorted.count, count: sorted.count)
    for i in sorted.indices.dropLast().reversed() { ends[i] = sorted[i] == sorted[i + 1] ? ends[i + 1] : i + 1 }
    return ends
  }
}

/// A rectangle of the matrix of all distances.
struct Tile: Sendable {
  static let rowCount = 256
  static let columnCount = 1024
  let rows: Range<Int>
  let columns: Range<Int>

  /// Tiles that cover the part above the diagonal (some of their elements lie on or below it).
  static func upperTriangle(_ count: Int) -> [Tile] {
    var tiles: [Tile] = []
    for row in stride(from: 0, to: count, by: rowCount) {
      for column in stride(from: row, to: count, by: columnCount) {
        tiles.append(Tile(rows: row..<min(row + rowCount, count), columns: column..<min(column + columnCount, count)))
      }
    }
    return tiles
  }

  /// Calls `body` with offset and length of each run of one kind above the diagonal.
  func forEachRun(_ ends: [Int], _ body: (_ offset: Int, _ length: Int, _ kind: PairHistogram.Kind) -> Void) {
    for row in rows {
      let start = max(columns.lowerBound, row + 1)
      guard start < columns.upperBound else { continue }
      let split = max(start, min(ends[row], columns.upperBound))
      let offset = (row - rows.lowerBound) * columns.count - columns.lowerBound
      if split > start { body(offset + start, split - start, .same) }
      if split < columns.upperBound { body(offset + split, columns.upperBound - split, .different) }
    }
  }
}
