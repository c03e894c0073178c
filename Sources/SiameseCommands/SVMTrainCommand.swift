import ArgumentParser
import Foundation
import SiameseFiles
import SiameseKit

struct SVMTrainCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "train",
    abstract: "Train a kernel machine on a features file.",
    discussion: """
      Learns to tell the labels of the rows apart (c-svc, nu-svc), to predict them as numbers (epsilon-svr, nu-svr), or \
      what region the rows fill (one-class). Scaling and principal components are fitted here and stored with the machine.

      Where the kernel matrix fits --memory it is computed once and shared; above that, rows are computed in batches and \
      kept while memory lasts. The whole process stays within --memory and 1.3 times the features, from 64M upwards.

      EXAMPLES
        siamese svm train features.h5 --output machine.h5 --kernel rbf --c 10 --gamma scale --metrics fit.json
        siamese svm train features.npy --output machine.h5 --scaling standardise --probabilities
        siamese svm train features.libsvm --output libsvm.model --kernel linear
        siamese svm train known.h5 --output detector.h5 --machine one-class --nu 0.05
      """)

  @Argument(help: ArgumentHelp("The rows to learn from.", valueName: "features"))
  var features: String

  @Option(
    name: .shortAndLong, help: ArgumentHelp("Where to write: an .h5 file, or a LIBSVM model.", valueName: "machine"))
  var output: String

  @OptionGroup var kernel: SVMKernelOptions
  @OptionGroup var machine: SVMMachineOptions

  @Option(help: ArgumentHelp("A file with the weight of each row, one a line; 0 leaves a row out.", valueName: "txt"))
  var weights: String?

  @Option(help: ArgumentHelp("Where to write the measurements as JSON.", valueName: "json"))
  var metrics: String?

  /// Whether the machine is written in LIBSVM's format, which holds no class names.
  private var isLIBSVM: Bool { !output.isHDF5Path }

  func run() throws {
    let classNames = isLIBSVM ? output + ".classes.tsv" : nil
    try requireWritable(
      [Output("--output", output), Output("the class names of --output", classNames), Output("--metrics", metrics)],
      inputs: [features, weights, kernel.model])
    let svm = try machine.make(kernel.make())
    let getReady = prepareMatrixProducts()
    defer { getReady() }
    let features = try Features(contentsOf: features)
    let weights = try weights.map(rowWeights)
    getReady()
    let start = Date()
    let trained = try svm.fit(features, weights: weights)
    let seconds = Date().timeIntervalSince(start)
    for warning in trained.warnings { logLine("warning: \(warning)") }
    try trained.write(to: output)
    if let classNames, !trained.hasNumericClasses {
      let names = trained.classes.enumerated().map { "\($0)\t\($1)\n" }.joined()
      try writeFile(Data(names.utf8), to: classNames)
      logLine("classes are numbered in the model; their names are in \(classNames)")
    }
    let figures = SVMTrainMetrics(trained, rows: features.count, seconds: seconds)
    try writeMetrics(figures, to: metrics)
    print("fit_seconds \(figures.fit_seconds)")
    print("support_vectors \(figures.support_vectors)")
    print("objective \(figures.objective)")
    logLine("\(output): \(figures.support_vectors) support vectors of \(features.count) rows")
  }
}

/// The weight of each row, from a file with one number a line.
private func rowWeights(_ path: String) throws -> [Double] {
  try textLines(path, holding: "the weight").enumerated().map { number, line in
    guard let weight = Double(line), weight >= 0, weight.isFinite else {
      throw TaskError(.badInput, "\(path): line \(number + 1): '\(line)' is not a weight; give a number, 0 or above")
    }
    return weight
  }
}

/// The keys of `svm train --metrics`; see `Docs/Metrics.md`.
struct SVMTrainMetrics: Encodable {
  let fit_seconds: Double
  let support_vectors: Int
  let objective: Double
  let rows: Int
  let columns: Int
  let classes: Int
  let iterations: Int
  let gamma: Double?
  let warnings: [String]

  init(_ trained: TrainedSVM, rows: Int, seconds: Double) {
    fit_seconds = seconds
    support_vectors = trained.supportVectorCount
    objective = trained.objective
    self.rows = rows
    columns = trained.inputWidth
    classes = trained.classes.count
    iterations = trained.iterationCounts.reduce(0, +)
    if case .value(let gamma)? = trained.kernel.gamma { self.gamma = gamma } else { gamma = nil }
    warnings = trained.warnings
  }
}
