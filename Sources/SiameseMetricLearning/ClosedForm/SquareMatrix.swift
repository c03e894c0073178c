import Foundation
import SiameseTensors

/// A square matrix in double precision, row-major, for the closed-form fits.
struct SquareMatrix {
  let size: Int
  var values: [Double]

  init(size: Int, values: [Double]) {
    precondition(values.count == size * size)
    (self.size, self.values) = (size, values)
  }

  /// `xᵀ x / divisor` of a matrix `[N, D]`: products in float, sums over blocks of rows in double.
  init(covarianceOf x: Tensor, divisor: Double) {
    let width = x.rowWidth
    var values = [Double](repeating: 0, count: width * width)
    for start in stride(from: 0, to: x.rowCount, by: 512) {
      let block = x.gatheringRows(Array(start..<min(start + 512, x.rowCount)))
      let product = Tensor.product(block, transposed: true, block)
      for k in values.indices { values[k] += Double(product.elements[k]) }
    }
    for k in values.indices { values[k] /= divisor }
    self.init(size: width, values: values)
  }

  var trace: Double { (0..<size).reduce(0) { $0 + values[$1 * size + $1] } }

  /// The lower triangle L with `self = L Lᵀ`, zeros above; nil where the matrix is not positive definite.
  ///
  /// - Complexity: O(n³ / 3).
  func cholesky() -> SquareMatrix? {
    var lower = SquareMatrix(size: size, values: [Double](repeating: 0, count: size * size))
    let definite = lower.values.withUnsafeMutableBufferPointer { buffer in
      guard let l = buffer.baseAddress else { return true }
      for i in 0..<size {
        for j in 0...i {
          let rest = values[i * size + j] - dot(l + i * size, l + j * size, j)
          if i == j {
            guard rest > 0, rest.isFinite else { return false }
            l[i * size + i] = rest.squareRoot()
          } else {
            l[i * size + j] = rest / l[j * size + j]
          }
        }
      }
      return true
    }
    return definite ? lower : nil
  }

  /// The inverse of a lower triangle.
  ///
  /// - Complexity: O(n³ / 3), along rows.
  func lowerTriangleInverse() -> SquareMatrix {
    var inverse = SquareMatrix(size: size, values: [Double](repeating: 0, count: size * size))
    inverse.values.withUnsafeMutableBufferPointer { buffer in
      guard let x = buffer.baseAddress else { return }
      for i in 0..<size {
        let row = x + i * size
        for k in 0..<i {
          let factor = values[i * size + k]
          if factor != 0 { subtract(x + k * size, times: factor, from: row, k + 1) }
        }
        let scale = 1 / values[i * size + i]
        for j in 0..<i { row[j] *= scale }
        row[i] = scale
      }
    }
    return inverse
  }
}

private func dot(_ x: UnsafePointer<Double>, _ y: UnsafePointer<Double>, _ count: Int) -> Double {
  var sums = SIMD8<Double>.zero
  var k = 0
  while k + 8 <= count {
    sums +=
      UnsafeRawPointer(x + k).loadUnaligned(as: SIMD8<Double>.self)
      * UnsafeRawPointer(y + k).loadUnaligned(as: SIMD8<Double>.self)
    k += 8
  }
  var sum = sums.sum()
  while k < count {
    sum += x[k] * y[k]
    k += 1
  }
  return sum
}

@inline(__always)
private func subtract(
  _ x: UnsafePointer<Double>, times factor: Double, from y: UnsafeMutablePointer<Double>, _ count: Int
) {
  for k in 0..<count { y[k] -= factor * x[k] }
}
