import SiameseTensors
import Testing

@testable import SiameseSupportVectors

struct HostileInputTests {
  private let labels = ["a", "b", "a", "b"]
  private func features(_ elements: [Float] = [0, 1, 2, 3, 4, 5, 6, 7]) -> Tensor {
    Tensor(shape: [4, 2], elements: elements)
  }

  private func message(_ body: () throws -> Void) -> String {
    do {
      try body()
      return "no error"
    } catch { return "\(error)" }
  }

  @Test func `NaN and infinite features are named by row and column`() {
    let nan = message { _ = try KernelSVM().fit(features([0, 1, 2, 3, 4, .nan, 6, 7]), labels) }
    #expect(nan.contains("feature nan in row 2, column 1 (counted from 0) is not a finite number"))
    let infinite = message { _ = try KernelSVM().fit(features([0, 1, -.infinity, 3, 4, 5, 6, 7]), labels) }
    #expect(infinite.contains("feature -inf in row 1, column 0"))
  }

  @Test func `one class, no rows and wrong counts are refused`() throws {
    #expect(message { _ = try KernelSVM().fit(features(), ["a", "a", "a", "a"]) }.contains("found only “a”"))
    #expect(
      message { _ = try KernelSVM().fit(Tensor(shape: [0, 2], elements: []), []) }.contains("found shape [0, 2]"))
    #expect(message { _ = try KernelSVM().fit(features(), ["a"]) }.contains("expected 4 labels"))
    let trained = try KernelSVM().fit(features(), labels)
    #expect(
      message { _ = try trained.predict(Tensor(shape: [1, 3], elements: [1, 2, 3])) }.contains(
        "trained on rows of 2 features; found rows of 3"))
    #expect(
      message { _ = try trained.predict(Tensor(shape: [1, 2], elements: [1, .nan])) }.contains("row 0, column 1"))
  }

  @Test(arguments: [0, -1, Double.nan, .infinity, 1e300])
  func `C and gamma outside their range are refused`(_ value: Double) {
    #expect(message { _ = try KernelSVM(c: value).fit(features(), labels) }.hasPrefix("C is "))
    #expect(
      message { _ = try KernelSVM(kernel: .rbf(gamma: .value(value))).fit(features(), labels) }.hasPrefix("gamma is "))
  }

  @Test func `huge C and gamma train and end`() throws {
    for c in [1e-12, 1e12] {
      for gamma in [1e-20, 1e20] {
        var svm = KernelSVM(kernel: .rbf(gamma: .value(gamma)), c: c)
        svm.iterationLimit = 100_000
        let trained = try svm.fit(features(), labels)
        #expect(try trained.decisionFunction(features()).elements.allSatisfy(\.isFinite))
      }
    }
  }

  @Test func `duplicate rows with conflicting labels and all-equal features end with a machine`() throws {
    let equal = features([1, 1, 1, 1, 1, 1, 1, 1])
    for kernel in [Kernel.linear, .rbf(), .rbf(gamma: .median), .laplacian(), .cosine, .arcCosine(order: 1)] {
      let trained = try KernelSVM(kernel: kernel, c: 1e6).fit(equal, labels)
      #expect(try trained.decisionFunction(equal).elements.allSatisfy(\.isFinite))
    }
    let zeros = features([0, 0, 0, 0, 0, 0, 0, 0])
    #expect(try KernelSVM(kernel: .linear).fit(zeros, labels).predict(zeros).count == 4)
  }

  @Test func `an iteration limit ends training with a warning that says so`() throws {
    let (features, labels) = clusters(rows: 400, width: 4, classes: 2, seed: 1, spread: 3)
    var svm = KernelSVM(c: 1000)
    svm.iterationLimit = 10
    let trained = try svm.fit(features, labels)
    #expect(trained.iterationCounts[0] == 10)
    #expect(trained.warnings.first?.contains("stopped before tolerance") == true)
  }

  @Test func `a kernel that overflows says so`() {
    let big = features([1e18, 1e18, 1e17, 2e18, 4e18, 1e18, 3e18, 7e18])
    let text = message { _ = try KernelSVM(kernel: .polynomial(degree: 6, gamma: .value(1))).fit(big, labels) }
    #expect(text.contains("polynomial kernel of row") && text.contains("not a finite number"))
  }

  @Test func `an infeasible nu names the classes`() {
    let rows = Tensor(shape: [6, 1], elements: [1, 2, 3, 4, 5, 6])
    let text = message {
      _ = try KernelSVM(machine: .nuClassifier(nu: 0.9)).fit(rows, ["a", "b", "b", "b", "b", "b"])
    }
    #expect(text.contains("nu 0.9 is infeasible for classes “a” and “b”"))
  }
}
