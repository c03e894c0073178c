import Foundation
import SiameseFiles
import SiameseGraph
import SiameseTensors
import SiameseTraining

/// A run of siamese training: draws batches, steps, validates, keeps the best, and can stop and go on at any step.
///
/// ```swift
/// let run = try FineTuning(graph, parameters: store, trainable: paths, labels: labels, criterion: criterion,
///   options: options, batch: { rows, _ in [features.gatheringRows(rows)] }, validate: errorOnOtherClasses)
/// let outcome = try run.run { record in
///   log(record.jsonLine)
///   return !interrupted
/// }
/// save(outcome.parameters)
/// ```
///
/// Where pictures come from is the `batch` closure's business: it gets the rows' indices in `labels` and a seed that fixes
/// what augmentation does, and returns a tensor for every input of the graph. The same options, seed and thread count give
/// the same weights, resumed from a checkpoint or not.
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
    package let ending: Ending
    package let stepCount: Int
    /// 0 is the start: no step made it better.
    package let bestStep: Int
    package let startFigure: Double?
    package let bestFigure: Double?
    package let restartCount: Int
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
    var averageStepCount = 0
  }

  package let options: FineTuningOptions
  package let criterion: any BatchCriterion
  package let parameters: TrainingParameters
  package let labels: [Int]
  /// Classes of one picture, which take no part.
  package var singletonCount: Int { sampler.singletonCount }
  package var batchSize: Int { encoder.batch }
  package var batchesPerEpoch: Int { sampler.batchesPerEpoch }
  package var step: Int { progress.step }

  let backbone: [[String]]
  let encoder: ChunkedEncoder
  private let batch: (_ rows: [Int], _ seed: UInt64) throws -> [Tensor]
  private let validate: ((ParameterStore) throws -> Double)?
  var sampler: PKSampler
  var progress: Progress
  var optimizer: Optimizer
  var average: WeightAverage?
  /// Everything that changes, when validation was best.
  var best: Snapshot?
  /// The last state in which distances told classes apart.
  var good: Snapshot?
  private(set) var ending: Ending?

  struct Snapshot: Sendable, Equatable {
    var weights: [String: Tensor]
    var criterion: [String: Tensor]
    var optimizer: [String: Tensor] = [:]
  }

  /// - Parameters:
  ///   - graph: pictures, kept features or whatever `batch` brings, to one embedding.
  ///   - trainable: the weights that move, as from `Unfreezing.trainable`.
  ///   - labels: the class of every row there is, any integers.
  ///   - parents: draws each batch within one of these.
  ///   - validate: a figure of how bad these weights are, on other classes than those of `labels`; smaller is better.
  /// - Throws: `MetricLearningError`, `TrainingError` or `GraphError` saying what does not fit.
  package init(
    _ graph: Graph, parameters store: ParameterStore, trainable: (backbone: [[String]], head: [String]), labels: [Int],
    parents: [Int]? = nil, keepsSingletons: Bool = false, criterion: any BatchCriterion, options: FineTuningOptions,
    batch: @escaping (_ rows: [Int], _ seed: UInt64) throws -> [Tensor],
    validate: ((ParameterStore) throws -> Double)? = nil
  ) throws {
    try options.validate()
    (self.options, self.criterion, self.batch, self.validate) = (options, criterion, batch, validate)
    self.labels = ClassIndex(labels).indices
    backbone = trainable.backbone
    sampler = try PKSampler(
      labels: labels, parents: parents, classes: options.classesPerBatch, pictures: options.picturesPerClass,
      keepsSingletons: keepsSingletons, seed: options.seed)
    parameters = try TrainingParameters(graph, store, trainable: Set(trainable.backbone.joined() + trainable.head))
    encoder = try ChunkedEncoder(
      graph, parameters, batch: sampler.classesPerBatch * options.picturesPerClass, chunk: options.chunk,
      options: TrainingOptions(
        threads: options.threads, batchNormalization: options.normalization,
        batchNormalizationByNode: FineTuning.headNormalization(in: graph),
        checkpointing: options.checkpointing.map { .segments($0) } ?? .never, precision: options.precision))
    optimizer = Optimizer(options.rule, weightDecay: options.weightDecay)
    average = options.averageDecay.map { WeightAverage(decay: $0) }
    progress = Progress(sampler: sampler.saved, generator: SeededGenerator(seed: options.seed).stream(1))
  }

  /// A new head has no statistics to keep: its batch normalisation always learns them.
  private static func headNormalization(in graph: Graph) -> [String: BatchNormalizationMode] {
    var modes: [String: BatchNormalizationMode] = [:]
    for node in graph.nodes where node.name.hasPrefix("head_") {
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
      value: .nan, gradient: Tensor(shape: [0, 0]), activeShare: 0, positiveDistance: .nan, negativeDistance: .nan)
    var norm: Float = .nan
    let embeddings = try encoder.embed(batch(padded(rows), seed), seed: seed)
    do { loss = try criterion.evaluate(embeddings, labels: padded(rowLabels), using: &progress.generator) } catch
      MetricLearningError.notFinite {}
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
      good = snapshot(withOptimizer: true)
    }
    if ending == nil, validate != nil,
      progress.step % options.validationInterval == 0 || progress.step == options.stepCount
    {
      try validateStep(&record)
    }
    return record
  }

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

// Validation and the best weights.
extension FineTuning {
  private var currentWeights: [String: Tensor] {
    if let average, average.stepCount > 0 { return average.arrays }
    return parameters.state
  }

  private func snapshot(withOptimizer: Bool = false) -> Snapshot {
    Snapshot(
      weights: withOptimizer ? parameters.state : currentWeights, criterion: criterion.state,
      optimizer: withOptimizer ? optimizer.arrays : [:])
  }

  private func figure() throws -> Double? {
    var store = parameters.store
    for (path, tensor) in currentWeights { store.set(path, tensor) }
    return try validate?(store)
  }

  private func validateStart() throws {
    guard let figure = try figure() else { return }
    (progress.startFigure, progress.bestFigure, progress.bestStep) = (figure, figure, 0)
    best = snapshot()
  }

  private func validateStep(_ record: inout StepRecord) throws {
    guard let figure = try figure() else { return }
    record.validation = figure
    // Written so that a figure that is no number is never the best.
    let isBest = figure < progress.bestFigure ?? .infinity
    record.isBest = isBest
    if isBest {
      (progress.bestFigure, progress.bestStep, progress.validationsSinceBest) = (figure, progress.step, 0)
      best = snapshot()
    } else {
      progress.validationsSinceBest += 1
      if let patience = options.patience, progress.validationsSinceBest >= patience { ending = .noImprovement }
    }
  }

  /// What the collapse watch's word leads to, as a message.
  private func react(to verdict: CollapseWatch.Verdict) throws -> String {
    let message = verdict.message
    switch options.onCollapse {
    case .restart where progress.restartCount < options.restartLimit:
      if let good = good ?? best {
        parameters.state = good.weights
        criterion.state = good.criterion
        optimizer.arrays = good.optimizer
      }
      progress.restartCount += 1
      progress.rateFactor *= 0.3
      progress.watch.reset()
      return message + ". Went back to the last good state and lowered the learning rate to 30 %"
    case .warn where verdict != .diverged:
      progress.watch.reset()
      return message
    default:
      ending = .collapsed(message)
      return message
    }
  }
}
