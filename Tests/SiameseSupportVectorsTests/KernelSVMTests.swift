import Foundation
import SiameseTensors
import Testing

@testable import SiameseSupportVectors

struct KernelSVMTests {
  /// Both solvers stop within 1e-5 of optimality; decision values then agree to about that, objectives to its square.
  @Test(arguments: try Golden.all())
  func `objectives, thresholds, decision values and predictions equal LIBSVM's`(_ golden: Golden) throws {
    let trained = try golden.trained()
    // With probabilities LIBSVM trains five folds of each pair first.
    let objectives =
      golden.settings.probability == true
      ? stride(from: 5, to: golden.objectives.count, by: 6).map { golden.objectives[$0] } : golden.objectives
    #expect(trained.objectives.count == objectives.count)
    // A sigmoid "kernel" is indefinite: many stationary points, of which each solver finds its own.
    guard golden.kernel != "sigmoid" || golden.machine == "c_svc" else { return }
    for (found, expected) in zip(trained.objectives, objectives) {
      #expect(abs(found - expected) <= 1e-4 * max(1e-2, abs(expected)))
    }
    let values = try trained.decisionValues(golden.testFeatures)
    let scale = golden.values.joined().map(abs).max() ?? 1
    for (row, expected) in golden.values.enumerated() {
      for (decision, value) in expected.enumerated() {
        #expect(abs(values[row * trained.decisionCount + decision] - value) <= 2e-3 * max(1, scale))
      }
    }
    if trained.machine.isClassifier {
      let predicted = try trained.predict(golden.testFeatures)
      let agreeing = zip(predicted, golden.predicted).count { Double($0) == $1 }
      #expect(agreeing == predicted.count)
    }
  }

  @Test func `two separable points give the maximum-margin line by hand`() throws {
    let features = Tensor(shape: [2, 1], elements: [-1, 3])
    let trained = try KernelSVM(kernel: .linear, c: 100).fit(features, ["left", "right"])
    // The margin lies between −1 and 3: f(x) = (1 − x) / 2, above 0 for the first class.
    let values = try trained.decisionFunction(Tensor(shape: [3, 1], elements: [-1, 1, 3])).elements
    #expect(zip(values, [1, 0, -1]).allSatisfy { abs($0 - $1) < 1e-3 })
    #expect(abs(trained.objective - -0.125) < 1e-6)
  }

  @Test func `problems larger than the working set reach the same optimum as plain SMO`() throws {
    let (features, labels) = clusters(rows: 700, width: 8, classes: 2, seed: 3, spread: 2)
    var svm = KernelSVM(kernel: .rbf(), c: 5)
    svm.tolerance = 1e-4
    svm.threads = 2
    let input = try TrainingInput(features, labels: labels, targets: nil, weights: nil, for: svm)
    let workers = WorkerThreads(count: 2)
    defer { workers.stop() }
    let rows = try TrainingRows(
      features: input.features, kernel: input.kernel, order: input.order, memoryLimit: 1 << 30, workers: workers)
    var whole = svm.solverOptions(rows: 700)
    whole.workingSetSize = 1024
    var parts = whole
    parts.workingSetSize = 64
    let subproblems = input.subproblems(.oneVersusOne)
    let plain = try rows.solve(subproblems, svm.machine, classNames: [], options: whole)[0]
    let decomposed = try rows.solve(subproblems, svm.machine, classNames: [], options: parts)[0]
    #expect(plain.converged && decomposed.converged)
    #expect(abs(plain.objective - decomposed.objective) <= 1e-5 * abs(plain.objective))
    #expect(abs(plain.threshold - decomposed.threshold) < 1e-2)
  }

  @Test func `a memory limit below the Gram matrix changes nothing but the time`() throws {
    let (features, labels) = clusters(rows: 1200, width: 16, classes: 3, seed: 5, spread: 2)
    var svm = KernelSVM(kernel: .rbf(), c: 3)
    svm.threads = 2
    let roomy = try svm.fit(features, labels)
    svm.memoryLimit = 1 << 20
    let tight = try svm.fit(features, labels)
    #expect(abs(roomy.objective - tight.objective) <= 1e-4 * abs(roomy.objective))
    let (test, _) = clusters(rows: 300, width: 16, classes: 3, seed: 6, spread: 3)
    let agreeing = zip(try roomy.predict(test), try tight.predict(test)).count { $0 == $1 }
    #expect(agreeing >= 299)
  }

  @Test func `shrinking reaches the optimum that the whole problem has, for classes and for numbers`() throws {
    var (features, labels) = clusters(rows: 3000, width: 6, classes: 2, seed: 8, spread: 0.7)
    var generator = SeededGenerator(seed: 3)
    for row in 0..<3000 where generator.uniform() < 0.1 {
      labels[row] = "class \(Int.random(in: 0...1, using: &generator))"
    }
    let targets = (0..<3000).map { Double(features.elements[6 * $0]) + Double(generator.normal()) / 3 }
    for machine in [
      Machine.classifier(c: 10), .oneClass(nu: 0.1), .regressor(c: 1, epsilon: 0.2), .nuRegressor(c: 1, nu: 0.3),
    ] {
      var svm = KernelSVM(machine: machine, kernel: .rbf())
      svm.threads = 2
      svm.tolerance = 1e-4
      let input = try TrainingInput(
        features, labels: machine.isClassifier ? labels : nil, targets: machine.isRegressor ? targets : nil,
        weights: nil,
        for: svm)
      let workers = WorkerThreads(count: 2)
      defer { workers.stop() }
      let subproblem = input.subproblems(.oneVersusOne)[0]
      var options = svm.solverOptions(rows: 3000)
      options.workingSetSize = 64
      func solve(_ source: any KernelRowSource) throws -> QuadraticSolution {
        try DecompositionSolver(options, workers: workers).solve(machine.problem(subproblem, classNames: []), source)
      }
      let rows = RowStore(kernel: input.kernel, features: input.features, order: input.order)
      let whole = try solve(GramMatrix(rows, workers: workers).view(subproblem.rows))
      let cache = CountingCache(try RowCache(rows, subproblem.rows, memoryLimit: 4 << 20, workers: workers))
      let shrunken = try solve(cache)
      #expect(cache.restrictions > 0, "\(machine) was never shrunk")
      #expect(whole.converged && shrunken.converged)
      #expect(abs(whole.objective - shrunken.objective) <= 1e-5 * abs(whole.objective), "\(machine)")
      #expect(abs(whole.thresholds[0] - shrunken.thresholds[0]) < 2e-3)
    }
  }

  @Test func `the same seed, rows and threads give the same machine`() throws {
    let (features, labels) = clusters(rows: 300, width: 6, classes: 4, seed: 9)
    var svm = KernelSVM(c: 2)
    svm.threads = 2
    #expect(try svm.fit(features, labels).panels == svm.fit(features, labels).panels)
  }
}

/// A cache that counts how often it was asked for fewer rows.
private final class CountingCache: KernelRowSource {
  private let cache: RowCache
  private(set) var restrictions = 0

  init(_ cache: RowCache) { self.cache = cache }

  var count: Int { cache.count }
  var diagonal: [Float] { cache.diagonal }
  var stretches: [Stretch] { cache.stretches }
  var largestRequest: Int { cache.largestRequest }
  func rows(_ indices: [Int]) throws -> [UnsafePointer<Float>] { try cache.rows(indices) }
  func restricted(to indices: [Int]) throws -> (any KernelRowSource)? {
    let fewer = try cache.restricted(to: indices)
    if fewer != nil { restrictions += 1 }
    return fewer
  }
}
