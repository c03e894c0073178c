import Foundation
import SiameseTensors
import Testing

@testable import SiameseSupportVectors

/// One problem of `Fixtures/libsvm.json` with LIBSVM's answers.
struct Golden: Decodable, Sendable, CustomTestStringConvertible {
  struct Settings: Decodable, Sendable {
    var c: Double?
    var nu: Double?
    var epsilon: Double?
    var degree: Int?
    var offset: Double?
    var probability: Bool?
    var classWeights: [String: Double]?
  }

  let name: String
  let machine: String
  let kernel: String
  let gamma: Double?
  let settings: Settings
  let shape: [Int]
  let x: [Float]
  let y: [Double]
  let test: [Float]
  let predicted: [Double]
  let values: [[Double]]
  let objectives: [Double]
  let rho: [Double]
  let vectors: Int
  let probabilities: [[Double]]?

  var testDescription: String { name }

  static func all() throws -> [Golden] {
    try JSONDecoder().decode([Golden].self, from: Data(contentsOf: fixtures.appendingPathComponent("libsvm.json")))
  }

  var labels: [String] { y.map { String(Int($0)) } }

  private func squared(_ a: Tensor, _ b: Tensor) -> Tensor {
    var product = Tensor.product(a, transposed: false, b, transposed: true)
    for index in product.elements.indices {
      product.elements[index] = (product.elements[index] + 1) * (product.elements[index] + 1)
    }
    return product
  }

  var features: Tensor {
    let rows = Tensor(shape: shape, elements: x)
    return kernel == "precomputed" ? squared(rows, rows) : rows
  }

  var testFeatures: Tensor {
    let rows = Tensor(shape: [test.count / shape[1], shape[1]], elements: test)
    return kernel == "precomputed" ? squared(rows, Tensor(shape: shape, elements: x)) : rows
  }

  var svm: KernelSVM {
    let gamma = Gamma.value(self.gamma ?? 1)
    let kernel: Kernel =
      switch self.kernel {
      case "linear": .linear
      case "polynomial": .polynomial(degree: settings.degree ?? 3, gamma: gamma, offset: settings.offset ?? 0)
      case "sigmoid": .sigmoid(gamma: gamma, offset: settings.offset ?? 0)
      case "precomputed": .precomputed
      default: .rbf(gamma: gamma)
      }
    let machine: Machine =
      switch self.machine {
      case "c_svc": .classifier(c: settings.c ?? 1)
      case "nu_svc": .nuClassifier(nu: settings.nu ?? 0.5)
      case "one_class": .oneClass(nu: settings.nu ?? 0.5)
      case "epsilon_svr": .regressor(c: settings.c ?? 1, epsilon: settings.epsilon ?? 0.1)
      default: .nuRegressor(c: settings.c ?? 1, nu: settings.nu ?? 0.5)
      }
    var svm = KernelSVM(machine: machine, kernel: kernel)
    svm.tolerance = 1e-5
    svm.allowIndefinite = true
    svm.threads = 2
    if let weights = settings.classWeights { svm.classWeights = .byClass(weights) }
    return svm
  }

  func trained(_ svm: KernelSVM? = nil) throws -> TrainedSVM {
    let svm = svm ?? self.svm
    return svm.machine.isRegressor
      ? try svm.fit(features, targets: y)
      : svm.machine.isClassifier ? try svm.fit(features, labels) : try svm.fit(features)
  }
}

let fixtures = URL(fileURLWithPath: #filePath).deletingLastPathComponent().appendingPathComponent("Fixtures")

/// Overlapping clusters on curved sheets, one for each class.
func clusters(rows: Int, width: Int, classes: Int, seed: UInt64, spread: Float = 1) -> (Tensor, [String]) {
  var generator = SeededGenerator(seed: seed)
  let centres = (0..<classes * width).map { _ in generator.normal() * 1.2 }
  var elements = [Float]()
  for row in 0..<rows {
    for column in 0..<width {
      elements.append(centres[row % classes * width + column] + spread * generator.normal())
    }
  }
  return (Tensor(shape: [rows, width], elements: elements), (0..<rows).map { "class \($0 % classes)" })
}
