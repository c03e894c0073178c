import Foundation
import SiameseGraph
import SiameseMetricLearning
import SiameseTensors
import SiameseTraining
import Testing

/// Classes that differ in a few directions only, under much noise in the others.
struct NoisyClasses {
  let features: Tensor
  let labels: [Int]

  init(classes: Int, each: Int, width: Int = 24, seed: UInt64) {
    var generator = SeededGenerator(seed: seed)
    labels = (0..<classes * each).map { $0 / each }
    var x = Tensor(shape: [classes * each, width])
    for c in 0..<classes {
      let centre = (0..<width).map { $0 < 6 ? generator.normal() : 0 }
      for i in c * each..<(c + 1) * each {
        for k in 0..<width { x.elements[i * width + k] = centre[k] + (k < 6 ? 0.3 : 1.5) * generator.normal() }
      }
    }
    features = x
  }
}

private let training = NoisyClasses(classes: 20, each: 8, seed: 1)
private let unseen = NoisyClasses(classes: 10, each: 8, seed: 2)

/// The share of unseen pictures whose nearest neighbour is of another class.
private func nearestNeighbourError(_ y: Tensor, _ labels: [Int]) -> Double {
  let d = DistanceMatrix(Distance.euclidean.matrix(y))
  let wrong = labels.indices.count { i in
    let nearest = labels.indices.filter { $0 != i }.min { d[i, $0] < d[i, $1] }
    return nearest.map { labels[$0] != labels[i] } ?? true
  }
  return Double(wrong) / Double(labels.count)
}

private func makeRun(
  _ loss: String = "triplet:0.3", distance: Distance = .euclidean, head text: String = "linear:8,plain",
  start: HeadDesign.Start = .orthogonal,
  validated: Bool = true, _ change: (inout FineTuningOptions) throws -> Void
) throws -> FineTuning {
  let head = try HeadDesign(text, start: start).fit(features: training.features, labels: training.labels, seed: 3)
  let graph = try head.graph()
  var options = FineTuningOptions()
  options.stepCount = 120
  options.schedule = LearningRateSchedule(peak: 3e-3)
  options.validationInterval = 20
  options.threads = 1
  try change(&options)
  let criterion = ObjectiveCriterion(
    try Objective(loss: loss, distance: distance), classCount: 20, width: head.width, seed: 5)
  let trainable = try Unfreezing.head.trainable(in: graph, headStart: 1)
  return try FineTuning(
    graph, parameters: ParameterStore(head.parameters), trainable: trainable,
    rows: TrainingRows(labels: training.labels) { rows, _ in [training.features.gatheringRows(rows)] },
    criterion: criterion, options: options,
    validate: validated
      ? { store in
        let y = try ReferenceEvaluator(graph, parameters: store)([unseen.features])[0]
        return nearestNeighbourError(y, unseen.labels)
      } : nil)
}

