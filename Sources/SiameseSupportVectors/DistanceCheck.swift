import Foundation
import SiameseTensors

/// Whether a function behaves as a distance on some rows: d(x, x) = 0, d(x, y) = d(y, x) ≥ 0 and
/// d(x, z) ≤ d(x, y) + d(y, z); and whether it is that of points in a Euclidean space, so that exp(−γ d²) is a kernel.
package struct DistanceCheck: Sendable, Equatable {
  /// The rows it was tried on.
  package let rowCount: Int
  /// The largest |d(x, x)|.
  package let identityViolation: Double
  /// The largest |d(x, y) − d(y, x)|.
  package let asymmetry: Double
  /// Pairs with d below 0.
  package let negativeDistanceCount: Int
  /// Triples that break the triangle inequality (beyond rounding), and how many were sampled.
  package let triangleViolationCount: Int
  /// The triples that were sampled.
  package let tripleCount: Int
  /// The ends of the spectrum of −½ J D² J, J taking means off: none is below 0 exactly where d is Euclidean
  /// (Schoenberg, 1935, https://doi.org/10.2307/1968654).
  package let smallestEigenvalue: Double
  /// The upper end of the spectrum.
  package let largestEigenvalue: Double
  /// The largest |d|, which rounding is judged by.
  package let largestDistance: Double

  /// Whether identity, symmetry and, on the sampled triples, the triangle inequality hold.
  package var isMetric: Bool {
    max(identityViolation, asymmetry) <= 1e-3 * largestDistance && negativeDistanceCount == 0
      && triangleViolationCount == 0
  }

  /// Whether it is the distance of points in a Euclidean space, so that exp(−γ d²) is a kernel.
  package var isEuclidean: Bool { isMetric && smallestEigenvalue >= -1e-4 * max(abs(largestEigenvalue), 1e-30) }

  /// - Parameter distances: `[N, N]` among the same rows.
  /// - Throws: `SVMError` where the matrix is not square or an entry is not finite.
  package init(
    _ distances: Tensor, seed: UInt64 = 0, threads: Int = ProcessInfo.processInfo.activeProcessorCount
  ) throws {
    try checkFeatures(distances, kernel: .linear)
    let count = distances.rowCount
    guard distances.rowWidth == count else {
      throw SVMError.setting(
        name: "the shape of the matrix of distances", value: "\(distances.shape)", expected: "[\(count), \(count)]")
    }
    let d = distances.elements
    var (identity, asymmetry, negatives, largest) = (Float(0), Float(0), 0, Float(0))
    for i in 0..<count {
      identity = max(identity, abs(d[i * count + i]))
      for j in 0..<count {
        largest = max(largest, abs(d[i * count + j]))
        asymmetry = max(asymmetry, abs(d[i * count + j] - d[j * count + i]))
      }
    }
    let rounding = 1e-4 * largest
    for i in 0..<count { for j in 0..<i where min(d[i * count + j], d[j * count + i]) < -rounding { negatives += 1 } }
    var generator = SeededGenerator(seed: seed).stream(37)
    let triples = count < 3 ? 0 : 100_000
    var violations = 0
    for _ in 0..<triples {
      let x = Int.random(in: 0..<count, using: &generator)
      let y = Int.random(in: 0..<count, using: &generator)
      let z = Int.random(in: 0..<count, using: &generator)
      if d[x * count + z] > d[x * count + y] + d[y * count + z] + rounding { violations += 1 }
    }
    let workers = WorkerThreads(count: threads)
    defer { workers.stop() }
    let spectrum = try GramMatrix(centring: distances).extremeEigenvalues(workers: workers)
    rowCount = count
    identityViolation = Double(identity)
    self.asymmetry = Double(asymmetry)
    negativeDistanceCount = negatives
    triangleViolationCount = violations
    tripleCount = triples
    smallestEigenvalue = spectrum.smallest
    largestEigenvalue = spectrum.largest
    largestDistance = Double(largest)
  }
}

extension GramMatrix {
  /// −½ J D² J: dot products of points around their mean, for a matrix of Euclidean distances.
  fileprivate convenience init(centring distances: Tensor) throws {
    let count = distances.rowCount
    let stride = Self.stride(for: count)
    let values = try allocateFloats(stride * max(1, count))
    func square(_ i: Int, _ j: Int) -> Double {
      let (a, b) = (Double(distances.elements[i * count + j]), Double(distances.elements[j * count + i]))
      return (a * a + b * b) / 2
    }
    var means = [Double](repeating: 0, count: count)
    for i in 0..<count {
      for j in 0..<count { means[i] += square(i, j) }
      means[i] /= Double(count)
    }
    let mean = means.reduce(0, +) / Double(count)
    for i in 0..<count {
      for j in 0..<count { values[i * stride + j] = Float(-(square(i, j) - means[i] - means[j] + mean) / 2) }
    }
    try self.init(values: values, count: count, stride: stride, name: "distance")
  }
}
