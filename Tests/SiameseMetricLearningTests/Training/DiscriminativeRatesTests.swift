import SiameseGraph
import SiameseMetricLearning
import SiameseTensors
import SiameseTraining
import Testing

/// A backbone of four layers and a head, trained by plain gradient descent: how far each layer moves is its rate.
@Suite struct `Rates layer by layer` {
  private let names = ["a", "b", "c", "d"]

  /// How far each layer is from its start after so many steps, from the picture to the head.
  private func moved(steps: Int, _ change: (inout FineTuningOptions) -> Void) throws -> [Float] {
    var graph = Graph()
    var last = try graph.add("features", .input(shape: [5]))
    for name in names { last = try graph.add(name, .dense(units: 5, bias: false, activation: .linear), [last]) }
    last = try graph.add("embedding", .dense(units: 3, bias: false, activation: .linear), [last])
    graph.outputs = [last]
    var start: [String: Tensor] = [:]
    for (index, weight) in graph.parameterShapes.enumerated() {
      start[weight.path] = randomTensor(weight.shape, seed: 20 + UInt64(index), scale: 0.4)
    }
    let features = randomTensor([24, 5], seed: 1)
    var options = FineTuningOptions()
    (options.stepCount, options.classesPerBatch, options.picturesPerClass) = (steps, 4, 3)
    options.rule = .sgd()
    options.schedule = LearningRateSchedule(peak: 1e-2)
    options.threads = 1
    change(&options)
    let run = try FineTuning(
      graph, parameters: ParameterStore(start), trainable: Unfreezing.all.trainable(in: graph, headStart: 5),
      rows: TrainingRows(labels: (0..<24).map { $0 / 4 }) { rows, _ in [features.gatheringRows(rows)] },
      criterion: ObjectiveCriterion(try Objective(loss: "triplet:soft"), classCount: 6, width: 3, seed: 1),
      options: options)
    let outcome = try run.run { _ in true }
    return try (names + ["embedding"]).map { (name: String) -> Float in
      let path = "\(name)/kernel"
      let (end, begin) = (try outcome.parameters.tensor(path).elements, start[path]?.elements ?? [])
      var sum: Float = 0
      for k in end.indices { sum += (end[k] - begin[k]) * (end[k] - begin[k]) }
      return sum.squareRoot()
    }
  }

  @Test func `the backbone's rate is a share of the head's, each layer's a share of the next one's`() throws {
    let even = try moved(steps: 1) { $0.backboneRate = 1 }
    let slower = try moved(steps: 1) { ($0.backboneRate, $0.layerDecay) = (0.1, 0.5) }
    #expect(even.allSatisfy { $0 > 1e-4 })
    let shares: [Float] = [0.0125, 0.025, 0.05, 0.1, 1]
    for (layer, share) in shares.enumerated() {
      #expect(abs(slower[layer] / even[layer] - share) < 0.02 * share, "layer \(layer)")
    }
  }

  @Test func `with gradual unfreezing the layers nearest the head move first`() throws {
    func moving(_ steps: Int) throws -> [Bool] {
      try moved(steps: steps) { ($0.backboneRate, $0.gradualSteps) = (1, 3) }.map { $0 > 0 }
    }
    #expect(try moving(3) == [false, false, false, false, true])
    #expect(try moving(4) == [false, false, false, true, true])
    #expect(try moving(7) == [false, false, true, true, true])
    #expect(try moving(13) == [true, true, true, true, true])
  }
}
