import ArgumentParser
import Foundation
import SiameseKit
import SiameseSupportVectors

/// Which function says how alike two rows are.
struct SVMKernelOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "linear, polynomial, rbf, sigmoid, laplacian, arc-cosine, cosine, chi-squared, histogram-intersection, precomputed, or joint (the joint layers of --model).",
      valueName: "name"))
  var kernel = "rbf"

  @Option(
    help: ArgumentHelp("For --kernel joint: the model whose joint layers compare the rows.", valueName: "model.h5"))
  var model: String?

  @Option(help: ArgumentHelp("The kernel's width: scale, auto, median or a number.", valueName: "rule"))
  var gamma = "scale"

  @Option(help: ArgumentHelp("Of the polynomial kernel.", valueName: "n"))
  var degree = 3

  @Option(help: ArgumentHelp("Added inside polynomial and sigmoid kernels.", valueName: "number"))
  var offset = 0.0

  @Option(help: ArgumentHelp("Of the arc-cosine kernel: 0, 1 or 2.", valueName: "n"))
  var order = 1

  func gammaRule(_ text: String) throws -> Gamma {
    switch text {
    case "scale": return .scale
    case "auto": return .auto
    case "median": return .median
    default:
      guard let value = Double(text) else {
        throw ValidationError("--gamma must be scale, auto, median or a number, found '\(text)'.")
      }
      return .value(value)
    }
  }

  func make() throws -> Kernel {
    let gamma = try gammaRule(gamma)
    switch kernel {
    case "linear": return .linear
    case "polynomial", "poly": return .polynomial(degree: degree, gamma: gamma, offset: offset)
    case "rbf": return .rbf(gamma: gamma)
    case "sigmoid": return .sigmoid(gamma: gamma, offset: offset)
    case "laplacian": return .laplacian(gamma: gamma)
    case "arc-cosine": return .arcCosine(order: order)
    case "cosine": return .cosine
    case "chi-squared": return .chiSquared(gamma: gamma)
    case "histogram-intersection": return .histogramIntersection
    case "precomputed": return .precomputed
    case "joint":
      guard let model else {
        throw ValidationError("--kernel joint needs the model with the joint layers: --model model.h5.")
      }
      return .similarity(try SiameseModel(contentsOf: model).jointSimilarity())
    default: throw ValidationError("There is no kernel '\(kernel)'; see --help for the list.")
    }
  }
}

/// What to learn, from features prepared how, within which limits.
struct SVMMachineOptions: ParsableArguments {
  @Option(help: ArgumentHelp("c-svc, nu-svc, one-class, epsilon-svr or nu-svr.", valueName: "name"))
  var machine = "c-svc"

  @Option(help: ArgumentHelp("The price of slack.", valueName: "number"))
  var c = 1.0

  @Option(help: ArgumentHelp("The share of margin errors, of nu machines and one-class.", valueName: "share"))
  var nu = 0.5

  @Option(help: ArgumentHelp("The errors that cost an epsilon-SVR nothing.", valueName: "number"))
  var epsilon = 0.1

  @Flag(help: "Decide each class against the rest instead of against each other class.")
  var oneVsRest = false

  @Option(help: ArgumentHelp("none, l2, standardise or min-max; stored with the machine.", valueName: "name"))
  var scaling: FeatureScaling = .none

  @Option(help: ArgumentHelp("Project to this many principal components first.", valueName: "n"))
  var components: Int?

  @Option(
    parsing: .upToNextOption,
    help: ArgumentHelp("'balanced', or CLASS=WEIGHT for some classes.", valueName: "weights"))
  var classWeights: [String] = []

  @Flag(help: "Also fit probabilities, by internal cross-validation.")
  var probabilities = false

  @Option(help: ArgumentHelp("Where optimisation stops.", valueName: "number"))
  var tolerance = 1e-3

  @Option(help: ArgumentHelp("Steps for each decision before training stops with a warning.", valueName: "n"))
  var maxIterations: Int?

  @Option(help: ArgumentHelp("The most memory for kernel values, such as 512M or 2G.", valueName: "bytes"))
  var memory = "2G"

