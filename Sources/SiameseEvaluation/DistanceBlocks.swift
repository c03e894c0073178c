import SiameseTensors

/// Distances of many rows to many others, a block at a time: what every evaluation reads, whatever the distance.
///
/// Evaluation knows no distance by name. Who has one says how a block of it is written:
///
///     DistanceBlocks(rowCount: 10, columnCount: 10, bounds: 0...9) { rows, columns, block in
///       for (i, row) in rows.enumerated() {
///         for (j, column) in columns.enumerated() { block[i * columns.count + j] = abs(Float(row - column)) }
///       }
///     }
package struct DistanceBlocks: Sendable {
  /// The number of rows: queries, probes, or all there is.
  package let rowCount: Int
  /// The number of columns: what the rows are compared with.
  package let columnCount: Int
  /// No number in a block falls below the lower bound or lies above the upper one.
  package let bounds: ClosedRange<Float>
  /// Writes the block of `rows` × `columns`, row-major, `columns.count` a row. Called from several threads at once.
  package let write: @Sendable (_ rows: Range<Int>, _ columns: Range<Int>, UnsafeMutablePointer<Float>) -> Void
  /// From a block's number to the distance it stands for; ascending. Where only the order of distances matters, a block
  /// holds whatever is cheapest to compute: squares in place of their roots, for instance.
  package let restore: @Sendable (Float) -> Float

  /// Distances that `write` writes and `restore` finishes; by default, blocks hold the distances themselves.
  package init(
    rowCount: Int, columnCount: Int, bounds: ClosedRange<Float>,
    restore: @escaping @Sendable (Float) -> Float = { $0 },
    write: @escaping @Sendable (Range<Int>, Range<Int>, UnsafeMutablePointer<Float>) -> Void
  ) {
    self.rowCount = rowCount
    self.columnCount = columnCount
    self.bounds = bounds
    self.write = write
    self.restore = restore
  }

  /// The same blocks, their distances passed through `map`, which keeps their order.
  package func restoring(by map: @escaping @Sendable (Float) -> Float) -> DistanceBlocks {
    let restore = restore
    return DistanceBlocks(
      rowCount: rowCount, columnCount: columnCount, bounds: bounds, restore: { map(restore($0)) }, write: write)
  }

  /// Writes the block of one row and every column into `line`, which has `columnCount` elements.
  package func writeRow(_ row: Int, into line: inout [Float]) {
    precondition(line.count == columnCount, "a row of distances has \(columnCount) numbers, not \(line.count)")
    line.withUnsafeMutableBufferPointer { line in
      if let line = line.baseAddress { write(row..<row + 1, 0..<columnCount, line) }
    }
  }
}
