import SiameseTensors
import Testing

@testable import SiameseSupportVectors

struct KernelCheckTests {
  @Test func `Lanczos finds the ends that the dense decomposition finds`() throws {
    let (features, _) = clusters(rows: 320, width: 5, classes: 3, seed: 2)
    var svm = KernelSVM(kernel: .sigmoid(gamma: .value(0.3), offset: -1))
    svm.threads = 2
    let found = try svm.checkKernel(features)
    let rows = KernelRows(kernel: svm.kernel, features: features)
    var dense = [Float](repeating: 0, count: 320 * 320)
    try dense.withUnsafeMutableBufferPointer {
      try KernelBlocks(rows, rows).fill(0..<320, 0..<320, into: $0.baseAddress!, stride: 320)
    }
    let values = SymmetricEigen(dense.map(Double.init), order: 320).values
    #expect(abs(found.smallestEigenvalue - values[319]) < 1e-3)
    #expect(abs(found.largestEigenvalue - values[0]) < 1e-3)
    #expect(!found.isPositiveSemiDefinite)
  }

  @Test(arguments: [
    Kernel.linear, .rbf(), .laplacian(), .arcCosine(order: 0), .arcCosine(order: 1), .arcCosine(order: 2), .cosine,
    .polynomial(degree: 2, offset: 1), .chiSquared(gamma: .value(0.1)), .histogramIntersection,
  ])
  func `kernels that are kernels pass: symmetric, no negative eigenvalue, a triangle inequality`(_ kernel: Kernel)
    throws
  {
    var (features, labels) = clusters(rows: 120, width: 4, classes: 2, seed: 6)
    for index in features.elements.indices { features.elements[index] = abs(features.elements[index]) }
    let check = try KernelSVM(kernel: kernel).checkKernel(features)
    #expect(check.isPositiveSemiDefinite && check.isSymmetric, "\(check)")
    #expect(check.triangleViolationCount == 0 && check.negativeDistanceCount == 0)
    let trained = try KernelSVM(kernel: kernel, c: 5).fit(features, labels)
    #expect(zip(try trained.predict(features), labels).count { $0 == $1 } > 84)
    #expect(try TrainedSVM(trained.archive).decisionFunction(features) == trained.decisionFunction(features))
  }

  @Test func `an indefinite kernel trains only when allowed, or clipped`() throws {
    let (features, labels) = clusters(rows: 90, width: 4, classes: 3, seed: 6)
    var svm = KernelSVM(kernel: .sigmoid(gamma: .value(0.5), offset: -1), c: 2)
    #expect(throws: SVMError.self) { try svm.fit(features, labels) }
    svm.clipSpectrum = true
    let clipped = try svm.fit(features, labels)
    #expect(zip(try clipped.predict(features), labels).count { $0 == $1 } > 70)
    #expect(try TrainedSVM(clipped.archive).decisionFunction(features) == clipped.decisionFunction(features))
    svm.clipSpectrum = false
    svm.allowIndefinite = true
    #expect(try svm.fit(features, labels).supportVectorCount > 0)
  }

  @Test func `a learned similarity trains like the kernel it computes`() throws {
    let (features, labels) = clusters(rows: 80, width: 3, classes: 2, seed: 1)
    let similarity = Similarity(name: "products") { Tensor.product($0, transposed: false, $1, transposed: true) }
    let learned = try KernelSVM(kernel: .similarity(similarity), c: 1).fit(features, labels)
    let plain = try KernelSVM(kernel: .linear, c: 1).fit(features, labels)
    #expect(abs(learned.objective - plain.objective) < 1e-3 * abs(plain.objective))
    #expect(throws: SVMError.self) { try TrainedSVM(learned.archive) }
    #expect(try TrainedSVM(learned.archive, similarity: similarity).predict(features) == learned.predict(features))
  }

  @Test func `an asymmetric precomputed kernel names the entry`() {
    let matrix = Tensor(shape: [3, 3], elements: [1, 0.5, 0, 0.2, 1, 0, 0, 0, 1])
    #expect(throws: SVMError.asymmetric(row: 1, column: 0, difference: 0.3)) {
      try KernelSVM(kernel: .precomputed).fit(matrix, ["a", "b", "a"])
    }
  }
}
