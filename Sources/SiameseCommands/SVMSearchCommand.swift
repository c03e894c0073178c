import ArgumentParser
import Foundation
import SiameseKit

struct SVMSearchCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "search",
    abstract: "Choose C and gamma by cross-validation.",
    discussion: """
      Judges every pair of C and gamma on held-out rows and prints one line each, the best first: score, its standard \
      deviation over folds, C, gamma, rows. The score is accuracy, or minus the mean squared error of a regressor.

      Folds are stratified by class; --groups keeps rows of one group together, so that pictures of one person, say, are \
      never on both sides. --halving judges all on few rows first. --curve prints a learning curve instead.

      EXAMPLES
        siamese svm search features.h5 --costs 0.1 1 10 100 --gammas 0.001 0.01 0.1
        siamese svm search features.h5 --costs 1 10 --gammas scale median --halving --metrics search.json
        siamese svm search features.h5 --c 10 --curve
      """)

  @Argument(help: ArgumentHelp("The rows to judge on.", valueName: "features"))
  var features: String

  @Option(parsing: .upToNextOption, help: ArgumentHelp("Prices of slack to try.", valueName: "numbers"))
  var costs: [Double] = []

  @Option(
    parsing: .upToNextOption,
    help: ArgumentHelp("Kernel widths to try: scale, auto, median, numbers.", valueName: "rules"))
  var gammas: [String] = []

  @Option(help: ArgumentHelp("Parts that take turns being held out.", valueName: "n"))
  var folds = 5

  @Option(help: ArgumentHelp("A file with the group of each row, one a line.", valueName: "txt"))
  var groups: String?

  @Flag(help: "Judge all on few rows first, and only the better third on three times as many.")
  var halving = false

  @Flag(help: "Print the score at growing shares of the rows instead.")
  var curve = false

  @OptionGroup var kernel: SVMKernelOptions
  @OptionGroup var machine: SVMMachineOptions

  @Option(help: ArgumentHelp("Where to write the scores as JSON.", valueName: "json"))
  var metrics: String?

  func run() throws {
    try requireWritable([Output("--metrics", metrics)], inputs: [features, groups, kernel.model])
    let svm = try machine.make(kernel.make())
    let getReady = prepareMatrixProducts()
    defer { getReady() }
    var plan = SearchPlan()
    plan.costs = costs
    plan.gammas = try gammas.map { try kernel.gammaRule($0) }
    plan.foldCount = folds
    plan.halving = halving
    if let groups { plan.groups = try lines(groups) }
    let features = try Features(contentsOf: features)
    let scores: [SearchScore]
    if curve, svm.machine.isRegressor {
      scores = try svm.learningCurve(features.embeddings, targets: features.targets(), plan)
    } else if curve {
      scores = try svm.learningCurve(features.embeddings, features.labels, plan)
    } else if svm.machine.isRegressor {
      scores = try svm.search(features.embeddings, targets: features.targets(), plan)
    } else {
      scores = try svm.search(features.embeddings, features.labels, plan)
    }
    print("score\tdeviation\tc\tgamma\trows")
    for score in scores {
      print("\(score.mean)\t\(score.deviation)\t\(score.c)\t\(name(score.gamma))\t\(score.rowCount)")
    }
    try writeMetrics(
      [
        "scores": scores.map {
          SVMScoreMetrics(score: $0.mean, deviation: $0.deviation, c: $0.c, gamma: name($0.gamma), rows: $0.rowCount)
        }
      ], to: metrics)
  }

  private func name(_ gamma: Gamma?) -> String {
    switch gamma {
    case .value(let value)?: "\(value)"
    case .scale?: "scale"
    case .auto?: "auto"
    case .median?: "median"
    case nil: "-"
    }
  }

  private func lines(_ path: String) throws -> [String] {
    try textLines(path, holding: "the group")
  }
}

/// The keys of each of `scores` in `svm search --metrics`; see `Docs/Metrics.md`.
struct SVMScoreMetrics: Encodable {
  let score: Double
  let deviation: Double
  let c: Double
  let gamma: String
  let rows: Int
}
