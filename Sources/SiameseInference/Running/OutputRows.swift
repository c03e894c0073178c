import SiameseTensors

/// Rows of several outputs, written side by side from several threads.
final class OutputRows: @unchecked Sendable {
  private let shapes: [[Int]]
  private let widths: [Int]
  private let count: Int
  private let bases: [UnsafeMutablePointer<Float>]

  /// Room for `count` rows of each output, all zero; shapes leave out the rows.
  init(count: Int, shapes: [[Int]]) {
    (self.count, self.shapes) = (count, shapes)
    widths = shapes.map { $0.reduce(1, *) }
    bases = widths.map { width in
      let base = UnsafeMutablePointer<Float>.allocate(capacity: max(1, count * width))
      base.initialize(repeating: 0, count: max(1, count * width))
      return base
    }
  }

  deinit { for base in bases { base.deallocate() } }

  /// Where row `row` of each output lies.
  func pointers(at row: Int) -> [UnsafeMutablePointer<Float>] { zip(bases, widths).map { $0 + row * $1 } }

  /// Takes over the first rows of `other` as `rows`.
  func take(_ other: OutputRows, rows: Range<Int>) {
    for (index, width) in widths.enumerated() {
      (bases[index] + rows.lowerBound * width).update(from: other.bases[index], count: rows.count * width)
    }
  }

  /// A tensor `[count, …]` for each output.
  func tensors() -> [Tensor] {
    zip(shapes, zip(bases, widths)).map { shape, output in
      Tensor(shape: [count] + shape, elements: [Float](UnsafeBufferPointer(start: output.0, count: count * output.1)))
    }
  }
}
