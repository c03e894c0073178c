import Foundation
import SiameseTensors

/// All kernel values between the rows of a training set, computed once and shared by every subproblem and fold.
final class GramMatrix: @unchecked Sendable {
  let count: Int
  /// Floats from one row to the next: padded so that rows do not fall on the same cache sets.
  let stride: Int
  let values: UnsafeMutablePointer<Float>
  var diagonal: [Float]

  static func stride(for count: Int) -> Int {
    let rounded = (count + 15) / 16 * 16
    return rounded % 512 == 0 ? rounded + 16 : rounded
  }

  /// The bytes that a matrix over `count` rows takes.
  static func bytes(for count: Int) -> Int {
    let (product, overflow) = stride(for: count).multipliedReportingOverflow(by: 4 * max(1, count))
    return overflow ? .max : product
  }

  /// Computes the upper half by blocked matrix products and mirrors each block while it is in cache.
  convenience init(_ store: RowStore, workers: WorkerThreads) throws {
    let count = store.count
    let stride = Self.stride(for: count)
    let values = try allocateFloats(stride * max(1, count))
    let edge = 256
    let edges = (count + edge - 1) / edge
    // The first block of each strip is the heaviest of what is left, so long strips go first.
    nonisolated(unsafe) let target = values
    let failures = FirstError()
    let mirrors = !store.kernel.isExternal
    workers.forEach(edges) { strip in
      failures.catching {
        let rows = strip * edge..<min(count, (strip + 1) * edge)
        for block in (mirrors ? strip : 0)..<edges {
          let columns = block * edge..<min(count, (block + 1) * edge)
          let corner = target + rows.lowerBound * stride + columns.lowerBound
          let (values, left, right) = store.block(rows, columns)
          try values.fill(left, right, into: corner, stride: stride)
          if mirrors, block > strip {
            mirror(
              corner, rows.count, columns.count, into: target + columns.lowerBound * stride + rows.lowerBound,
              stride: stride)
          } else if mirrors {
            mirrorLowerHalf(corner, rows.count, stride: stride)
          }
        }
      }
    }
    if let error = failures.first {
      free(values)
      throw error
    }
    if case .rbf = store.kernel { for row in 0..<count { values[row * stride + row] = 1 } }
    try self.init(values: values, count: count, stride: stride, name: store.kernel.name)
  }

  /// Takes over values from `allocateFloats`, and checks their diagonal.
  init(values: UnsafeMutablePointer<Float>, count: Int, stride: Int, name: String) throws {
    self.count = count
    self.stride = stride
    self.values = values
    diagonal = (0..<count).map { values[$0 * stride + $0] }
    if let row = diagonal.firstIndex(where: { !$0.isFinite }) {
      throw SVMError.kernelOverflow(kernel: name, row: row)
    }
  }

  deinit { free(values) }

  /// The part of the matrix between the rows at `indices`.
  func view(_ indices: [Int]) -> GramView { GramView(self, indices) }

  /// The first pair of rows whose two kernel values differ by more than rounding, if any.
  func asymmetry() -> (row: Int, column: Int, difference: Float)? {
    for row in 0..<count {
      for column in 0..<row {
        let (a, b) = (values[row * stride + column], values[column * stride + row])
        if abs(a - b) > 1e-4 * max(1, abs(a), abs(b)) { return (row, column, abs(a - b)) }
      }
    }
    return nil
  }

  /// Makes both halves equal: the mean of k(i, j) and k(j, i).
  func symmetrise() {
    for row in 0..<count {
      for column in 0..<row {
        let mean = (values[row * stride + column] + values[column * stride + row]) / 2
        values[row * stride + column] = mean
        values[column * stride + row] = mean
      }
    }
  }
}

/// A subset of a Gram matrix's rows and columns.
final class GramView: KernelRowSource {
  let count: Int
  let diagonal: [Float]
  let stretches: [Stretch]
  var largestRequest: Int { count }
  private let gram: GramMatrix
  private let indices: [Int]

  init(_ gram: GramMatrix, _ indices: [Int]) {
    self.gram = gram
    self.indices = indices
    count = indices.count
    diagonal = indices.map { gram.diagonal[$0] }
    stretches = Stretch.covering(indices)
  }

  func rows(_ indices: [Int]) -> [UnsafePointer<Float>] {
    indices.map { UnsafePointer(gram.values + self.indices[$0] * gram.stride) }
  }
}

/// Uninitialised floats; free with `free`.
///
/// Huge pages are not asked for: on virtual machines that hand freed memory back, the first touch of one costs more than
/// all its small pages.
func allocateFloats(_ count: Int) throws -> UnsafeMutablePointer<Float> {
  var pointer: UnsafeMutableRawPointer?
  let bytes = max(64, count * 4)
  guard posix_memalign(&pointer, 64, bytes) == 0, let pointer else {
    throw SVMError.unavailable(
      what: "\(bytes >> 20) MiB for kernel values could not be allocated", remedy: "set a lower memory limit")
  }
  return pointer.bindMemory(to: Float.self, capacity: bytes / 4)
}

/// `target[j, i] ← source[i, j]`, in squares that stay in cache.
private func mirror(
  _ source: UnsafePointer<Float>, _ rows: Int, _ columns: Int, into target: UnsafeMutablePointer<Float>, stride: Int
) {
  let square = 16
  var column = 0
  while column < columns {
    let columnEnd = min(columns, column + square)
    var row = 0
    while row < rows {
      let rowEnd = min(rows, row + square)
      for j in column..<columnEnd {
        let out = target + j * stride
        for i in row..<rowEnd { out[i] = source[i * stride + j] }
      }
      row = rowEnd
    }
    column = columnEnd
  }
}

private func mirrorLowerHalf(_ block: UnsafeMutablePointer<Float>, _ rows: Int, stride: Int) {
  for i in 0..<rows {
    for j in 0..<i { block[i * stride + j] = block[j * stride + i] }
  }
}

/// Keeps the first error that several workers run into.
final class FirstError: @unchecked Sendable {
  private let lock = NSLock()
  private var error: (any Error)?

  var first: (any Error)? { lock.withLock { error } }

  func catching(_ body: () throws -> Void) {
    guard first == nil else { return }
    do { try body() } catch { lock.withLock { if self.error == nil { self.error = error } } }
  }
}
