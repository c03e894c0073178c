import Foundation
import SiameseFiles
import SiameseGraph
import SiameseMetricLearning
import SiameseTensors

/// A network with its new weights, and how they came about.
struct TrainedNetwork {
  var graph: Graph
  /// The index of the head's first node in `graph`.
  var headStart: Int
  var parameters: ParameterStore
  var joint: JointLayers?
  var summary: TrainingSummary
  /// What training started from, where there was any; the backbone was as it is in its file.
  var start: (head: Head, joint: JointLayers?)?
  /// Whether training was told to stop before its end.
  var isInterrupted = false

  /// The names of the head's layers.
  var headLayers: Set<String> { Set(graph.nodes[headStart...].map(\.name)) }
}

/// One round of training: on which rows, for how long, and what its checkpoints say.
struct TrainingRound {
  var kind: RunProvenance.Round
  var options: FineTuningOptions
  /// The rows to learn from.
  var rows: [Int]
  /// Rows of other classes, on which the best weights are chosen; nil keeps the last.
  var choosing: [Int]?
  /// What checkpoints say; nil where none are asked for.
  var provenance: RunProvenance?
  /// The checkpoint to go on from.
  var resuming: Checkpoint?
}

extension FineTuner {
  /// Fits the head to the features of `rows`, and trains from there.
  ///
  /// How long is chosen on some of the classes, which a first round of training leaves out; a second round then goes over
  /// all of them for as many steps. Where no step was better than the start, the head stays as fitted.
  func train(
    _ plain: Features, rows: [Int], progress: ProgressHandler?, report: (StepRecord) throws -> Bool
  ) throws -> TrainedNetwork {
    let variants = try augmentedFeatures(plain, rows: rows, progress: progress)
    guard recipe.unfreeze != .none, recipe.training.stepCount > 0 else {
      return try fitted(plain, rows: rows, variants)
    }
    let labels = rows.map { plain.labels[$0] }
    let choice = ClassSplit(labels: labels, share: recipe.selectionShare, seed: recipe.seed &+ 1)
    let chosen = choice.heldOut.map { rows[$0] }
    let conditions = try recipe.checkpoint.map { _ in try RunConditions(self, plain) }
    let saved = try savedRun(conditions)
    func round(
      _ kind: RunProvenance.Round, _ options: FineTuningOptions, rows: [Int], choosing: [Int]? = nil,
      choice: TrainingSummary? = nil
    ) throws -> TrainedNetwork {
      let round = TrainingRound(
        kind: kind, options: options, rows: rows, choosing: choosing,
        provenance: conditions.map { RunProvenance(round: kind, conditions: $0, choice: choice) },
        resuming: saved?.provenance.round == kind ? saved?.checkpoint : nil)
      return try steps(round, plain, variants, progress: progress, report: report)
    }
    guard Set(chosen.map { plain.labels[$0] }).count >= 2, Set(choice.training.map { labels[$0] }).count >= 2 else {
      return try round(.final, recipe.training, rows: rows)
    }
    let first: TrainingSummary
    if let done = saved?.provenance, done.round == .final, let chosenSteps = done.chosenSteps {
      first = TrainingSummary(
        steps: chosenSteps, seconds: done.choosingSeconds ?? 0, selectionErrorAtStart: done.errorAtStart,
        selectionErrorAtBest: done.errorAtBest)
    } else {
      let network = try round(.choosing, recipe.training, rows: choice.training.map { rows[$0] }, choosing: chosen)
      guard !network.isInterrupted else { return network }
      first = network.summary
    }
    guard first.steps > 0 else {
      var result = try fitted(plain, rows: rows, variants)
      result.summary = first
      return result
    }
    var training = recipe.training
    training.stepCount = first.steps
    var second = try round(.final, training, rows: rows, choice: first)
    second.summary.selectionErrorAtStart = first.selectionErrorAtStart
    second.summary.selectionErrorAtBest = first.selectionErrorAtBest
    second.summary.seconds += first.seconds
    return second
  }

  /// The checkpoint to go on from, if the recipe asks for that and there is one.
  /// - Throws: `TaskError` where it belongs to a run under other conditions, naming the options that differ.
  private func savedRun(_ conditions: RunConditions?) throws -> (checkpoint: Checkpoint, provenance: RunProvenance)? {
    guard recipe.resumes, let conditions, let path = recipe.checkpoint, FileManager.default.fileExists(atPath: path)
    else {
      return nil
    }
    let checkpoint = try Checkpoint(contentsOf: path)
    return (checkpoint, try RunProvenance(checkpoint.provenance, path: path, conditions: conditions))
  }
}

extension FineTuning.Ending {
  /// As `TrainingSummary.ending` says it.
  var words: String {
    switch self {
    case .finished: "finished"
    case .interrupted: "interrupted"
    case .noImprovement: "no improvement"
    case .collapsed(let reason): reason
    }
  }
}

extension StepRecord {
  /// The figures worth watching, in words.
  var summary: String {
    String(format: "loss %.4f, active %.0f %%, %.0f pictures/s", loss, activeShare * 100, imagesPerSecond)
  }
}
