import ArgumentParser
import SiameseKit

struct SVMCheckKernelCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "check-kernel",
    abstract: "Say whether a function is a kernel on these rows.",
    discussion: """
      A kernel is symmetric and positive semi-definite. Prints the smallest and largest eigenvalue of the kernel matrix, \
      the largest asymmetry, and of the distance that the kernel induces how often sampled triples break the triangle \
      inequality. Rows beyond what --memory holds are sampled.

      With --distance checks a distance instead: identity, symmetry, the triangle inequality on sampled triples, and \
      whether it is Euclidean, so that an RBF over it is a kernel.

      EXAMPLES
        siamese svm check-kernel features.h5 --kernel rbf
        siamese svm check-kernel features.h5 --kernel sigmoid --gamma 0.1 --offset -1 --metrics check.json
        siamese svm check-kernel similarities.npy --kernel precomputed
        siamese svm check-kernel features.h5 --distance cosine
      """)

  @Argument(help: ArgumentHelp("The rows to check on.", valueName: "features"))
  var features: String

  @Option(
    help: ArgumentHelp(
      "Check this distance instead: l2, l1, squared-l2, cosine, angle, dot, rbf:SIGMA, or precomputed for a matrix of distances.",
      valueName: "name"))
  var distance: String?

  @OptionGroup var kernel: SVMKernelOptions
  @OptionGroup var machine: SVMMachineOptions

  @Option(help: ArgumentHelp("Where to write the findings as JSON.", valueName: "json"))
  var metrics: String?

  func run() throws {
    try requireWritable([Output("--metrics", metrics)], inputs: [features, kernel.model])
    let svm = try machine.make(kernel.make())
    let rows = try Features(contentsOf: features).embeddings
    if let distance { return try check(distance, rows, svm) }
    let check = try svm.checkKernel(rows)
    let figures = SVMKernelMetrics(check)
    print("positive_semi_definite \(figures.positive_semi_definite)")
    print("symmetric \(figures.symmetric)")
    print("smallest_eigenvalue \(figures.smallest_eigenvalue)")
    print("largest_eigenvalue \(figures.largest_eigenvalue)")
    print("asymmetry \(figures.asymmetry)")
    print("identity_violation \(figures.identity_violation)")
    print("negative_distances \(figures.negative_distances) of \(figures.triples) triples")
    print("triangle_violations \(figures.triangle_violations) of \(figures.triples) triples")
    try writeMetrics(figures, to: metrics)
  }
}

extension SVMCheckKernelCommand {
  private func check(_ distance: String, _ rows: Tensor, _ svm: KernelSVM) throws {
    let check =
      distance == "precomputed"
      ? try DistanceCheck(rows, seed: svm.seed, threads: svm.threads)
      : try DistanceCheck(Distance(name: distance), among: rows, memoryLimit: svm.memoryLimit, seed: svm.seed)
    let figures = SVMDistanceMetrics(check)
    print("metric \(figures.metric)")
    print("euclidean \(figures.euclidean)")
    print("identity_violation \(figures.identity_violation)")
    print("asymmetry \(figures.asymmetry)")
    print("negative_distances \(figures.negative_distances)")
    print("triangle_violations \(figures.triangle_violations) of \(figures.triples) triples")
    print("smallest_eigenvalue \(figures.smallest_eigenvalue)")
    print("largest_eigenvalue \(figures.largest_eigenvalue)")
    try writeMetrics(figures, to: metrics)
  }
}

/// The keys of `svm check-kernel --distance --metrics`; see `Docs/Metrics.md`.
struct SVMDistanceMetrics: Encodable {
  let metric: Bool
  let euclidean: Bool
  let identity_violation: Double
  let asymmetry: Double
  let negative_distances: Int
  let triangle_violations: Int
  let triples: Int
  let smallest_eigenvalue: Double
  let largest_eigenvalue: Double
  let rows: Int

  init(_ check: DistanceCheck) {
    metric = check.isMetric
    euclidean = check.isEuclidean
    identity_violation = check.identityViolation
    asymmetry = check.asymmetry
    negative_distances = check.negativeDistanceCount
    triangle_violations = check.triangleViolationCount
    triples = check.tripleCount
    smallest_eigenvalue = check.smallestEigenvalue
    largest_eigenvalue = check.largestEigenvalue
    rows = check.rowCount
  }
}

/// The keys of `svm check-kernel --metrics`; see `Docs/Metrics.md`.
struct SVMKernelMetrics: Encodable {
  let positive_semi_definite: Bool
  let symmetric: Bool
  let smallest_eigenvalue: Double
  let largest_eigenvalue: Double
  let asymmetry: Double
  let identity_violation: Double
  let negative_distances: Int
  let triangle_violations: Int
  let triples: Int
  let rows: Int

  init(_ check: KernelCheck) {
    positive_semi_definite = check.isPositiveSemiDefinite
    symmetric = check.isSymmetric
    smallest_eigenvalue = check.smallestEigenvalue
    largest_eigenvalue = check.largestEigenvalue
    asymmetry = check.asymmetry
    identity_violation = check.identityViolation
    negative_distances = check.negativeDistanceCount
    triangle_violations = check.triangleViolationCount
    triples = check.tripleCount
    rows = check.rowCount
  }
}
