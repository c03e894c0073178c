import SiameseTensors
import Testing

@testable import SiameseSupportVectors

struct ParameterSearchTests {
  @Test func `folds are stratified by class, and groups stay whole`() {
    let classes = (0..<100).map { $0 % 4 == 0 ? 1 : 0 }
    let folds = foldAssignment(count: 100, foldCount: 5, classes: classes, groups: nil, seed: 1)
    for fold in 0..<5 {
      let rows = folds.indices.filter { folds[$0] == fold }
      #expect(rows.count == 20 && rows.count { classes[$0] == 1 } == 5)
    }
    let groups = (0..<100).map { "g\($0 / 5)" }
    let grouped = foldAssignment(count: 100, foldCount: 5, classes: classes, groups: groups, seed: 1)
    for group in Set(groups) {
      #expect(Set(grouped.indices.filter { groups[$0] == group }.map { grouped[$0] }).count == 1)
    }
    for fold in 0..<5 { #expect(grouped.count { $0 == fold } == 20) }
  }

  @Test func `a search finds what works, shared matrices and warm starts change no score`() throws {
    let (features, labels) = clusters(rows: 240, width: 4, classes: 3, seed: 12, spread: 1.2)
    var plan = SearchPlan()
    plan.costs = [0.01, 1, 100]
    plan.gammas = [.value(0.1), .value(1000)]
    let svm = KernelSVM(kernel: .rbf())
    let scores = try svm.search(features, labels, plan)
    #expect(scores.count == 6)
    #expect(scores[0].gamma == .value(0.1) && scores[0].mean > 0.6)
    // Alone, a candidate has neither neighbours to start from nor a matrix to share.
    var alone = SearchPlan()
    alone.costs = [scores[0].c]
    alone.gammas = [.value(0.1)]
    let single = try svm.search(features, labels, alone)[0]
    #expect(abs(single.mean - scores[0].mean) < 0.01)
    plan.halving = true
    plan.foldCount = 3
    let halved = try svm.search(features, labels, plan)
    #expect(halved.count < 6 && halved[0].gamma == .value(0.1) && halved[0].rowCount == 240)
  }

  @Test func `a learning curve rises, and regressors are searched too`() throws {
    let (features, labels) = clusters(rows: 300, width: 4, classes: 3, seed: 12, spread: 1.2)
    let curve = try KernelSVM(c: 1).learningCurve(features, labels, shares: [0.1, 1])
    #expect(curve[0].rowCount == 30 && curve[1].rowCount == 300 && curve[1].mean > 0.6)
    let targets = (0..<300).map { Double(features.elements[4 * $0]) }
    var plan = SearchPlan()
    plan.costs = [0.001, 10]
    let scores = try KernelSVM(machine: .regressor(c: 1, epsilon: 0.01)).search(features, targets: targets, plan)
    #expect(scores[0].c == 10)
    let regressor = KernelSVM(machine: .regressor(c: 10, epsilon: 0.01))
    let numbers = try regressor.learningCurve(features, targets: targets, shares: [0.1, 1])
    #expect(numbers[1].mean > numbers[0].mean && numbers[1].mean > -0.2)
    #expect(throws: SVMError.self) { try regressor.learningCurve(features, labels) }
    #expect(throws: SVMError.self) { try KernelSVM(c: 1).search(features, targets: targets, plan) }
  }
}
