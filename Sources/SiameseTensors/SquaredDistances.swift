/// Vectors that squared Euclidean distances are measured between, with the squares that every block of distances needs.
///
/// Prepared once, asked for block after block: nothing of size N² is held.
///
///     let points = SquaredDistances(embeddings)
///     points.write(0..<16, points, 0..<points.count, into: block)   // [16, N]
package struct SquaredDistances: Sendable {
  /// The vectors, `[N, D]`.
  package let rows: Tensor
  /// `‖x‖²` of every row as the distances take it.
  private let squares: [Float]

  /// The number of vectors, N.
  package var count: Int { rows.rowCount }
  /// The numbers in a vector, D.
  package var width: Int { rows.rowWidth }
  /// The largest `‖x‖` of all; 0 where there are no rows.
  package var longest: Float { (squares.max() ?? 0).squareRoot() }

  /// Prepares the rows of a matrix `[N, D]`.
  ///
  /// - Parameter squares: `‖x‖²` of every row where it is known already, or is to count as something else: a vector of
  ///   zeros among unit vectors as 1, for instance.
  package init(_ rows: Tensor, squares: [Float]? = nil) {
    precondition(rows.shape.count == 2, "vectors are the rows of a matrix [N, D]")
    self.rows = rows
    self.squares = squares ?? Self.squares(of: rows)
  }

  /// `‖x‖²` of every row of a matrix `[N, D]`.
  package static func squares(of rows: Tensor) -> [Float] {
    let width = rows.rowWidth
    return rows.elements.withUnsafeBufferPointer { x in
      guard let x = x.baseAddress else { return [Float](repeating: 0, count: rows.rowCount) }
      return (0..<rows.rowCount).map { dotProduct(x + $0 * width, x + $0 * width, width) }
    }
  }

  /// Writes `‖x − y‖²` from rows `p` of these to rows `q` of `other`: `[p.count, q.count]`, row-major.
  /// - Complexity: O(p · q · D), as one matrix product.
  package func write(
    _ p: Range<Int>, _ other: SquaredDistances, _ q: Range<Int>, into result: UnsafeMutablePointer<Float>
  ) {
    precondition(width == other.width, "vectors of widths \(width) and \(other.width) cannot be compared")
    let width = width
    rows.elements.withUnsafeBufferPointer { x in
      other.rows.elements.withUnsafeBufferPointer { y in
        guard let x = x.baseAddress, let y = y.baseAddress else {
          for k in 0..<p.count * q.count { result[k] = 0 }
          return
        }
        multiply(
          rows: p.count, columns: q.count, inner: width,
          x + p.lowerBound * width, stride: width, transposed: false,
          y + q.lowerBound * width, stride: width, transposed: true, into: result, stride: q.count)
        for i in p {
          let line = result + (i - p.lowerBound) * q.count
          for j in q {
            let sum = squares[i] + other.squares[j]
            var square = sum - 2 * line[j - q.lowerBound]
            // Close pairs lose their digits in the subtraction: theirs is taken from the difference itself.
            if square < 0.01 * sum { square = squaredDistance(x + i * width, y + j * width, width) }
            line[j - q.lowerBound] = square
          }
        }
      }
    }
  }
}