  @Option(help: ArgumentHelp("Threads; by default one a core.", valueName: "n"))
  var threads: Int?

  @Flag(help: "Train with a kernel that is not positive semi-definite as it is.")
  var allowIndefinite = false

  @Flag(help: "Set negative eigenvalues of the kernel matrix to zero.")
  var clipSpectrum = false

  @Option(help: ArgumentHelp("Of folds and samples.", valueName: "n"))
  var seed: UInt64 = 0

  func make(_ kernel: Kernel) throws -> KernelSVM {
    let chosen: Machine
    switch machine.replacingOccurrences(of: "_", with: "-") {
    case "c-svc": chosen = .classifier(c: c)
    case "nu-svc": chosen = .nuClassifier(nu: nu)
    case "one-class": chosen = .oneClass(nu: nu)
    case "epsilon-svr": chosen = .regressor(c: c, epsilon: epsilon)
    case "nu-svr": chosen = .nuRegressor(c: c, nu: nu)
    default: throw ValidationError("There is no machine '\(machine)'; see --help for the list.")
    }
    var svm = KernelSVM(machine: chosen, kernel: kernel)
    svm.multiclass = oneVsRest ? .oneVersusRest : .oneVersusOne
    svm.scaling = scaling
    svm.componentCount = components
    svm.classWeights = try weights()
    svm.probabilities = probabilities
    svm.tolerance = tolerance
    svm.iterationLimit = maxIterations
    svm.memoryLimit = try bytes(memory)
    if svm.memoryLimit < 256 << 20 { SmallHeap.keep() }
    if svm.memoryLimit < 64 << 20 {
      logLine(
        "warning: --memory \(memory) will be exceeded, since the program itself takes about 45M; give at least 64M")
    }
    if let threads { svm.threads = threads }
    svm.allowIndefinite = allowIndefinite
    svm.clipSpectrum = clipSpectrum
    svm.seed = seed
    return svm
  }

  private func weights() throws -> ClassWeights {
    if classWeights.isEmpty { return .equal }
    if classWeights == ["balanced"] { return .balanced }
    var weights = [String: Double]()
    for word in classWeights {
      guard let split = word.lastIndex(of: "="), let weight = Double(word[word.index(after: split)...]) else {
        throw ValidationError("--class-weights takes 'balanced' or CLASS=WEIGHT, found '\(word)'.")
      }
      weights[String(word[..<split])] = weight
    }
    return .byClass(weights)
  }

  private func bytes(_ text: String) throws -> Int {
    let units: [Character: Double] = ["K": 0x1p10, "M": 0x1p20, "G": 0x1p30, "T": 0x1p40]
    let unit = text.last.flatMap { units[Character($0.uppercased())] }
    let number = unit == nil ? text[...] : text.dropLast()
    guard let value = Double(number), value > 0, value * (unit ?? 1) < 0x1p60 else {
      throw ValidationError("--memory must be a size such as 512M or 2G, found '\(text)'.")
    }
    return Int(value * (unit ?? 1))
  }
}

extension FeatureScaling: ExpressibleByArgument {}

extension KernelSVM {
  /// Trains on a features file's rows: by labels, by labels as numbers, or without.
  func fit(_ features: Features, weights: [Double]? = nil) throws -> TrainedSVM {
    if machine.isRegressor { return try fit(features.embeddings, targets: features.targets(), weights: weights) }
    if machine.isClassifier { return try fit(features.embeddings, features.labels, weights: weights) }
    return try fit(features.embeddings, weights: weights)
  }
}

/// The lines of a text file that says something of each row, without the space around them.
func textLines(_ path: String, holding what: String) throws -> [String] {
  guard let lines = try? TextLines(contentsOf: path) else {
    throw TaskError(.missingInput, "\(path): cannot be read as text; give a file with \(what) of each row, one a line")
  }
  return lines.filter { !$0.isEmpty }.map { $0.trimmingCharacters(in: .whitespaces) }
}

/// Writes measurements as JSON where `--metrics` asks for it.
func writeMetrics(_ metrics: some Encodable, to path: String?) throws {
  guard let path else { return }
  try writeFile(jsonData(metrics), to: path)
}
