import Foundation
import SiameseOneDNN

/// Computes `c ← alpha · op(a) · op(b) + beta · c` on row-major matrices, with oneDNN's `sgemm`.
///
/// `op(a)` is `[rows, inner]`, `op(b)` is `[inner, columns]`, `c` is `[rows, columns]`; each `…Stride` is the number of
/// elements from one stored row to the next. Runs on the calling thread's OpenMP pool.
package func multiply(
  rows: Int, columns: Int, inner: Int,
  _ a: UnsafePointer<Float>, stride aStride: Int, transposed aTransposed: Bool = false,
  _ b: UnsafePointer<Float>, stride bStride: Int, transposed bTransposed: Bool = false,
  into c: UnsafeMutablePointer<Float>, stride cStride: Int,
  alpha: Float = 1, beta: Float = 0
) {
  guard rows > 0, columns > 0 else { return }
  sgemm(
    (a, aStride, aTransposed), (b, bStride, bTransposed), into: (c, cStride), rows: rows, columns: columns,
    inner: inner,
    alpha: alpha, beta: beta)
}

extension Tensor {
  /// The matrix product `op(a) · op(b)` of two matrices of shape `[rows, columns]`.
  package static func product(
    _ a: Tensor, transposed aTransposed: Bool = false, _ b: Tensor, transposed bTransposed: Bool = false
  ) -> Tensor {
    precondition(a.shape.count == 2 && b.shape.count == 2, "a matrix product takes two matrices")
    let (rows, inner) = aTransposed ? (a.shape[1], a.shape[0]) : (a.shape[0], a.shape[1])
    let (innerOfB, columns) = bTransposed ? (b.shape[1], b.shape[0]) : (b.shape[0], b.shape[1])
    precondition(inner == innerOfB, "inner extents \(inner) and \(innerOfB) differ")
    let elements = [Float](unsafeUninitializedCapacity: rows * columns) { result, count in
      if inner == 0 { result.initialize(repeating: 0) }
      if inner > 0, rows * columns > 0 {
        a.elements.withUnsafeBufferPointer { a in
          b.elements.withUnsafeBufferPointer { b in
            multiply(
              rows: rows, columns: columns, inner: inner,
              a.baseAddress!, stride: aTransposed ? rows : inner, transposed: aTransposed,
              b.baseAddress!, stride: bTransposed ? inner : columns, transposed: bTransposed,
              into: result.baseAddress!, stride: columns)
          }
        }
      }
      count = rows * columns
    }
    return Tensor(shape: [rows, columns], elements: elements)
  }
}

/// Has oneDNN generate its code for matrix products on a thread of its own: some 20 ms that a process' first product would
/// take otherwise. Worth calling before files are read.
///
/// - Returns: a function that waits until it is done; call it before the process ends, on every way out.
package func prepareMatrixProducts() -> @Sendable () -> Void {
  let group = DispatchGroup()
  group.enter()
  let thread = Thread {
    let ones = Tensor(shape: [64, 64], repeating: 1)
    _ = Tensor.product(ones, transposed: false, ones, transposed: true)
    group.leave()
  }
  thread.start()
  return { group.wait() }
}
