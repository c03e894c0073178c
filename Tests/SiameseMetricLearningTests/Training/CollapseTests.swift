import Foundation
import SiameseGraph
import SiameseTensors
import SiameseTestSupport
import SiameseTraining
import Testing

@testable import SiameseMetricLearning

/// A criterion that loses its mind at some steps: the loss is NaN there, as after an overflow.
private final class FaultyCriterion: BatchCriterion {
  private let sound: ObjectiveCriterion
  private let faultySteps: Set<Int>
  private var step = 0

  /// - Parameter faultySteps: counted from 1.
  init(_ sound: ObjectiveCriterion, faultySteps: Set<Int>, made: Int = 0) {
    (self.sound, self.faultySteps, step) = (sound, faultySteps, made)
  }

  func evaluate(
    _ embeddings: Tensor, labels: [Int], using generator: inout SeededGenerator
  ) throws -> Objective.Evaluation {
    step += 1
    var result = try sound.evaluate(embeddings, labels: labels, using: &generator)
    if faultySteps.contains(step) { result.value = .nan }
    return result
  }

  func step(_ optimizer: inout Optimizer, rate: Float) { sound.step(&optimizer, rate: rate) }

  var state: [String: Tensor] {
    get { sound.state }
    set { sound.state = newValue }
  }
}

private let classes = NoisyClasses(classes: 12, each: 6, seed: 4)

/// A run of a head on features of noisy classes, with a moving average, that restarts when it collapses.
private func makeRun(faultySteps: Set<Int>, made: Int = 0, steps: Int = 40) throws -> FineTuning {
  let head = try HeadDesign("linear:8,plain", start: .orthogonal)
    .fit(features: classes.features, labels: classes.labels, seed: 3)
  let graph = try head.graph()
  var options = FineTuningOptions()
  (options.stepCount, options.threads, options.averageDecay, options.onCollapse) = (steps, 1, 0.9, .restart)
  options.schedule = LearningRateSchedule(peak: 3e-3)
  let criterion = ObjectiveCriterion(try Objective(loss: "triplet:0.3"), classCount: 12, width: 8, seed: 5)
  return try FineTuning(
    graph, parameters: ParameterStore(head.parameters), trainable: Unfreezing.head.trainable(in: graph, headStart: 1),
    rows: TrainingRows(labels: classes.labels) { rows, _ in [classes.features.gatheringRows(rows)] },
    criterion: FaultyCriterion(criterion, faultySteps: faultySteps, made: made), options: options)
}

