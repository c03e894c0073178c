import Foundation
import SiameseTensors

/// A trained kernel machine: support vectors, coefficients, and everything that prediction needs.
public struct TrainedSVM: Sendable {
  /// The learning problem it solved.
  public let machine: Machine
  /// The kernel with its gamma as a number.
  public let kernel: Kernel
  /// How more than two classes are told apart.
  public let multiclass: MulticlassStrategy
  /// In the order of votes and probabilities; empty for regressors and one-class machines.
  public let classes: [String]
  let transform: FeatureTransform
  /// `[support vectors, width after scaling and projection]`, by class where there are classes. A precomputed kernel
  /// keeps none.
  public let supportVectors: Tensor
  /// The rows of the training features that they were.
  package let supportIndices: [Int]
  /// The number of support vectors of each class.
  package let supportCounts: [Int]
  /// f(x) = Σ coefficient · k(support vector, x) − threshold, for each decision.
  let panels: [CoefficientPanel]
  /// The threshold of each decision.
  package let thresholds: [Double]
  /// The dual objective ½ αᵀQα + pᵀα of each decision, as LIBSVM prints it.
  package let objectives: [Double]
  /// The steps that each decision took.
  package let iterationCounts: [Int]
  /// What the user should know of how training ended; empty when all went well.
  public internal(set) var warnings: [String] = []
  /// The number of columns of features to predict.
  public let inputWidth: Int
  /// How decision values become probabilities; nil where that was not asked for.
  package internal(set) var probabilityModel: ProbabilityModel?
  /// Threads that compute kernel values.
  public var threads: Int
  /// Support vectors made ready for the kernel: with the first prediction, since many machines are only written to files.
  let prepared: PreparedVectors

  /// The number of support vectors.
  public var supportVectorCount: Int { supportIndices.count }
  /// The sum of all decisions' objectives.
  public var objective: Double { objectives.reduce(0, +) }
  /// The number of values that ``decisionFunction(_:)`` gives for each row.
  public var decisionCount: Int { thresholds.count }
}

/// Coefficients of a range of support vectors in some of the decisions.
///
/// One-vs-one machines have a panel for each class, with the decisions that the class takes part in; all others have one
/// panel with everything.
struct CoefficientPanel: Sendable, Equatable {
  let support: Range<Int>
  let decisions: [Int]
  /// `[support.count, decisions.count]`
  var coefficients: [Double]
}

extension TrainedSVM {
  /// Gathers the support vectors of solved decisions.
  ///
  /// - Parameter isDense: every vector has a coefficient in every decision, as after clipping a spectrum.
  init(_ svm: KernelSVM, _ input: TrainingInput, _ decisions: [Decision], isDense: Bool = false) throws {
    var isSupport = [Bool](repeating: false, count: input.order.count)
    for decision in decisions { for position in decision.rows { isSupport[position] = true } }
    let positions = input.order.indices.filter { isSupport[$0] }
    var place = [Int](repeating: -1, count: input.order.count)
    for (index, position) in positions.enumerated() { place[position] = index }
    var counts = [Int](repeating: 0, count: input.classes.count)
    if !input.classes.isEmpty { for position in positions { counts[input.classOf[position]] += 1 } }
    let paired =
      !isDense && svm.machine.isClassifier && (svm.multiclass == .oneVersusOne || input.classes.count == 2)
    var panels = Self.emptyPanels(
      classCounts: counts, paired: paired, total: positions.count, decisions: decisions.count)
    for (number, decision) in decisions.enumerated() {
      for (position, coefficient) in zip(decision.rows, decision.coefficients) {
        let panel = paired ? input.classOf[position] : 0
        guard let column = panels[panel].decisions.firstIndex(of: number) else { continue }
        let row = place[position] - panels[panel].support.lowerBound
        panels[panel].coefficients[row * panels[panel].decisions.count + column] = coefficient
      }
    }
    let indices = positions.map { input.order[$0] }
    self.init(
      machine: svm.machine, kernel: input.kernel, multiclass: svm.multiclass, classes: input.classes,
      transform: input.transform,
      support: (
        input.kernel.keepsNoRows
          ? Tensor(shape: [indices.count, 0], elements: []) : input.features.gatheringRows(indices), indices, counts
      ),
      solution: (
        panels, decisions.map(\.threshold), decisions.map(\.objective), decisions.map(\.iterations)
      ), threads: svm.threads)
    let unfinished = decisions.filter { !$0.converged }
    if !unfinished.isEmpty {
      let worst = unfinished.map(\.gap).max() ?? 0
      warnings.append(
        "\(unfinished.count) of \(decisions.count) decisions stopped before tolerance \(svm.tolerance) was reached "
          + "(largest violation left: \(worst)); scale the features, lower C, or raise the iteration limit")
    }
  }

  init(
    machine: Machine, kernel: Kernel, multiclass: MulticlassStrategy, classes: [String], transform: FeatureTransform,
    support: (vectors: Tensor, indices: [Int], counts: [Int]),
    solution: (panels: [CoefficientPanel], thresholds: [Double], objectives: [Double], iterationCounts: [Int]),
    threads: Int
  ) {
    self.machine = machine
    self.kernel = kernel
    self.multiclass = multiclass
    self.classes = classes
    self.transform = transform
    (supportVectors, supportIndices, supportCounts) = support
    (panels, thresholds, objectives, iterationCounts) = solution
    self.threads = threads
    inputWidth = transform.inputWidth
    prepared = PreparedVectors(
      kernel: kernel, vectors: support.vectors, columns: kernel.keepsNoRows ? support.indices : [])
  }

  /// Panels full of zeros, laid out for a machine.
  static func emptyPanels(classCounts: [Int], paired: Bool, total: Int, decisions: Int) -> [CoefficientPanel] {
    guard paired else {
      return [
        CoefficientPanel(
          support: 0..<total, decisions: Array(0..<decisions),
          coefficients: [Double](repeating: 0, count: total * decisions))
      ]
    }
    var involved = [[Int]](repeating: [], count: classCounts.count)
    for (number, pair) in classPairs(classCounts.count).enumerated() {
      involved[pair.0].append(number)
      involved[pair.1].append(number)
    }
    var start = 0
    return zip(classCounts, involved).map { count, decisions in
      defer { start += count }
      return CoefficientPanel(
        support: start..<start + count, decisions: decisions,
        coefficients: [Double](repeating: 0, count: count * decisions.count))
    }
  }
}

extension Kernel {
  /// Whether rows to predict bring their kernel values along, so that no support vectors are kept.
  var keepsNoRows: Bool {
    if case .precomputed = self { true } else { false }
  }
}

/// Support vectors as the kernel wants them, computed when first asked for and then kept.
final class PreparedVectors: @unchecked Sendable {
  private let kernel: Kernel
  private let vectors: Tensor
  private let columns: [Int]
  private let lock = NSLock()
  private var ready: (rows: KernelRows, center: [Float])?

  init(kernel: Kernel, vectors: Tensor, columns: [Int]) {
    self.kernel = kernel
    self.vectors = vectors
    self.columns = columns
  }

  /// The vectors, and the point that both sides of a block are measured from.
  func callAsFunction() -> (rows: KernelRows, center: [Float]) {
    lock.withLock {
      if let ready { return ready }
      let center = KernelRows.center(for: kernel, of: vectors)
      let made = (KernelRows(kernel: kernel, features: vectors, center: center, columns: columns), center)
      ready = made
      return made
    }
  }
}
