import Foundation
import MetricLearning
import Networks
import Tensors

/// A network with its new weights, and how they came about.
struct TrainedNetwork {
  var graph: Graph
  var parameters: ParameterStore
  var summary: TrainingSummary
}

extension FineTuner {
  /// Fits the head to the features of `rows`, and trains from there.
  ///
  /// How long is chosen on some of the classes, which a first round of training leaves out; a second round then goes over
  /// all of them for as many steps. Where no step was better than the start, the head stays as fitted.
  func train(
    _ plain: Features, rows: [Int], progress: ProgressHandler?, report: (StepRecord) throws -> Bool
  ) throws -> TrainedNetwork {
    guard recipe.unfreeze != .none, recipe.training.stepCount > 0 else { return try fitted(plain, rows: rows) }
    let labels = rows.map { plain.labels[$0] }
    let choice = ClassSplit(labels: labels, share: recipe.selectionShare, seed: recipe.seed &+ 1)
    let chosen = choice.heldOut.map { rows[$0] }
    let classCount = Set(chosen.map { plain.labels[$0] }).count
    guard classCount >= 2, Set(choice.training.map { labels[$0] }).count >= 2 else {
      return try steps(recipe.training, plain, rows: rows, choosing: nil, progress: progress, report: report)
    }
    let first = try steps(
      recipe.training, plain, rows: choice.training.map { rows[$0] }, choosing: chosen, progress: progress, report: report)
    guard first.summary.ending != "interrupted" else { return first }
    guard first.summary.steps > 0 else {
      var result = try fitted(plain, rows: rows)
      result.summary = first.summary
      return result
    }
    var options = recipe.training
    options.stepCount = first.summary.steps
    var second = try steps(options, plain, rows: rows, choosing: nil, progress: progress, report: report)
    second.summary.selectionErrorAtStart = first.summary.selectionErrorAtStart
    second.summary.selectionErrorAtBest = first.summary.selectionErrorAtBest
    second.summary.seconds += first.summary.seconds
    return second
  }

  private func head(_ plain: Features, rows: [Int]) throws -> Head {
    let labels = plain.selecting(rows).indexedLabels().indices
    return try recipe.head.fit(features: plain.embeddings.gatheringRows(rows), labels: labels, seed: recipe.seed)
  }

  private func fitted(_ plain: Features, rows: [Int]) throws -> TrainedNetwork {
    try network(with: head(plain, rows: rows))
  }

  /// The backbone with a head behind it, and all their weights.
  private func network(with head: Head) throws -> TrainedNetwork {
    let backbone = try backbone.makingRoomForHead()
    let graph = try head.attached(to: backbone.graph, behind: backbone.graph.outputs[0])
    var store = backbone.parameters
    for (path, tensor) in head.parameters { store.set(path, tensor) }
    return TrainedNetwork(graph: graph, parameters: store, summary: TrainingSummary())
  }

  /// One round of training on `rows`; with `choosing`, rows of other classes, the best weights are kept.
  private func steps(
    _ options: FineTuningOptions, _ plain: Features, rows: [Int], choosing: [Int]?, progress: ProgressHandler?,
    report: (StepRecord) throws -> Bool
  ) throws -> TrainedNetwork {
    let head = try head(plain, rows: rows)
    var result = try network(with: head)
    let trainable = try recipe.unfreeze.trainable(in: result.graph, headStart: backbone.graph.nodes.count)
    let inputs = try trainable.backbone.isEmpty && recipe.augmentation == .none
      ? TrainingInputs(head: head.graph(), features: plain.embeddings)
      : TrainingInputs(
        result.graph, parameters: result.parameters, trainable: Set(trainable.backbone.joined() + trainable.head),
        pictures: TrainingPictures(
          paths: plain.paths, backbone: backbone, augmentation: recipe.augmentation, keptCopies: recipe.augmentedCopies),
        options: compute, progress: progress)

    // Mirror images and quarter turns may count as classes of their own, in rows after the pictures'.
    let turned = (0..<recipe.augmentation.classFactor).flatMap { turn in
      rows.map { (row: $0 + turn * plain.count, label: recipe.augmentation.furtherClassName(turn, of: plain.labels[$0])) }
    }
    let classes = Set(turned.map(\.label)).sorted()
    let places = Dictionary(uniqueKeysWithValues: classes.enumerated().map { ($1, $0) })
    var options = options
    options.seed = recipe.seed
    options.threads = threads
    let objective = try Objective(loss: recipe.loss, miner: recipe.miner, distance: recipe.distance)
    let criterion = ObjectiveCriterion(
      objective, classCount: classes.count, width: head.width, seed: recipe.seed)
    let run = try FineTuning(
      inputs.graph, parameters: result.parameters, trainable: trainable, labels: turned.map { places[$0.label] ?? 0 },
      parents: recipe.withinParents ? parents(of: turned.map(\.label)) : nil, criterion: criterion, options: options,
      batch: { places, seed in try inputs.batch(places.map { turned[$0].row }, seed) },
      validate: choosing.map { chosen in
        let chosenLabels = plain.selecting(chosen).indexedLabels().indices
        return { [distance = recipe.distance, threads] parameters in
          let embeddings = try inputs.embed(chosen, parameters: parameters, threads: threads)
          let team = WorkerThreads(count: threads)
          defer { team.stop() }
          let pairs = PairDistances.allPairs(embeddings, labels: chosenLabels, distance: distance, workers: team)
          return Verification(pairs)?.equalErrorRate ?? .infinity
        }
      })
    var records: [StepRecord] = []
    let outcome = try run.run { record in
      records.append(record)
      progress?(
        ProgressUpdate(
          phase: choosing == nil ? "fine-tuning" : "choosing how long", completed: record.step, total: options.stepCount,
          unit: "steps", detail: record.summary))
      return try report(record)
    }
    result.parameters = outcome.parameters
    result.summary = TrainingSummary(
      steps: outcome.bestStep, seconds: outcome.seconds, selectionErrorAtStart: outcome.startFigure,
      selectionErrorAtBest: outcome.bestFigure, ending: outcome.ending.words, records: records)
    return result
  }

  /// The index of the folder above each class' own.
  private func parents(of labels: [String]) -> [Int] {
    let names = labels.map { ($0 as NSString).deletingLastPathComponent }
    let places = Dictionary(uniqueKeysWithValues: Set(names).sorted().enumerated().map { ($1, $0) })
    return names.map { places[$0] ?? 0 }
  }
}

extension FineTuning.Ending {
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