@Suite struct `Collapse of a run` {
  @Test(arguments: ["hard", "semi-hard:0.01", "batch-hard"])
  func `joint layers that tell all classes apart have not collapsed, whatever the miner finds`(_ miner: String) throws {
    // Classes so far apart that no negative is nearer than a positive.
    let labels = (0..<48).map { $0 / 6 }
    let noise = randomTensor([48, 8], seed: 2, scale: 0.01)
    var features = noise
    for (row, label) in labels.enumerated() { features.elements[row * 8 + label] += 1 }
    var graph = Graph()
    let input = try graph.add("kept", .input(shape: [8]))
    graph.outputs = [try graph.add("last", .dense(units: 8, bias: false, activation: .linear), [input])]
    var options = FineTuningOptions()
    (options.stepCount, options.threads, options.onCollapse) = (150, 1, .stop)
    options.schedule = LearningRateSchedule(peak: 1e-4)
    let criterion = try PairCriterion(
      PairHead("absdiff:1"), target: .absolute, drawing: PairDrawing(miner: Miner(miner)), width: 8, threads: 1, seed: 1
    )
    let run = try FineTuning(
      graph, parameters: ParameterStore(["last/kernel": .identity(8, 8)]),
      trainable: Unfreezing.head.trainable(in: graph, headStart: 1),
      rows: TrainingRows(labels: labels) { rows, _ in [features.gatheringRows(rows)] }, criterion: criterion,
      options: options)
    var records: [StepRecord] = []
    let outcome = try run.run { record in
      records.append(record)
      return true
    }
    #expect(outcome.ending == .finished, "\(outcome.ending)")
    #expect(records.allSatisfy { $0.warning == nil && $0.positiveDistance < $0.negativeDistance })
    if miner == "hard" { #expect(records.allSatisfy { $0.loss == 0 && $0.activeShare == 0 }) }
  }

  @Test func `a restart takes weights, optimiser and moving average back to the last good state`() throws {
    let (run, undisturbed) = (try makeRun(faultySteps: [30]), try makeRun(faultySteps: []))
    var good: (weights: [String: Tensor], average: WeightAverage?, optimizer: Optimizer)?
    while let record = try run.next(), record.step < 30 {
      if record.step == 25 { good = (run.parameters.state, run.average, run.optimizer) }
      if record.step == 29 { #expect(run.average != good?.average) }
    }
    let saved = try #require(good)
    #expect(run.step == 30 && run.parameters.state == saved.weights)
    #expect(run.average == saved.average && run.average?.stepCount == 25)
    #expect(run.optimizer.arrays == saved.optimizer.arrays)
    _ = try undisturbed.run { $0.step < 30 }
    #expect(run.average != undisturbed.average)
  }

  @Test func `before there is a good state a restart goes back to the start, and says so`() throws {
    let run = try makeRun(faultySteps: [3, 28])
    let start = run.parameters.state
    var warnings: [String] = []
    while let record = try run.next() {
      if let warning = record.warning { warnings.append(warning) }
      if record.step == 3 {
        #expect(run.parameters.state == start)
        #expect(run.average == WeightAverage(decay: 0.9))
      }
    }
    #expect(warnings.count == 2)
    #expect(warnings.first?.contains("Went back to the start and lowered the learning rate to 30 %") == true)
    #expect(warnings.last?.contains("the last good state, that after step 25, and lowered") == true)
  }

  @Test func `a checkpoint keeps the last good state's average: resumed, a run goes back to the same bits`() throws {
    try withTemporaryFolder { folder in
      let whole = try makeRun(faultySteps: [30])
      let expected = try whole.run { _ in true }
      let first = try makeRun(faultySteps: [30])
      _ = try first.run { $0.step < 28 }
      try first.checkpoint().write(to: "\(folder)/run.checkpoint")
      let second = try makeRun(faultySteps: [30], made: 28)
      try second.restore(Checkpoint(contentsOf: "\(folder)/run.checkpoint"))
      let found = try second.run { _ in true }
      #expect(second.average == whole.average && second.average?.stepCount == 35)
      for path in expected.parameters.paths {
        let (a, b) = (try expected.parameters.tensor(path), try found.parameters.tensor(path))
        #expect(a == b, "\(path)")
      }
    }
  }

  @Test func `only the layers of the new head learn statistics, whatever layers are called`() throws {
    var graph = Graph()
    var last = try graph.add("kept", .input(shape: [8]))
    let normalization = Operation.batchNormalization(epsilon: 1e-3, momentum: 0.9, scale: true, center: true)
    last = try graph.add("head_normalization_1", normalization, [last])
    let headStart = graph.nodes.count
    last = try graph.add("statistics", normalization, [last])
    graph.outputs = [try graph.add("last", .dense(units: 4, bias: false, activation: .linear), [last])]
    var store = ParameterStore()
    for (path, shape) in graph.parameterShapes {
      store.set(path, shape.count == 2 ? randomTensor(shape, seed: 1) : Tensor(shape: shape, repeating: 1))
    }
    var options = FineTuningOptions()
    (options.stepCount, options.threads) = (3, 1)
    let features = randomTensor([48, 8], seed: 3)
    let run = try FineTuning(
      graph, parameters: store, trainable: Unfreezing.all.trainable(in: graph, headStart: headStart),
      rows: TrainingRows(labels: (0..<48).map { $0 / 6 }) { rows, _ in [features.gatheringRows(rows)] },
      criterion: ObjectiveCriterion(try Objective(loss: "triplet:soft"), classCount: 8, width: 4, seed: 1),
      options: options)
    let outcome = try run.run { _ in true }
    let (frozen, learned) = ("head_normalization_1/moving_mean", "statistics/moving_mean")
    #expect(try outcome.parameters.tensor(frozen) == store.tensor(frozen))
    #expect(try outcome.parameters.tensor(learned) != store.tensor(learned))
  }
}
