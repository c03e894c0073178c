import Foundation
import SiameseGraph
import SiameseTensors
import SiameseTraining

/// A run of siamese training: draws batches, steps, validates, keeps the best, and can stop and go on at any step.
///
/// ```swift
/// let rows = TrainingRows(labels: labels) { rows, _ in [features.gatheringRows(rows)] }
/// let run = try FineTuning(
///   graph, parameters: store, trainable: weights, rows: rows, criterion: criterion, options: options,
///   validate: errorOnOtherClasses)
/// let outcome = try run.run { record in
///   log(record.jsonLine)
///   return !interrupted
/// }
/// save(outcome.parameters)
/// ```
///
/// The same options, seed and thread count give the same weights, resumed from a checkpoint or not.
package final class FineTuning {
  /// How a run ended.
  package enum Ending: Sendable, Equatable {
    case finished, interrupted
    /// The validation figure has not improved for as long as `patience` says.
    case noImprovement
    case collapsed(String)
  }

  /// What a run left.
  package struct Outcome: Sendable {
    /// All weights of the graph, as they were when validation was best (or at the end, without validation).
    package let parameters: ParameterStore
    /// The weights of proxies or joint layers at that time.
    package let criterionState: [String: Tensor]
    /// Why it ended.
    package let ending: Ending
    /// Steps made.
    package let stepCount: Int
    /// 0 is the start: no step made it better.
    package let bestStep: Int
    /// The validation figure before the first step; nil without validation.
    package let startFigure: Double?
    /// The smallest validation figure; nil without validation.
    package let bestFigure: Double?
    /// How often a collapse led back to an earlier state.
    package let restartCount: Int
    /// The time that the steps took.
    package var seconds: Double

    /// Whether training made the validation figure better than it was before the first step; nil without validation.
    package var improved: Bool? { bestFigure.flatMap { best in startFigure.map { best < $0 } } }
  }

  /// Where a run stands, besides its arrays.
  struct Progress: Sendable, Codable, Equatable {
    var step = 0
    var sampler: PKSampler.State
    var generator: SeededGenerator
    var watch = CollapseWatch()
    var rateFactor: Float = 1
    var restartCount = 0
    var seconds = 0.0
    var startFigure: Double?
    var bestFigure: Double?
    var bestStep = 0
    var validationsSinceBest = 0
    /// Steps that the moving averages have taken in: the run's own, and that of the last good state.
    var averageStepCount = 0
    var goodAverageStepCount = 0
    /// The step after which the last good state was recorded.
    var goodStep = 0
  }

  /// How the run goes.
  package let options: FineTuningOptions
  /// What a step minimises.
  package let criterion: any BatchCriterion
  /// The weights as they are now.
  package let parameters: TrainingParameters
  /// The class of every row, counted from 0.
  package let labels: [Int]
  /// Classes of one picture, which take no part.
  package var singletonCount: Int { sampler.singletonCount }
  /// Rows in a batch.
  package var batchSize: Int { encoder.batch }
  /// Batches until, on average, every row was drawn once.
  package var batchesPerEpoch: Int { sampler.batchesPerEpoch }
  /// Steps made so far.
  package var step: Int { progress.step }

  let backbone: [[String]]
  let encoder: ChunkedEncoder
  private let tensors: (_ rows: [Int], _ seed: UInt64) throws -> [Tensor]
  let validate: ((ParameterStore) throws -> Double)?
  var sampler: PKSampler
  var progress: Progress
  var optimizer: Optimizer
  var average: WeightAverage?
  /// The weights to keep: those of the best validation so far.
  var best: KeptWeights?
  /// What a collapse goes back to: the last state in which distances told classes apart, or the start.
  var good: RestorePoint?
  var ending: Ending?

  /// - Parameters:
  ///   - graph: from what `rows` gives (pictures, or features that were kept) to one embedding.
  ///   - trainable: the weights that move, as from `Unfreezing.trainable`.
  ///   - validate: a figure of how bad these weights are, on other classes than those of `rows`; smaller is better.
  /// - Throws: `MetricLearningError`, `TrainingError` or `GraphError` saying what does not fit.
  package init(
    _ graph: Graph, parameters store: ParameterStore, trainable: TrainableWeights, rows: TrainingRows,
    criterion: any BatchCriterion, options: FineTuningOptions, validate: ((ParameterStore) throws -> Double)? = nil
  ) throws {
    try options.validate()
    (self.options, self.criterion, self.tensors, self.validate) = (options, criterion, rows.tensors, validate)
    let classes = Dictionary(uniqueKeysWithValues: Set(rows.labels).sorted().enumerated().map { ($1, $0) })
    labels = rows.labels.map { classes[$0] ?? 0 }
    backbone = trainable.backbone
    sampler = try PKSampler(
      labels: rows.labels, parents: rows.parents, classes: options.classesPerBatch, pictures: options.picturesPerClass,
      keepsSingletons: rows.keepsSingletons, seed: options.seed)
    parameters = try TrainingParameters(graph, store, trainable: trainable.paths)
    encoder = try ChunkedEncoder(
      graph, parameters, batch: sampler.classesPerBatch * options.picturesPerClass, chunk: options.chunk,
      options: TrainingOptions(
        threads: options.threads, batchNormalization: options.normalization,
        batchNormalizationByNode: FineTuning.headNormalization(in: graph, headLayers: trainable.headLayers),
        recomputation: options.recomputation.map { .segments($0) } ?? .never, precision: options.precision))
    optimizer = Optimizer(options.rule, weightDecay: options.weightDecay)
    average = options.averageDecay.map { WeightAverage(decay: $0) }
    progress = Progress(sampler: sampler.saved, generator: SeededGenerator(seed: options.seed).stream(1))
  }

  /// A new head has no statistics to keep: its batch normalisation always learns them.
  private static func headNormalization(
    in graph: Graph, headLayers: Set<String>
  ) -> [String: BatchNormalizationMode] {
    var modes: [String: BatchNormalizationMode] = [:]
    for node in graph.nodes where headLayers.contains(node.name) {
      if case .batchNormalization = node.operation { modes[node.name] = .batch }
    }
    return modes
  }

  /// Steps until the end, or until `report` returns false; then the state is whole and a checkpoint may be taken.
  package func run(_ report: (StepRecord) throws -> Bool) throws -> Outcome {
    while let record = try next() {
      if try !report(record), ending == nil {
        ending = .interrupted
        break
      }
    }
    return outcome
  }

  /// Makes one step; nil when the run is over.
  package func next() throws -> StepRecord? {
    if progress.step == 0, progress.startFigure == nil { try validateStart() }
    // Without a state to begin with, a collapse in the first steps would have nothing to go back to.
    if progress.step == 0, options.onCollapse == .restart, good == nil { good = restorePoint() }
    guard ending == nil, progress.step < options.stepCount else {
      ending = ending ?? .finished
      return nil
    }
    let clock = ContinuousClock()
    let begin = clock.now
    let rows = sampler.next()
    let seed = stepSeed
    let rowLabels = rows.map { labels[$0] }
    let rate = options.schedule.rate(at: progress.step) * progress.rateFactor
    var loss = Objective.Evaluation(
      value: .nan, gradient: Tensor(shape: [0, 0]), comparisonCount: 0, activeShare: 0, positiveDistance: .nan,
      negativeDistance: .nan)
    var norm: Float = .nan
    let embeddings = try encoder.embed(tensors(padded(rows), seed), seed: seed)
    do {
      loss = try criterion.evaluate(embeddings, labels: padded(rowLabels), using: &progress.generator)
    } catch MetricLearningError.notFinite {}
    let verdict = progress.watch.look(loss)
    if verdict != .diverged {
      try encoder.backpropagate(loss.gradient)
      norm = options.clip.map { parameters.clipGradients(norm: $0) } ?? parameters.gradientNorm
      if norm.isFinite {
        optimizer.groups = rateGroups()
        optimizer.step(parameters, rate: rate)
        criterion.step(&optimizer, rate: rate * options.lossRate)
        average?.update(parameters)
      }
    }
    progress.step += 1
    progress.sampler = sampler.saved
    let seconds = seconds(clock.now - begin)
    progress.seconds += seconds
    var record = StepRecord(
      step: progress.step, loss: loss.value, activeShare: loss.activeShare, positiveDistance: loss.positiveDistance,
      negativeDistance: loss.negativeDistance, learningRate: Double(rate), gradientNorm: Double(norm),
      seconds: progress.seconds, imagesPerSecond: Double(rows.count) / max(seconds, 1e-9))
    if let verdict {
      record.warning = try react(to: verdict)
    } else if options.onCollapse == .restart, progress.watch.isHealthy, progress.step % 25 == 0 {
      good = restorePoint()
    }
    if ending == nil, validate != nil,
      progress.step % options.validationInterval == 0 || progress.step == options.stepCount
    {
      try validateStep(&record)
    }
    return record
  }

  /// What the run leaves if it ends here.
  package var outcome: Outcome {
    let kept = validate == nil ? nil : best
    var store = parameters.store
    for (path, tensor) in kept?.weights ?? currentWeights { store.set(path, tensor) }
    return Outcome(
      parameters: store, criterionState: kept?.criterion ?? criterion.state, ending: ending ?? .finished,
      stepCount: progress.step, bestStep: kept == nil ? progress.step : progress.bestStep,
      startFigure: progress.startFigure, bestFigure: progress.bestFigure, restartCount: progress.restartCount,
      seconds: progress.seconds)
  }

  /// What dropout and augmentation of the coming step draw from.
  private var stepSeed: UInt64 {
    var stream = SeededGenerator(seed: options.seed).stream(UInt64(progress.step) &+ 2)
    return stream.next()
  }

  /// A batch within a small family has fewer classes; its rows are repeated to the plan's size.
  private func padded<Element>(_ rows: [Element]) -> [Element] {
    guard rows.count < encoder.batch else { return rows }
    return (0..<encoder.batch).map { rows[$0 % rows.count] }
  }

  private func rateGroups() -> [ParameterGroup] {
    let count = backbone.count
    return backbone.enumerated().map { index, paths in
      let depth = count - 1 - index
      let quarter = count == 0 ? 0 : depth * 4 / count
      let moves = options.gradualSteps == 0 || progress.step >= (quarter + 1) * options.gradualSteps
      let decay = pow(options.layerDecay, Float(depth))
      return ParameterGroup(paths: Set(paths), rate: moves ? options.backboneRate * decay : 0)
    }
  }

  private func seconds(_ duration: Duration) -> Double {
    Double(duration.components.seconds) + Double(duration.components.attoseconds) * 1e-18
  }
}
