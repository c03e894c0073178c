import SiameseTensors
import Testing

@testable import SiameseSupportVectors

struct ProbabilityTests {
  /// Folds are drawn by different generators, so probabilities agree on average, not row by row.
  @Test func `probabilities lie within 0.02 of LIBSVM's on average, and sum to 1`() throws {
    let golden = try #require(try Golden.all().first { $0.settings.probability == true })
    var svm = golden.svm
    svm.tolerance = 1e-3
    svm.probabilities = true
    let found = try golden.trained(svm).probabilities(golden.testFeatures)
    let expected = try #require(golden.probabilities)
    let differences = zip(found.elements, expected.joined()).map { abs(Double($0) - $1) }
    #expect(differences.reduce(0, +) / Double(differences.count) < 0.02)
    for row in 0..<found.rowCount { #expect(abs(found.row(row).reduce(0, +) - 1) < 1e-4) }
  }

  @Test func `a sigmoid through symmetric values is symmetric`() {
    let sigmoid = Sigmoid(fitting: [-2, -1, -0.5, 0.5, 1, 2], positive: [false, false, true, false, true, true])
    #expect(abs(sigmoid(0) - 0.5) < 1e-6)
    #expect(abs(sigmoid(1.5) + sigmoid(-1.5) - 1) < 1e-9)
    #expect(sigmoid(2) > sigmoid(1))
  }

  @Test func `coupling consistent pairs returns the probabilities they came from`() {
    let p = [0.5, 0.3, 0.15, 0.05]
    let pairs = p.map { first in p.map { first / (first + $0) } }
    for (found, expected) in zip(coupledProbabilities(pairs), p) { #expect(abs(found - expected) < 5e-3) }
  }

  @Test func `one-class density and regression scale`() throws {
    let (features, _) = clusters(rows: 200, width: 3, classes: 1, seed: 4)
    var detector = KernelSVM(machine: .oneClass(nu: 0.2))
    detector.probabilities = true
    let trained = try detector.fit(features)
    let inside = try trained.probabilities(features).elements
    #expect(inside.count { $0 > 0.5 } > 140)
    let far = try trained.probabilities(Tensor(shape: [1, 3], elements: [90, 90, 90]))
    #expect(far.elements[0] <= 0.1)
    var regressor = KernelSVM(machine: .regressor(c: 10, epsilon: 0.01))
    regressor.probabilities = true
    let values = (0..<200).map { Double(features.elements[3 * $0]) }
    guard case .laplace(let scale)? = try regressor.fit(features, targets: values).probabilityModel else {
      Issue.record("no scale")
      return
    }
    #expect(scale > 0 && scale < 0.3)
  }

  @Test func `one against the rest gives probabilities that sum to 1`() throws {
    let (features, labels) = clusters(rows: 150, width: 4, classes: 3, seed: 2)
    var svm = KernelSVM(c: 2)
    svm.multiclass = .oneVersusRest
    svm.probabilities = true
    let trained = try svm.fit(features, labels)
    #expect(trained.decisionCount == 3)
    #expect(zip(try trained.predict(features), labels).count { $0 == $1 } > 120)
    let p = try trained.probabilities(features)
    for row in 0..<p.rowCount { #expect(abs(p.row(row).reduce(0, +) - 1) < 1e-4) }
  }
}
