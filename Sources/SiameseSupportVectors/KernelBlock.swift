import CSiameseKernels
import Foundation
import SiameseTensors

/// The one seam between kernels and everything else: blocks of kernel values.
///
/// Kernels of dot products take one matrix product and a pass over the block while it is in cache; the others walk the
/// columns of both sides.
struct KernelBlocks: Sendable {
  let left: KernelRows
  let right: KernelRows

  init(_ left: KernelRows, _ right: KernelRows) {
    precondition(left.width == right.width || !right.columns.isEmpty, "kernel rows of different widths")
    self.left = left
    self.right = right
  }

  /// Writes `k(left[i], right[j])` for `i` in `rows` and `j` in `columns` to `block[(i − rows.lower) · stride + (j −
  /// columns.lower)]`.
  func fill(_ rows: Range<Int>, _ columns: Range<Int>, into block: UnsafeMutablePointer<Float>, stride: Int) throws {
    guard !rows.isEmpty, !columns.isEmpty else { return }
    switch left.kernel {
    case .precomputed: copy(rows, columns, into: block, stride: stride)
    case .similarity(let similarity): try evaluate(similarity, rows, columns, into: block, stride: stride)
    case .laplacian, .chiSquared, .histogramIntersection: sweep(rows, columns, into: block, stride: stride)
    case .arcCosine(let order): compareAngles(order, rows, columns, into: block, stride: stride)
    default:
      left.elements.withUnsafeBufferPointer { x in
        right.elements.withUnsafeBufferPointer { y in
          multiply(
            rows: rows.count, columns: columns.count, inner: left.width,
            x.baseAddress! + rows.lowerBound * left.width, stride: left.width, transposed: false,
            y.baseAddress! + columns.lowerBound * right.width, stride: right.width, transposed: true,
            into: block, stride: stride)
        }
      }
      transform(rows, columns, block, stride: stride)
    }
  }

  /// Turns dot products into kernel values, in place.
  func transform(
    _ rows: Range<Int>, _ columns: Range<Int>, _ block: UnsafeMutablePointer<Float>, stride: Int
  ) {
    let kernel = left.kernel
    let gamma = Float(kernel.gammaValue)
    right.squaredNorms.withUnsafeBufferPointer { norms in
      for row in rows {
        let values = UnsafeMutableBufferPointer(start: block + (row - rows.lowerBound) * stride, count: columns.count)
        switch kernel {
        case .polynomial(let degree, _, let offset):
          let offset = Float(offset)
          for column in values.indices {
            let base = gamma * values[column] + offset
            var (power, square, exponent) = (Float(1), base, degree)
            while exponent > 0 {
              if exponent & 1 == 1 { power *= square }
              square *= square
              exponent >>= 1
            }
            values[column] = power
          }
        case .rbf:
          siamese_radial_basis(
            values.baseAddress!, columns.count, gamma, left.squaredNorms[row], norms.baseAddress! + columns.lowerBound)
        case .sigmoid(_, let offset):
          for column in values.indices { values[column] = tanhf(gamma * values[column] + Float(offset)) }
        default: break
        }
      }
    }
  }

  /// ‖x‖ⁿ‖y‖ⁿ Jₙ(θ) / π with J₀ = π − θ, J₁ = sin θ + (π − θ) cos θ, J₂ = 3 sin θ cos θ + (π − θ)(1 + 2 cos² θ).
  ///
  /// In float64 from the products on: the angle between rows that nearly agree is lost in float32's rounding of its cosine.
  private func compareAngles(
    _ order: Int, _ rows: Range<Int>, _ columns: Range<Int>, into block: UnsafeMutablePointer<Float>, stride: Int
  ) {
    let width = left.width
    left.elements.withUnsafeBufferPointer { x in
      right.elements.withUnsafeBufferPointer { y in
        for row in rows {
          let out = block + (row - rows.lowerBound) * stride
          for column in columns {
            let product = KernelRows.product(x.baseAddress! + row * width, y.baseAddress! + column * width, width)
            out[column - columns.lowerBound] = arcCosine(
              order, product, left.preciseSquaredNorms[row], right.preciseSquaredNorms[column])
          }
        }
      }
    }
  }

