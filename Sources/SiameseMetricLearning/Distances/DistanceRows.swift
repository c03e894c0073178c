import Foundation
import SiameseTensors

/// Embeddings made ready for one distance: rows brought to unit length where only directions count, squares summed.
///
/// Prepare once, then ask for block after block; nothing of size N² is held.
package struct DistanceRows: Sendable {
  /// `[N, D]`, of unit length where the distance ignores lengths.
  package let rows: Tensor
  /// `‖x‖²` of every row as given.
  package let squares: [Float]
  package var count: Int { rows.rowCount }
  package var width: Int { rows.rowWidth }

  package init(_ embeddings: Tensor, for distance: Distance) {
    precondition(embeddings.shape.count == 2, "embeddings are a matrix [N, D]")
    let (count, width) = (embeddings.rowCount, embeddings.rowWidth)
    var rows = embeddings
    var squares = [Float](repeating: 0, count: count)
    rows.elements.withUnsafeMutableBufferPointer { x in
      guard let x = x.baseAddress else { return }
      for i in 0..<count {
        let row = x + i * width
        squares[i] = dot(row, row, width)
        if distance.ignoresLength, squares[i] > 0 {
          let scale = 1 / squares[i].squareRoot()
          for k in 0..<width { row[k] *= scale }
        }
      }
    }
    self.rows = rows
    self.squares = squares
  }
}

extension Distance {
  /// Writes the distances from rows `p` of `a` to rows `q` of `b`: `[p.count, q.count]`, row-major.
  package func write(
    _ a: DistanceRows, _ p: Range<Int>, _ b: DistanceRows, _ q: Range<Int>, into result: UnsafeMutablePointer<Float>
  ) {
    precondition(a.width == b.width, "embeddings of widths \(a.width) and \(b.width) cannot be compared")
    let width = a.width
    a.rows.elements.withUnsafeBufferPointer { x in
      b.rows.elements.withUnsafeBufferPointer { y in
        guard let x = x.baseAddress, let y = y.baseAddress else {
          for k in 0..<p.count * q.count { result[k] = finish(0) }
          return
        }
        if self == .manhattan {
          for i in p {
            for j in q {
              result[(i - p.lowerBound) * q.count + j - q.lowerBound] = l1(x + i * width, y + j * width, width)
            }
          }
          return
        }
        multiply(
          rows: p.count, columns: q.count, inner: width,
          x + p.lowerBound * width, stride: width, transposed: false,
          y + q.lowerBound * width, stride: width, transposed: true, into: result, stride: q.count)
        if self == .dotProduct {
          for k in 0..<p.count * q.count { result[k] = -result[k] }
          return
        }
        for i in p {
          let line = result + (i - p.lowerBound) * q.count
          let square = ignoresLength ? 1 : a.squares[i]
          for j in q {
            let sum = square + (ignoresLength ? 1 : b.squares[j])
            var s = sum - 2 * line[j - q.lowerBound]
            // Close pairs lose their digits in the subtraction: theirs is taken from the difference itself.
            if s < 0.01 * sum { s = squaredDifference(x + i * width, y + j * width, width) }
            line[j - q.lowerBound] = finish(s)
          }
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

// Plain Swift adds floats one by one, as the language promises; these add eight partial sums at a time.

func dot(_ x: UnsafePointer<Float>, _ y: UnsafePointer<Float>, _ count: Int) -> Float {
  var sums = SIMD8<Float>.zero
  var k = 0
  while k + 8 <= count {
    sums += load(x + k) * load(y + k)
    k += 8
  }
  var sum = sums.sum()
  while k < count {
    sum += x[k] * y[k]
    k += 1
  }
  return sum
}

func squaredDifference(_ x: UnsafePointer<Float>, _ y: UnsafePointer<Float>, _ count: Int) -> Float {
  var sums = SIMD8<Float>.zero
  var k = 0
  while k + 8 <= count {
    let difference = load(x + k) - load(y + k)
    sums += difference * difference
    k += 8
  }
  var sum = sums.sum()
  while k < count {
    sum += (x[k] - y[k]) * (x[k] - y[k])
    k += 1
  }
  return sum
}

private func l1(_ x: UnsafePointer<Float>, _ y: UnsafePointer<Float>, _ count: Int) -> Float {
  var sums = SIMD8<Float>.zero
  var k = 0
  while k + 8 <= count {
    let difference = load(x + k) - load(y + k)
    sums += difference.replacing(with: -difference, where: difference .< 0)
    k += 8
  }
  var sum = sums.sum()
  while k < count {
    sum += abs(x[k] - y[k])
    k += 1
  }
  return sum
}

@inline(__always)
private func load(_ x: UnsafePointer<Float>) -> SIMD8<Float> {
  UnsafeRawPointer(x).loadUnaligned(as: SIMD8<Float>.self)
}
