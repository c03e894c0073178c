import ArgumentParser
import Foundation
import SiameseKit

struct EvaluateOneShotCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "one-shot",
    abstract: "How often a picture is named rightly from one or a few examples of each class.",
    discussion: """
      Draws N-way K-shot episodes: N classes, K known pictures of each, and one more of each to be named. Reports the \
      error with a 95 % interval. A tie between the right answer and a wrong one counts as an error.

      With --runs, the trials are those of Omniglot's run folders (run01 … run20, each with a class_labels.txt), and \
      --baseline modified-hausdorff names drawings by their ink alone, without a network: 38.75 % error on the 400 trials.

      EXAMPLES
        siamese evaluate one-shot --model faces.h5 --data people --ways 10
        siamese evaluate one-shot --features glyphs.npy --ways 20 --shots 5 --classifier prototype
        siamese evaluate one-shot --model faces.h5 --data people --ways 10 --classifier joint
        siamese evaluate one-shot --model glyphs.h5 --runs one_shot_runs
        siamese evaluate one-shot --runs one_shot_runs --baseline modified-hausdorff
      """)

  enum Baseline: String, ExpressibleByArgument, CaseIterable { case modifiedHausdorff = "modified-hausdorff" }

  @OptionGroup var measured: MeasuredOptions
  @OptionGroup var figures: FigureOptions

  @Option(help: ArgumentHelp("Classes in an episode.", valueName: "n"))
  var ways: Int = 20

  @Option(help: ArgumentHelp("Known pictures of each.", valueName: "k"))
  var shots: Int = 1

  @Option(help: ArgumentHelp("Pictures of each to be named.", valueName: "n"))
  var queries: Int = 1

  @Option(help: ArgumentHelp("Episodes to draw.", valueName: "n"))
  var episodes: Int = 400

  @Option(
    help:
      "By the nearest known picture, the class' mean, the model's joint layers, or a kernel machine trained on the episode."
  )
  var classifier: Evaluator.OneShotClassifier = .nearest

  @Flag(help: "Draw the classes of an episode from one parent folder, one alphabet say.")
  var withinGroup = false

  @Option(help: ArgumentHelp("Omniglot's run folders, instead of drawn episodes.", valueName: "dir"))
  var runs: String?

  @Option(help: "Name the drawings of --runs without a network.")
  var baseline: Baseline?

  func validate() throws {
    if baseline != nil {
      guard runs != nil else { throw ValidationError("--baseline needs the drawings: --runs folder.") }
    } else if runs != nil {
      guard measured.features == nil, measured.data == nil else {
        throw ValidationError("--runs takes its pictures from the run folders; leave --features and --data out.")
      }
      _ = try measured.networkPath()
    } else {
      try measured.validateInput()
    }
    guard 1...1_000_000 ~= episodes else {
      throw ValidationError("--episodes must be 1 to 1000000, found \(episodes).")
    }
  }

  func run() throws {
    try requireWritable([figures.output], inputs: measured.inputs + [runs])
    let (result, what) = try measure()
    try figures.publish(result) {
      table([
        ("trials", "\(grouped(result.trials)), \(what)"),
        ("error", percent(result.error) + (result.interval > 0 ? " ± \(percent(result.interval))" : "")),
        ("accuracy", percent(result.accuracy)),
      ])
    }
  }

  private func measure() throws -> (TrialResult, String) {
    guard let directory = runs else {
      let result = try measured.evaluator().oneShot(
        ways: ways, shots: shots, queries: queries, episodes: episodes, classifier: classifier, byGroup: withinGroup)
      return (result, "\(ways)-way \(shots)-shot, \(classifier.rawValue)")
    }
    let runs = try OneShotRuns(directory: directory)
    if baseline != nil { return (try runs.modifiedHausdorff(), "Modified Hausdorff distance") }
    let (backbone, model) = try measured.open()
    let bar = ProgressBar()
    let result = try runs.evaluate(
      Embedder(backbone, options: measured.compute.embedding),
      distance: measured.distance(recorded: model?.distance, of: measured.networkPath()), progress: bar.update)
    bar.finish()
    return (result, "nearest drawing")
  }
}

extension Evaluator.OneShotClassifier: ExpressibleByArgument {}
