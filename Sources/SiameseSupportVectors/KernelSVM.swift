import Foundation
import SiameseTensors

/// The settings of a kernel machine: what to learn, with which kernel, from features prepared how.
///
/// ```swift
/// let machine = try KernelSVM(kernel: .rbf(), c: 10).fit(features, labels)
/// machine.predict(others)            // ["anna", "ben", "anna", …]
/// machine.decisionFunction(others)   // [N, pairs of classes]
/// ```
///
/// Features are `[N, D]`, one row each. The same settings, rows and seed give the same machine.
public struct KernelSVM: Sendable {
  /// The learning problem.
  public var machine: Machine
  /// What it takes for the similarity of two rows.
  public var kernel: Kernel
  /// How more than two classes are told apart.
  public var multiclass = MulticlassStrategy.oneVersusOne
  /// What happens to features before the kernel sees them.
  public var scaling = FeatureScaling.none
  /// Project to this many principal components before the kernel; nil for none.
  public var componentCount: Int?
  /// What an error costs in each class.
  public var classWeights = ClassWeights.equal
  /// Fit sigmoids (Platt) by internal cross-validation, so that the machine gives probabilities.
  public var probabilities = false
  /// Where optimisation stops: the largest violation of optimality left.
  public var tolerance = 1e-3
  /// Steps for each decision before training stops with a warning; nil for LIBSVM's own, generous limit.
  public var iterationLimit: Int?
  /// Bytes for kernel values and the copies made to compute them.
  public var memoryLimit = 2 << 30
  /// Threads that compute kernel values; by default one a core.
  public var threads = ProcessInfo.processInfo.activeProcessorCount
  /// Train with a kernel that is not positive semi-definite as it is; the result is a stationary point at best.
  public var allowIndefinite = false
  /// Set negative eigenvalues of the training kernel matrix to zero (Chen et al., 2009,
  /// https://www.jmlr.org/papers/v10/chen09a.html).
  public var clipSpectrum = false
  /// Of fold assignments and sampling.
  public var seed: UInt64 = 0

  /// Any machine with any kernel.
  public init(machine: Machine, kernel: Kernel = .rbf()) {
    self.machine = machine
    self.kernel = kernel
  }

  /// A C-SVC classifier.
  public init(kernel: Kernel = .rbf(), c: Double = 1) {
    self.init(machine: .classifier(c: c), kernel: kernel)
  }

  func validate() throws {
    try machine.validate()
    try kernel.validate()
    guard tolerance > 0, tolerance < 1e3 else {
      throw SVMError.setting(name: "tolerance", value: "\(tolerance)", expected: "a number above 0 and below 1000")
    }
    if let iterationLimit, iterationLimit < 1 {
      throw SVMError.setting(name: "the iteration limit", value: "\(iterationLimit)", expected: "1 or more")
    }
    guard memoryLimit >= 1 << 20 else {
      throw SVMError.setting(name: "the memory limit", value: "\(memoryLimit) bytes", expected: "1 MiB or more")
    }
    guard (1...1024).contains(threads) else {
      throw SVMError.setting(name: "threads", value: "\(threads)", expected: "1 to 1024")
    }
    if case .precomputed = kernel, scaling != .none || componentCount != nil {
      throw SVMError.unavailable(
        what: "a precomputed kernel's values cannot be scaled or projected",
        remedy: "prepare the features before computing the kernel")
    }
    if multiclass == .oneVersusRest, case .nuClassifier = machine {
      throw SVMError.unavailable(
        what: "nu-SVC against the rest is infeasible for most class sizes", remedy: "use one-vs-one or a C-SVC")
    }
  }

  func solverOptions(rows: Int) -> SolverOptions {
    SolverOptions(
      tolerance: tolerance, iterationLimit: iterationLimit ?? max(10_000_000, rows > .max / 100 ? .max : 100 * rows))
  }
}

/// What a row's class adds to the price of its slack.
public enum ClassWeights: Sendable, Equatable {
  case equal
  /// Rows / (classes · rows of the class): every class counts the same in sum.
  case balanced
  /// By class name; classes not named weigh 1.
  case byClass([String: Double])
}

/// Checks that every feature is a finite number.
func checkFeatures(_ features: Tensor, kernel: Kernel) throws {
  guard features.shape.count == 2, features.rowCount > 0, features.rowWidth > 0 else {
    throw SVMError.notAMatrix(shape: features.shape)
  }
  let width = features.rowWidth
  try features.elements.withUnsafeBufferPointer { elements in
    // A sum of x · 0 is zero unless some x is not finite, and needs no branch per element.
    for row in 0..<features.rowCount {
      let start = row * width
      var probe = SIMD8<Float>()
      var column = 0
      while column + 8 <= width {
        probe += UnsafeRawPointer(elements.baseAddress! + start + column).loadUnaligned(as: SIMD8<Float>.self) * 0
        column += 8
      }
      var sum = probe.sum()
      while column < width {
        sum += elements[start + column] * 0
        column += 1
      }
      guard sum != 0 || sum.isNaN else { continue }
      let bad = (0..<width).first { !elements[start + $0].isFinite } ?? 0
      throw SVMError.notFinite(row: row, column: bad, value: elements[start + bad])
    }
    if kernel.needsNonnegativeFeatures, let place = elements.firstIndex(where: { $0 < 0 }) {
      throw SVMError.negative(
        row: place / width, column: place % width, value: elements[place], kernel: kernel.name)
    }
  }
}
