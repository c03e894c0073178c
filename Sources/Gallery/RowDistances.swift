import Foundation
import Tensors

/// How two rows of numbers are compared when a great many are: a block of distances at a time.
package enum RowMeasure: String, Sendable, CaseIterable {
  /// `Σ (aᵢ − bᵢ)²`
  case squaredEuclidean
  /// `1 − a·b / (|a| |b|)`, from 0 to 2; a row of zeros is at distance 1 from everything.
  case cosine
  /// `−a·b`
  case negativeDot
  /// `Σ |aᵢ − bᵢ|`
  case manhattan
}

/// Rows prepared for one measure: blocks of their distances then cost one matrix product and one sweep.
///
/// Squared Euclidean distances come from `|a|² + |b|² − 2 a·b`, whose rounding error is about `1e-7 (|a|² + |b|²)`; taking
/// the same `centre` off both sides makes the norms, and with them the error, small and leaves the distance as it is.
package struct RowDistances: Sendable {
  package let measure: RowMeasure
  package let count: Int
  package let width: Int
  private let rows: [Float]
  private let squaredNorms: [Float]

  /// - Parameter tensor: `[N, D]`.
  package init(_ tensor: Tensor, measure: RowMeasure, centre: [Float]? = nil) {
    self.measure = measure
    let (count, width) = (tensor.rowCount, tensor.rowWidth)
    self.count = count
    self.width = width
    var rows = tensor.elements
    var norms = [Float](repeating: 0, count: count)
    rows.withUnsafeMutableBufferPointer { rows in
      for index in 0..<count {
        let row = UnsafeMutableBufferPointer(rebasing: rows[index * width..<(index + 1) * width])
        if let centre, measure == .squaredEuclidean { for i in 0..<width { row[i] -= centre[i] } }
        var sum = 0.0
        for value in row { sum += Double(value) * Double(value) }
        if measure == .cosine, sum > 0 {
          let scale = 1 / sum.squareRoot()
          for i in 0..<width { row[i] = Float(Double(row[i]) * scale) }
        }
        norms[index] = Float(sum)
      }
    }
    self.rows = rows
    squaredNorms = norms
  }

  /// The mean of all rows, a centre for squared Euclidean distances.
  package static func mean(of tensor: Tensor) -> [Float] {
    let width = tensor.rowWidth
    var sums = [Double](repeating: 0, count: width)
    for index in 0..<tensor.rowCount {
      for i in 0..<width { sums[i] += Double(tensor.elements[index * width + i]) }
    }
    return sums.map { Float($0 / Double(max(1, tensor.rowCount))) }
  }

  /// Numbers that no distance between these rows falls below or lies above.
  package var bounds: ClosedRange<Float> {
    let norm = (squaredNorms.max() ?? 0).squareRoot()
    switch measure {
    case .cosine: return 0...2
    case .squaredEuclidean: return 0...max(4 * norm * norm, .leastNormalMagnitude)
    case .negativeDot: return -max(norm * norm, .leastNormalMagnitude)...max(norm * norm, .leastNormalMagnitude)
    case .manhattan: return 0...max(2 * norm * Float(width).squareRoot(), .leastNormalMagnitude)
    }
  }

  /// Writes the distances of `rows` to `columns` of `other`: row-major, `columns.count` a row.
  package func block(
    _ rows: Range<Int>, to other: RowDistances, _ columns: Range<Int>, into block: UnsafeMutablePointer<Float>
  ) {
    precondition(width == other.width && measure == other.measure, "both sides must be prepared alike")
    guard !rows.isEmpty, !columns.isEmpty else { return }
    guard width > 0 else { return block.initialize(repeating: measure == .cosine ? 1 : 0, count: rows.count * columns.count) }
    self.rows.withUnsafeBufferPointer { mine in
      other.rows.withUnsafeBufferPointer { theirs in
        let a = mine.baseAddress! + rows.lowerBound * width
        let b = theirs.baseAddress! + columns.lowerBound * width
        if measure == .manhattan {
          return manhattanBlock(a, rows: rows.count, b, columns: columns.count, width: width, into: block)
        }
        multiply(
          rows: rows.count, columns: columns.count, inner: width, a, stride: width, transposed: false, b,
          stride: width, transposed: true, into: block, stride: columns.count, alpha: measure == .squaredEuclidean ? -2 : -1)
        finish(block, rows, other, columns)
      }
    }
  }

  /// Turns products into distances.
  private func finish(
    _ block: UnsafeMutablePointer<Float>, _ rows: Range<Int>, _ other: RowDistances, _ columns: Range<Int>
  ) {
    switch measure {
    case .negativeDot, .manhattan: return
    case .cosine:
      for i in 0..<rows.count * columns.count { block[i] = max(0, 1 + block[i]) }
    case .squaredEuclidean:
      other.squaredNorms.withUnsafeBufferPointer { norms in
        for (i, row) in rows.enumerated() {
          let (line, norm, theirs) = (block + i * columns.count, squaredNorms[row], norms.baseAddress! + columns.lowerBound)
          for j in 0..<columns.count { line[j] = max(0, line[j] + (norm + theirs[j])) }
        }
      }
    }
  }
}

/// The absolute differences of every row of `a` with every row of `b`, four rows of `b` at a time.
private func manhattanBlock(
  _ a: UnsafePointer<Float>, rows: Int, _ b: UnsafePointer<Float>, columns: Int, width: Int,
  into block: UnsafeMutablePointer<Float>
) {
  typealias Lanes = SIMD8<Float>
  @inline(__always) func lanes(_ pointer: UnsafePointer<Float>) -> Lanes {
    UnsafeRawPointer(pointer).loadUnaligned(as: Lanes.self)
  }
  @inline(__always) func magnitude(_ x: Lanes) -> Lanes {
    unsafeBitCast(unsafeBitCast(x, to: SIMD8<UInt32>.self) & SIMD8(repeating: 0x7fff_ffff), to: Lanes.self)
  }
  for i in 0..<rows {
    let row = a + i * width
    var j = 0
    while j < columns {
      let together = min(4, columns - j)
      let b0 = b + j * width
      let (b1, b2, b3) = (b0 + (together > 1 ? width : 0), b0 + (together > 2 ? 2 * width : 0), b0 + (together > 3 ? 3 * width : 0))
      var (s0, s1, s2, s3) = (Lanes.zero, Lanes.zero, Lanes.zero, Lanes.zero)
      var k = 0
      while k + 8 <= width {
        let x = lanes(row + k)
        s0 += magnitude(x - lanes(b0 + k))
        s1 += magnitude(x - lanes(b1 + k))
        s2 += magnitude(x - lanes(b2 + k))
        s3 += magnitude(x - lanes(b3 + k))
        k += 8
      }
      var (t0, t1, t2, t3) = (s0.sum(), s1.sum(), s2.sum(), s3.sum())
      while k < width {
        t0 += abs(row[k] - b0[k])
        t1 += abs(row[k] - b1[k])
        t2 += abs(row[k] - b2[k])
        t3 += abs(row[k] - b3[k])
        k += 1
      }
      let line = block + i * columns + j
      line[0] = t0
      if together > 1 { line[1] = t1 }
      if together > 2 { line[2] = t2 }
      if together > 3 { line[3] = t3 }
      j += together
    }
  }
}