@Suite struct `Fine-tuning` {
  @Test(arguments: [
    "triplet:0.3", "triplet:soft", "multi-similarity", "supcon", "nt-xent:0.2", "contrastive:1", "proxy-anchor:alpha=8",
    "arcface:scale=16", "cosface:scale=16", "proxy-nca", "circle:gamma=32", "generalized-lifted", "lifted", "n-pairs",
    "pair-bce", "contrastive-similarity:above=1,below=0.3",
  ]) func `a random head learns to tell unseen classes apart`(_ loss: String) throws {
    var records: [StepRecord] = []
    let outcome = try makeRun(loss) { options in
      options.schedule = LearningRateSchedule(peak: 1e-2)
      options.lossRate = 5
    }.run { record in
      records.append(record)
      return true
    }
    let (start, best) = (try #require(outcome.startFigure), try #require(outcome.bestFigure))
    #expect(start > 0.35 && best < 0.75 * start, "\(start) → \(best)")
    #expect(outcome.improved == true && outcome.ending == .finished && outcome.bestStep > 0)
    #expect(records.map(\.step) == Array(1...120))
    #expect(records.count { $0.validation != nil } == 6 && records.allSatisfy { $0.loss.isFinite })
  }

  @Test func `the best weights are kept, the start's where nothing is better`() throws {
    let run = try makeRun(head: "wccn:plain") { options in
      options.schedule = LearningRateSchedule(peak: 1)
      options.rule = .sgd()
    }
    let outcome = try run.run { _ in true }
    if outcome.improved == false {
      #expect(outcome.bestStep == 0 && outcome.bestFigure == outcome.startFigure)
    }
    let figure = try #require(outcome.bestFigure)
    let graph = try HeadDesign("wccn:plain").fit(features: training.features, labels: training.labels, seed: 3).graph()
    let y = try ReferenceEvaluator(graph, parameters: outcome.parameters)([unseen.features])[0]
    #expect(nearestNeighbourError(y, unseen.labels) == figure)
  }

  @Test func `a run stopped and resumed from its file ends with the same bits`() throws {
    let directory = FileManager.default.temporaryDirectory.appending(path: "siamese-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: directory) }
    let path = directory.appending(path: "run.checkpoint").path
    func make() throws -> FineTuning {
      try makeRun("triplet:0.3 + 0.2 * arcface:scale=8", head: "mlp:16,8,dropout=0.2") { options in
        options.stepCount = 60
        options.averageDecay = 0.9
        options.onCollapse = .restart
        options.schedule = LearningRateSchedule(peak: 3e-3, .cosine(stepCount: 60), warmUpStepCount: 5)
      }
    }
    let whole = try make().run { _ in true }
    let first = try make()
    let interrupted = try first.run { $0.step < 33 }
    #expect(interrupted.ending == .interrupted && interrupted.stepCount == 33)
    try first.checkpoint(provenance: "these options").write(to: path)
    let read = try Checkpoint(contentsOf: path)
    #expect(read == first.checkpoint(provenance: "these options"))
    let second = try make()
    try second.restore(read)
    let resumed = try second.run { _ in true }
    for stored in whole.parameters.paths {
      let (a, b) = (try whole.parameters.tensor(stored), try resumed.parameters.tensor(stored))
      #expect(a == b, "\(stored)")
    }
    #expect(whole.criterionState == resumed.criterionState)
    #expect(whole.bestFigure == resumed.bestFigure && whole.bestStep == resumed.bestStep)
  }

  @Test func `a checkpoint cut anywhere, or of another run, is refused`() throws {
    let directory = FileManager.default.temporaryDirectory.appending(path: "siamese-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: directory) }
    let path = directory.appending(path: "run.checkpoint").path
    let run = try makeRun { $0.stepCount = 3 }
    _ = try run.run { _ in true }
    try run.checkpoint().write(to: path)
    let bytes = try Data(contentsOf: URL(filePath: path))
    let cut = directory.appending(path: "cut.checkpoint")
    for part in 0..<40 {
      try bytes.prefix(bytes.count * part / 40).write(to: cut)
      #expect(throws: (any Error).self) { _ = try Checkpoint(contentsOf: cut.path) }
    }
    let other = try makeRun(head: "linear:5,plain") { $0.stepCount = 3 }
    let error = #expect(throws: MetricLearningError.self) { try other.restore(Checkpoint(contentsOf: path)) }
    #expect(error?.description.contains("head_projection") == true)
  }

  @Test(arguments: ["triplet:0.3", "multi-similarity"])
  func `chunks give exactly the whole batch's gradient`(_ loss: String) throws {
    func train(chunk: Int?) throws -> ParameterStore {
      try makeRun(loss, validated: false) { options in
        (options.stepCount, options.chunk) = (8, chunk)
        options.rule = .sgd()
        options.schedule = LearningRateSchedule(peak: 0.05)
      }.run { _ in true }.parameters
    }
    let (whole, chunked) = (try train(chunk: nil), try train(chunk: 8))
    for path in whole.paths {
      let (a, b) = (try whole.tensor(path).elements, try chunked.tensor(path).elements)
      #expect(zip(a, b).allSatisfy { abs($0 - $1) < 1e-4 }, "\(path)")
    }
    #expect(throws: MetricLearningError.self) { _ = try makeRun { $0.chunk = 7 } }
  }

  @Test func `training ends when validation does not improve`() throws {
    let outcome = try makeRun { options in
      (options.stepCount, options.patience, options.validationInterval) = (2000, 3, 10)
    }.run { _ in true }
    #expect(outcome.ending == .noImprovement && outcome.stepCount < 2000)
    #expect(outcome.stepCount == outcome.bestStep + 30)
  }

  @Test func `a run that diverges says so, and restarts at a lower rate if told to`() throws {
    func diverging(_ onCollapse: FineTuningOptions.OnCollapse) throws -> (FineTuning.Outcome, [String]) {
      var warnings: [String] = []
      let outcome = try makeRun(distance: .squaredEuclidean, head: "linear:8,plain,raw") { options in
        options.onCollapse = onCollapse
        options.rule = .sgd(momentum: 0.99)
        options.schedule = LearningRateSchedule(peak: 1e12)
      }.run { record in
        if let warning = record.warning { warnings.append(warning) }
        return true
      }
      return (outcome, warnings)
    }
    let (stopped, messages) = try diverging(.warn)
    guard case .collapsed = stopped.ending else {
      Issue.record("ended with \(stopped.ending)")
      return
    }
    #expect(messages.last?.contains("Lower the learning rate") == true)
    #expect(stopped.bestFigure.map { $0.isFinite } == true)
    let (restarted, more) = try diverging(.restart)
    #expect(restarted.restartCount == 3 && more.first?.contains("30 %") == true)
  }

  @Test func `a moving average is what is validated and kept`() throws {
    let run = try makeRun { options in
      (options.averageDecay, options.stepCount) = (0.9, 40)
    }
    let outcome = try run.run { _ in true }
    let kept = try outcome.parameters.tensor("head_projection/kernel")
    #expect(kept != run.parameters["head_projection/kernel"])
    #expect(outcome.improved == true)
  }

  @Test func `options that make no sense are explained`() {
    for change in [
      { $0.stepCount = -1 }, { $0.clip = 0 }, { $0.averageDecay = 1 }, { $0.validationInterval = 0 },
      { $0.layerDecay = 0 }, { $0.classesPerBatch = 1 }, { $0.threads = 0 },
    ] as [(inout FineTuningOptions) -> Void] {
      #expect(throws: MetricLearningError.self) { _ = try makeRun { change(&$0) } }
    }
    var options = FineTuningOptions()
    for (optimizer, schedule) in [("adagrad", "cosine"), ("adam", "step"), ("adam", "decay-from:1000"), ("adam", "")] {
      #expect(throws: MetricLearningError.self) {
        try options.set(optimizer: optimizer, schedule: schedule, rate: 1e-3)
      }
    }
    #expect(throws: MetricLearningError.self) { try options.set(optimizer: "adam", schedule: "cosine", rate: 0) }
  }
}

@Suite struct `Training of joint layers` {
  @Test(arguments: [PairTarget.absolute, .relative(margin: 1), .relative(margin: nil)])
  func `a joint head and the layers under it learn together`(_ target: PairTarget) throws {
    let design = try HeadDesign("linear:8,plain", start: .orthogonal)
    let head = try design.fit(features: training.features, labels: training.labels, seed: 3)
    let graph = try head.graph()
    var options = FineTuningOptions()
    options.stepCount = 200
    options.schedule = LearningRateSchedule(peak: 3e-3)
    options.threads = 1
    let joint = try PairHead("absdiff,product:16,1")
    let criterion = try PairCriterion(
      joint, target: target, drawing: PairDrawing(pairCount: 32), width: 8, threads: 1, seed: 4)
    var losses: [Double] = []
    let outcome = try FineTuning(
      graph, parameters: ParameterStore(head.parameters),
      trainable: Unfreezing.head.trainable(in: graph, headStart: 1),
      rows: TrainingRows(labels: training.labels) { rows, _ in [training.features.gatheringRows(rows)] },
      criterion: criterion, options: options
    ).run { record in
      losses.append(record.loss)
      return true
    }
    let (early, late) = (losses.prefix(20).reduce(0, +), losses.suffix(20).reduce(0, +))
    #expect(late < 0.6 * early, "\(early) → \(late)")
    // On unseen classes: pairs of one class are more similar than pairs of two.
    let y = try ReferenceEvaluator(graph, parameters: outcome.parameters)([unseen.features])[0]
    let pairs = (0..<80).flatMap { i in (0..<i).map { (i, $0) } }
    let scores = try ReferenceEvaluator(joint.graph(width: 8), parameters: ParameterStore(outcome.criterionState))(
      [y.gatheringRows(pairs.map(\.0)), y.gatheringRows(pairs.map(\.1))])[0].elements
    var (same, different): ([Float], [Float]) = ([], [])
    for (pair, score) in zip(pairs, scores) {
      if unseen.labels[pair.0] == unseen.labels[pair.1] { same.append(score) } else { different.append(score) }
    }
    let median = different.sorted()[different.count / 2]
    #expect(Double(same.count { $0 > median }) > 0.8 * Double(same.count))
  }
}
