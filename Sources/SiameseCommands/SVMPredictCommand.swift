import ArgumentParser
import Foundation
import SiameseFiles
import SiameseKit

struct SVMPredictCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "predict",
    abstract: "Predict the rows of a features file with a trained machine.",
    discussion: """
      Prints the accuracy over rows whose label is known (for a regressor the mean squared error), and writes one line a \
      row where --output asks for it: path, label, prediction, and probabilities with --probabilities.

      EXAMPLES
        siamese svm predict machine.h5 features.h5 --metrics accuracy.json
        siamese svm predict libsvm.model data.libsvm --output predictions.tsv
      """)

  @Argument(
    help: ArgumentHelp(
      "What svm train wrote, a fine-tuned model with one inside, or a LIBSVM model.", valueName: "machine"))
  var machine: String

  @Argument(help: ArgumentHelp("The rows to predict.", valueName: "features"))
  var features: String

  @Option(help: ArgumentHelp("The model whose joint layers the machine was trained with.", valueName: "model.h5"))
  var model: String?

  @Option(name: .shortAndLong, help: ArgumentHelp("Where to write the predictions, tab-separated.", valueName: "tsv"))
  var output: String?

  @Flag(help: "Write the probability of each class too.")
  var probabilities = false

  @Option(help: ArgumentHelp("Threads; by default one a core.", valueName: "n"))
  var threads: Int?

  @Option(help: ArgumentHelp("Where to write the measurements as JSON.", valueName: "json"))
  var metrics: String?

  func run() throws {
    try requireWritable(
      [Output("--output", output), Output("--metrics", metrics)], inputs: [machine, features, model])
    let getReady = prepareMatrixProducts()
    defer { getReady() }
    var trained = try TrainedSVM(
      contentsOf: machine, similarity: model.map { try SiameseModel(contentsOf: $0).jointSimilarity() })
    var features = try Features(contentsOf: features)
    // LIBSVM's formats leave zeros out and do not say how wide they are.
    if try FeatureFormat(path: self.features) == .libsvm { features = features.widened(to: trained.inputWidth) }
    if !machine.isHDF5Path { trained = try trained.widened(to: features.width) }
    if let threads { trained.threads = max(1, threads) }
    getReady()
    let start = Date()
    let predictions =
      trained.machine.isRegressor
      ? try trained.predictValues(features.embeddings).map { "\($0)" } : try trained.predict(features.embeddings)
    let seconds = Date().timeIntervalSince(start)
    let shares = probabilities ? try trained.probabilities(features.embeddings) : nil
    let figures = try SVMPredictMetrics(trained, predictions, features, seconds: seconds)
    if let output { try writeFile(Data(table(trained, features, predictions, shares).utf8), to: output) }
    try writeMetrics(figures, to: metrics)
    if let accuracy = figures.accuracy { print("accuracy \(accuracy)") }
    if let error = figures.mean_squared_error { print("mean_squared_error \(error)") }
    let unknown = trained.unknownLabels(features)
    if !unknown.isEmpty {
      logLine(
        "warning: the machine does not know the labels \(unknown.prefix(5).map { "'\($0)'" }.joined(separator: ", "))"
          + "\(unknown.count > 5 ? " and \(unknown.count - 5) more" : ""); "
          + (trained.machine.isClassifier ? "their rows count as errors" : "their rows are not scored"))
    }
    if figures.scored_rows == 0 { logLine("no row has a label to compare with") }
  }

  private func table(
    _ trained: TrainedSVM, _ features: Features, _ predictions: [String], _ shares: Tensor?
  ) -> String {
    let names = shares.map { $0.rowWidth == trained.classes.count ? trained.classes : ["known"] } ?? []
    var text = (["path", "label", "prediction"] + names).joined(separator: "\t") + "\n"
    for row in 0..<features.count {
      var fields = [features.paths[row], features.labels[row], predictions[row]]
      if let shares { fields += shares.row(row).map { "\($0)" } }
      text += fields.joined(separator: "\t") + "\n"
    }
    return text
  }
}

/// The keys of `svm predict --metrics`; see `Docs/Metrics.md`.
struct SVMPredictMetrics: Encodable {
  var accuracy: Double?
  var mean_squared_error: Double?
  let predict_seconds: Double
  let rows: Int
  /// Rows with a label to compare with.
  let scored_rows: Int

  init(_ trained: TrainedSVM, _ predictions: [String], _ features: Features, seconds: Double) throws {
    predict_seconds = seconds
    rows = features.count
    let knows = trained.machine.isClassifier || trained.machine.isRegressor
    let scored = features.labels.indices.filter {
      knows ? !features.labels[$0].isEmpty : same(features.labels[$0], "1") || same(features.labels[$0], "-1")
    }
    scored_rows = scored.count
    guard !scored.isEmpty else { return }
    if trained.machine.isRegressor {
      let targets = try features.selecting(scored).targets()
      let squares = zip(scored, targets).map { row, target in
        let error = (Double(predictions[row]) ?? 0) - target
        return error * error
      }
      mean_squared_error = squares.reduce(0, +) / Double(squares.count)
    } else {
      accuracy = Double(scored.count { same(predictions[$0], features.labels[$0]) }) / Double(scored.count)
    }
  }
}

extension TrainedSVM {
  /// Labels that no prediction can equal: of classes that the machine was not trained on.
  fileprivate func unknownLabels(_ features: Features) -> [String] {
    guard !machine.isRegressor else { return [] }
    let known = machine.isClassifier ? classes : ["1", "-1"]
    return Set(features.labels).subtracting(known).filter { label in
      !label.isEmpty && !known.contains { same($0, label) }
    }.sorted()
  }
}

/// Whether two labels name the same class: "1", "+1" and "1.0" do.
private func same(_ a: String, _ b: String) -> Bool {
  if a == b { return true }
  guard let a = Double(a), let b = Double(b) else { return false }
  return a == b
}
