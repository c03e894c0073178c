import Foundation
import SiameseTensors

/// Whether a function is a kernel on some rows: symmetric and positive semi-definite; and whether the distance it induces,
/// d(x, y)² = k(x, x) + k(y, y) − 2k(x, y), behaves as one.
package struct KernelCheck: Sendable, Equatable {
  /// The rows it was tried on.
  package let rowCount: Int
  /// The smallest eigenvalue of the kernel matrix.
  package let smallestEigenvalue: Double
  /// The largest eigenvalue of the kernel matrix.
  package let largestEigenvalue: Double
  /// The largest |k(x, y) − k(y, x)|.
  package let asymmetry: Double
  /// The largest |d(x, x)²|: 0 for a distance.
  package let identityViolation: Double
  /// Pairs with d² below 0 (beyond rounding) among the sampled ones.
  package let negativeDistanceCount: Int
  /// Triples with d(x, z) > d(x, y) + d(y, z) (beyond rounding), and how many were sampled.
  package let triangleViolationCount: Int
  /// The triples that were sampled.
  package let tripleCount: Int

  /// Rounding in float32 kernel values allows this much below zero.
  package var isPositiveSemiDefinite: Bool {
    smallestEigenvalue >= -1e-5 * max(abs(largestEigenvalue), 1e-30) * Double(rowCount).squareRoot().clamped(1, 100)
  }

  /// Whether k(x, y) = k(y, x) as far as rounding lets one tell.
  package var isSymmetric: Bool { asymmetry <= 1e-4 * max(1, largestEigenvalue / Double(max(1, rowCount))) }
}

extension Double {
  fileprivate func clamped(_ low: Double, _ high: Double) -> Double { min(max(self, low), high) }
}

extension KernelSVM {
  /// Checks the kernel on features, prepared as training would prepare them. Rows beyond what the memory limit's kernel
  /// matrix holds are sampled.
  package func checkKernel(_ features: Tensor) throws -> KernelCheck {
    try validate()
    try checkFeatures(features, kernel: kernel)
    if case .precomputed = kernel, features.rowWidth != features.rowCount {
      throw SVMError.setting(
        name: "the shape of the precomputed kernel", value: "\(features.shape)",
        expected: "[\(features.rowCount), \(features.rowCount)]")
    }
    var generator = SeededGenerator(seed: seed).stream(31)
    var order = Array(0..<features.rowCount)
    if GramMatrix.bytes(for: order.count) > memoryLimit {
      order.shuffle(using: &generator)
      order = order.prefix(max(2, Int((Double(memoryLimit) / 4).squareRoot()) - 16)).sorted()
    }
    let transform = try FeatureTransform(
      scaling: scaling, componentCount: componentCount, fitting: features, seed: seed)
    let prepared = transform.isIdentity ? features : transform(features)
    let kernel = try kernel.resolved(on: prepared)
    let workers = WorkerThreads(count: threads)
    defer { workers.stop() }
    let rows = RowStore(kernel: kernel, features: prepared, order: order, spare: memoryLimit / 4)
    let gram = try GramMatrix(rows, workers: workers)
    let asymmetry = gram.largestAsymmetry()
    gram.symmetrise()
    let (smallest, largest) = gram.extremeEigenvalues(workers: workers)
    var (identity, negatives, violations) = (0.0, 0, 0)
    func square(_ i: Int, _ j: Int) -> Double {
      Double(gram.diagonal[i]) + Double(gram.diagonal[j]) - 2 * Double(gram.values[i * gram.stride + j])
    }
    for row in order.indices { identity = max(identity, abs(square(row, row))) }
    let scale = Double(gram.diagonal.map(abs).max() ?? 1)
    let triples = order.count < 3 ? 0 : 10_000
    for _ in 0..<triples {
      let (x, y, z) = (
        Int.random(in: order.indices, using: &generator), Int.random(in: order.indices, using: &generator),
        Int.random(in: order.indices, using: &generator)
      )
      let squares = [square(x, z), square(x, y), square(y, z)]
      if squares.contains(where: { $0 < -1e-5 * scale }) { negatives += 1 }
      let sides = squares.map { max(0, $0).squareRoot() }
      if sides[0] > sides[1] + sides[2] + 1e-2 * scale.squareRoot() { violations += 1 }
    }
    return KernelCheck(
      rowCount: order.count, smallestEigenvalue: smallest, largestEigenvalue: largest, asymmetry: asymmetry,
      identityViolation: identity, negativeDistanceCount: negatives, triangleViolationCount: violations,
      tripleCount: triples)
  }

  /// Refuses, or repairs where the settings ask for it, a kernel matrix with negative eigenvalues. Returns the projector
  /// onto the positive part where the spectrum was clipped.
  func settleSpectrum(_ rows: TrainingRows) throws -> [Double]? {
    guard !rows.rows.kernel.isAlwaysPositiveSemiDefinite, !allowIndefinite else { return nil }
    guard let gram = rows.gram else {
      throw SVMError.unavailable(
        what: "the \(rows.rows.kernel.name) kernel may be indefinite, and its matrix exceeds the memory limit",
        remedy: "allow indefinite kernels or raise the limit")
    }
    if clipSpectrum { return try gram.clipSpectrum() }
    let (smallest, largest) = gram.extremeEigenvalues(workers: rows.workers)
    let check = KernelCheck(
      rowCount: gram.count, smallestEigenvalue: smallest, largestEigenvalue: largest, asymmetry: 0,
      identityViolation: 0,
      negativeDistanceCount: 0, triangleViolationCount: 0, tripleCount: 0)
    guard check.isPositiveSemiDefinite else {
      throw SVMError.indefinite(kernel: rows.rows.kernel.name, smallestEigenvalue: smallest)
    }
    return nil
  }
}