  private func arcCosine(_ order: Int, _ product: Double, _ squaredX: Double, _ squaredY: Double) -> Float {
    let norms = (squaredX * squaredY).squareRoot()
    guard norms > 0 else { return order == 0 && squaredX == squaredY ? 1 : order == 0 ? 0.5 : 0 }
    let cosine = min(1, max(-1, product / norms))
    let angle = acos(cosine)
    let sine = (1 - cosine * cosine).squareRoot()
    switch order {
    case 0: return Float(1 - angle / .pi)
    case 1: return Float(norms * (sine + (.pi - angle) * cosine) / .pi)
    default: return Float(norms * norms * (3 * sine * cosine + (.pi - angle) * (1 + 2 * cosine * cosine)) / .pi)
    }
  }

  /// The kernels that are sums over columns of something other than products.
  private func sweep(_ rows: Range<Int>, _ columns: Range<Int>, into block: UnsafeMutablePointer<Float>, stride: Int) {
    let kernel = left.kernel
    let gamma = Float(kernel.gammaValue)
    let width = left.width
    left.elements.withUnsafeBufferPointer { x in
      right.elements.withUnsafeBufferPointer { y in
        for row in rows {
          let x = x.baseAddress! + row * width
          let out = block + (row - rows.lowerBound) * stride
          for column in columns {
            let y = y.baseAddress! + column * width
            switch kernel {
            case .laplacian:
              out[column - columns.lowerBound] = -gamma * cityBlockDistance(x, y, width)
            case .chiSquared:
              out[column - columns.lowerBound] =
                -gamma
                * sumInLanes(
                  x, y, width,
                  { x, y in
                    let (difference, sum) = (x - y, x + y)
                    return difference * difference / sum.replacing(with: 1, where: sum .<= 0)
                  }, { $0 + $1 > 0 ? ($0 - $1) * ($0 - $1) / ($0 + $1) : 0 })
            default:
              out[column - columns.lowerBound] = sumInLanes(
                x, y, width,
                { x, y in
                  x.replacing(with: y, where: y .< x)
                }, { min($0, $1) })
            }
          }
          if kernel.gamma != nil { siamese_exponentials(out, columns.count) }
        }
      }
    }
  }

  private func copy(_ rows: Range<Int>, _ columns: Range<Int>, into block: UnsafeMutablePointer<Float>, stride: Int) {
    left.elements.withUnsafeBufferPointer { x in
      for row in rows {
        let out = block + (row - rows.lowerBound) * stride
        let start = row * left.width
        for column in columns { out[column - columns.lowerBound] = x[start + right.columns[column]] }
      }
    }
  }

  private func evaluate(
    _ similarity: Similarity, _ rows: Range<Int>, _ columns: Range<Int>, into block: UnsafeMutablePointer<Float>,
    stride: Int
  ) throws {
    func part(_ side: KernelRows, _ range: Range<Int>) -> Tensor {
      Tensor(
        shape: [range.count, side.width],
        elements: Array(side.elements[range.lowerBound * side.width..<range.upperBound * side.width]))
    }
    let values = try similarity.values(part(left, rows), part(right, columns))
    guard values.shape == [rows.count, columns.count] else {
      throw SVMError.setting(
        name: "the shape of similarity “\(similarity.name)”", value: "\(values.shape)",
        expected: "[\(rows.count), \(columns.count)]")
    }
    for row in 0..<rows.count {
      for column in 0..<columns.count {
        let value = values.elements[row * columns.count + column]
        guard value.isFinite else {
          throw SVMError.notFinite(row: rows.lowerBound + row, column: columns.lowerBound + column, value: value)
        }
        block[row * stride + column] = value
      }
    }
  }
}
