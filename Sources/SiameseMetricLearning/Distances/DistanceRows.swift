import Foundation
import SiameseTensors

/// Embeddings made ready for one distance: rows brought to unit length where only directions count, squares summed.
///
/// Prepare once, then ask for block after block; nothing of size N² is held.
package struct DistanceRows: Sendable {
  /// `[N, D]`, of unit length where the distance ignores lengths.
  package var rows: Tensor { points.rows }
  /// `‖x‖²` of every row as given.
  package let squares: [Float]
  /// The number of embeddings, N.
  package var count: Int { points.count }
  /// The numbers in an embedding, D.
  package var width: Int { points.width }

  fileprivate let points: SquaredDistances

  /// Prepares embeddings `[N, D]` for `distance`.
  package init(_ embeddings: Tensor, for distance: Distance) {
    precondition(embeddings.shape.count == 2, "embeddings are a matrix [N, D]")
    squares = SquaredDistances.squares(of: embeddings)
    guard distance.ignoresLength else {
      points = SquaredDistances(embeddings, squares: squares)
      return
    }
    var rows = embeddings
    let width = embeddings.rowWidth
    for (i, square) in squares.enumerated() where square > 0 {
      let scale = 1 / square.squareRoot()
      for k in i * width..<(i + 1) * width { rows.elements[k] *= scale }
    }
    // A vector of zeros counts as one of unit length too, so that it is as far from every direction.
    points = SquaredDistances(rows, squares: [Float](repeating: 1, count: squares.count))
  }
}

extension Distance {
  /// Writes the distances from rows `p` of `a` to rows `q` of `b`: `[p.count, q.count]`, row-major.
  package func write(
    _ a: DistanceRows, _ p: Range<Int>, _ b: DistanceRows, _ q: Range<Int>, into result: UnsafeMutablePointer<Float>
  ) {
    precondition(a.width == b.width, "embeddings of widths \(a.width) and \(b.width) cannot be compared")
    switch self {
    case .manhattan, .dotProduct:
      writeDirectly(a.rows, p, b.rows, q, into: result)
    case .squaredEuclidean, .euclidean, .cosine, .angle, .radialBasis:
      a.points.write(p, b.points, q, into: result)
      if self != .squaredEuclidean { for k in 0..<p.count * q.count { result[k] = finish(result[k]) } }
    }
  }

  /// Writes the distances that don't come from squared Euclidean ones.
  private func writeDirectly(
    _ a: Tensor, _ p: Range<Int>, _ b: Tensor, _ q: Range<Int>, into result: UnsafeMutablePointer<Float>
  ) {
    let width = a.rowWidth
    a.elements.withUnsafeBufferPointer { x in
      b.elements.withUnsafeBufferPointer { y in
        guard let x = x.baseAddress, let y = y.baseAddress else {
          for k in 0..<p.count * q.count { result[k] = 0 }
          return
        }
        if self == .manhattan {
          for (row, i) in p.enumerated() {
            for (column, j) in q.enumerated() {
              result[row * q.count + column] = cityBlockDistance(x + i * width, y + j * width, width)
            }
          }
        } else {
          multiply(
            rows: p.count, columns: q.count, inner: width,
            x + p.lowerBound * width, stride: width, transposed: false,
            y + q.lowerBound * width, stride: width, transposed: true, into: result, stride: q.count)
          for k in 0..<p.count * q.count { result[k] = -result[k] }
        }
      }
    }
  }

  /// The distance from the squared Euclidean distance `s` (of unit vectors where lengths are ignored).
  private func finish(_ s: Float) -> Float {
    switch self {
    case .squaredEuclidean: s
    case .euclidean: s.squareRoot()
    case .cosine: s / 2
    case .angle: 2 * asin(min(1, s.squareRoot() / 2))
    case .radialBasis(let sigma): -expm1(-s / (sigma * sigma))
    case .manhattan, .dotProduct: s
    }
  }

  /// What `finish` has for a derivative, given the distance `d` that it returned. Roots lose their gradient where they
  /// start, so their slopes are held below `1 / epsilon`.
  func slope(at d: Float) -> Float {
    let epsilon: Float = 1e-6
    switch self {
    case .squaredEuclidean: return 1
    case .euclidean: return 0.5 / max(d, epsilon)
    case .cosine: return 0.5
    // θ = 2 asin(√s / 2), so dθ/ds = 1 / (2 sin θ) with √s = 2 sin(θ/2).
    case .angle: return 0.5 / max(sin(d), epsilon)
    case .radialBasis(let sigma): return (1 - d) / (sigma * sigma)
    case .manhattan, .dotProduct: return 1
    }
  }
}