extension GramMatrix {
  func largestAsymmetry() -> Double {
    var largest: Float = 0
    for row in 0..<count {
      for column in 0..<row {
        largest = max(largest, abs(values[row * stride + column] - values[column * stride + row]))
      }
    }
    return Double(largest)
  }

  /// The smallest and the largest eigenvalue: exactly for small matrices, by Lanczos' iteration with full
  /// reorthogonalisation for others (Golub and Van Loan, Matrix Computations, 10.3).
  func extremeEigenvalues(workers: WorkerThreads) -> (smallest: Double, largest: Double) {
    if count <= 256 {
      let values = SymmetricEigen(dense, order: count).values
      return (values.last ?? 0, values.first ?? 0)
    }
    var generator = SeededGenerator(seed: 17)
    var basis = [[Double]]()
    var (alphas, betas) = ([Double](), [Double]())
    var vector = (0..<count).map { _ in Double(generator.normal()) }
    scale(&vector, 1 / norm(vector))
    var extremes = (smallest: 0.0, largest: 0.0)
    for step in 0..<min(count, 250) {
      basis.append(vector)
      var image = times(vector, workers)
      alphas.append(zip(image, vector).reduce(0) { $0 + $1.0 * $1.1 })
      for _ in 0..<2 {
        for earlier in basis {
          let overlap = zip(image, earlier).reduce(0) { $0 + $1.0 * $1.1 }
          for index in image.indices { image[index] -= overlap * earlier[index] }
        }
      }
      let length = norm(image)
      let done = length < 1e-12 * max(1, abs(extremes.largest))
      if step % 10 == 9 || done || step == min(count, 250) - 1 {
        let size = alphas.count
        var small = [Double](repeating: 0, count: size * size)
        for index in 0..<size { small[index * size + index] = alphas[index] }
        for index in 0..<size - 1 {
          small[index * size + index + 1] = betas[index]
          small[(index + 1) * size + index] = betas[index]
        }
        let found = SymmetricEigen(small, order: size).values
        let before = extremes
        extremes = (found[size - 1], found[0])
        let settled = abs(before.smallest - extremes.smallest) <= 1e-7 * abs(extremes.largest)
        if done || (step > 30 && settled) { break }
      }
      betas.append(length)
      scale(&image, 1 / length)
      vector = image
    }
    return extremes
  }

  private var dense: [Double] {
    var dense = [Double]()
    dense.reserveCapacity(count * count)
    for row in 0..<count { for column in 0..<count { dense.append(Double(values[row * stride + column])) } }
    return dense
  }

  private func norm(_ vector: [Double]) -> Double { vector.reduce(0) { $0 + $1 * $1 }.squareRoot() }

  private func scale(_ vector: inout [Double], _ factor: Double) {
    for index in vector.indices { vector[index] *= factor }
  }

  private func times(_ vector: [Double], _ workers: WorkerThreads) -> [Double] {
    nonisolated(unsafe) var result = [Double](repeating: 0, count: count)
    result.withUnsafeMutableBufferPointer { result in
      nonisolated(unsafe) let result = result
      nonisolated(unsafe) let values = values
      workers.run { [count, stride, workerCount = workers.count] worker in
        for row in count * worker / workerCount..<count * (worker + 1) / workerCount {
          var (even, odd) = (0.0, 0.0)
          let own = values + row * stride
          var column = 0
          while column + 2 <= count {
            even += Double(own[column]) * vector[column]
            odd += Double(own[column + 1]) * vector[column + 1]
            column += 2
          }
          if column < count { even += Double(own[column]) * vector[column] }
          result[row] = even + odd
        }
      }
    }
    return result
  }

  /// Replaces the matrix by its positive semi-definite part and returns the projector P onto that part's eigenvectors:
  /// with coefficients Pβ, rows to predict need no change (Chen et al., 2009).
  func clipSpectrum() throws -> [Double] {
    guard count <= 3000 else {
      throw SVMError.unavailable(
        what: "clipping the spectrum decomposes the whole kernel matrix, too large at \(count) rows",
        remedy: "use 3000 rows or fewer, or allow the indefinite kernel")
    }
    let eigen = SymmetricEigen(dense, order: count)
    var projector = [Double](repeating: 0, count: count * count)
    var clipped = projector
    for (index, value) in eigen.values.enumerated() where value > 0 {
      let vector = Array(eigen.vector(index))
      for row in 0..<count {
        for other in 0...row {
          let product = vector[row] * vector[other]
          projector[row * count + other] += product
          clipped[row * count + other] += product * value
        }
      }
    }
    for row in 0..<count {
      for other in 0...row {
        projector[other * count + row] = projector[row * count + other]
        values[row * stride + other] = Float(clipped[row * count + other])
        values[other * stride + row] = Float(clipped[row * count + other])
      }
    }
    diagonal = (0..<count).map { values[$0 * stride + $0] }
    return projector
  }
}
