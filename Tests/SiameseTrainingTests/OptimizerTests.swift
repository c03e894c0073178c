import Foundation
import SiameseGraph
import SiameseTensors
import SiameseTestSupport
import SiameseTraining
import Testing

@Suite struct OptimizerTests {
  /// Weights `[1, 2]` of which the gradient is `[0.5, −1]`.
  func parameters() throws -> (TrainingParameters, TrainingPlan) {
    var graph = Graph()
    let x = try graph.add("x", .input(shape: [2]))
    graph.outputs = [try graph.add("d", .dense(units: 1, bias: false, activation: .linear), [x])]
    let store = ParameterStore(["d/kernel": Tensor(shape: [2, 1], elements: [1, 2])])
    let plan = try TrainingPlan(graph, store, batch: 1)
    return (plan.parameters, plan)
  }

  func step(_ optimizer: inout Optimizer, _ plan: TrainingPlan, rate: Float) throws -> [Float] {
    _ = try plan.forward([Tensor(shape: [1, 2], elements: [0.5, -1])])
    try plan.backward([Tensor(shape: [1, 1], elements: [1])])
    optimizer.step(plan.parameters, rate: rate)
    return try #require(plan.parameters["d/kernel"]).elements
  }

  func expectClose(_ found: [Float], _ expected: [Float]) {
    #expect(zip(found, expected).allSatisfy { abs($0 - $1) < 1e-6 }, "\(found) is not \(expected)")
  }

  @Test func `plain gradient descent`() throws {
    let (_, plan) = try parameters()
    var optimizer = Optimizer(.sgd())
    expectClose(try step(&optimizer, plan, rate: 0.1), [0.95, 2.1])
  }

  @Test func `momentum and Nesterov's look-ahead`() throws {
    let (_, plan) = try parameters()
    var optimizer = Optimizer(.sgd(momentum: 0.9))
    expectClose(try step(&optimizer, plan, rate: 0.1), [0.95, 2.1])
    expectClose(try step(&optimizer, plan, rate: 0.1), [0.855, 2.29])
    let (_, other) = try parameters()
    var nesterov = Optimizer(.sgd(momentum: 0.9, nesterov: true))
    expectClose(try step(&nesterov, other, rate: 0.1), [0.905, 2.19])
  }

  @Test func `Adam's first step has the length of the rate`() throws {
    let (_, plan) = try parameters()
    var optimizer = Optimizer(.adam())
    expectClose(try step(&optimizer, plan, rate: 0.1), [0.9, 2.1])
    expectClose(try step(&optimizer, plan, rate: 0.1), [0.8, 2.2])
  }

  @Test func `AdamW decays weights apart from the gradient`() throws {
    let (_, plan) = try parameters()
    var optimizer = Optimizer(.adamW(), weightDecay: 0.1)
    expectClose(try step(&optimizer, plan, rate: 0.1), [0.99 - 0.1, 1.98 + 0.1])
  }

  @Test func `RMSprop divides by the root of the mean square`() throws {
    let (_, plan) = try parameters()
    var optimizer = Optimizer(.rmsprop(decay: 0.9, epsilon: 0))
    let length = 0.1 / Float(0.1).squareRoot()
    expectClose(try step(&optimizer, plan, rate: 0.1), [1 - length, 2 + length])
  }

  @Test func `a group has a rate of its own`() throws {
    let (_, plan) = try parameters()
    var optimizer = Optimizer(.sgd(), groups: [ParameterGroup(paths: ["d/kernel"], rate: 0.1)])
    expectClose(try step(&optimizer, plan, rate: 0.1), [0.995, 2.01])
  }

  @Test(arguments: [Optimizer.Rule.sgd(momentum: 0.9), .adam(), .adamW(), .rmsprop(momentum: 0.5)])
  func `a saved state continues bit by bit`(_ rule: Optimizer.Rule) throws {
    let (_, plan) = try parameters()
    var optimizer = Optimizer(rule)
    for _ in 0..<3 { _ = try step(&optimizer, plan, rate: 0.01) }
    let weights = plan.parameters.state, arrays = optimizer.arrays
    let expected = try (0..<3).map { _ in try step(&optimizer, plan, rate: 0.01) }
    var restored = Optimizer(rule)
    restored.arrays = arrays
    plan.parameters.state = weights
    #expect(try (0..<3).map { _ in try step(&restored, plan, rate: 0.01) } == expected)
    #expect(restored == optimizer)
  }

  @Test func `long gradients are shortened, short ones are not`() throws {
    let (parameters, plan) = try parameters()
    var optimizer = Optimizer(.sgd())
    _ = try step(&optimizer, plan, rate: 0)
    let length = Float(1.25).squareRoot()
    #expect(abs(parameters.clipGradients(norm: 2) - length) < 1e-6)
    #expect(parameters.gradient("d/kernel")?.elements == [0.5, -1])
    parameters.clipGradients(norm: 0.5)
    #expect(abs(parameters.gradientNorm - 0.5) < 1e-6)
  }

  @Test func `the average follows the weights`() throws {
    let (parameters, _) = try parameters()
    var average = WeightAverage(decay: 0.5)
    average.update(parameters)
    #expect(average.arrays["d/kernel"]?.elements == [1, 2])
    parameters["d/kernel"] = Tensor(shape: [2, 1], elements: [5, 2])
    average.update(parameters)
    // The second decay is (1 + 2) / (10 + 2).
    #expect(average.arrays["d/kernel"]?.elements == [4, 2])
  }

  @Test func `rates run as their papers say`() {
    #expect(LearningRateSchedule(peak: 0.1).rate(at: 1000) == 0.1)
    let cosine = LearningRateSchedule(peak: 2, .cosine(stepCount: 101, final: 0.5))
    #expect(cosine.rate(at: 0) == 2)
    #expect(abs(cosine.rate(at: 50) - 1.5) < 1e-6)
    #expect(abs(cosine.rate(at: 100) - 1) < 1e-6)
    let decay = LearningRateSchedule(peak: 1, .exponentialDecay(from: 100, to: 200))
    #expect(decay.rate(at: 100) == 1)
    #expect(abs(decay.rate(at: 150) - pow(0.001, 0.5)) < 1e-6)
    #expect(abs(decay.rate(at: 300) - 0.001) < 1e-6)
    let cycle = LearningRateSchedule(peak: 1, .oneCycle(stepCount: 100))
    #expect(abs(cycle.rate(at: 0) - 0.04) < 1e-6)
    #expect(abs(cycle.rate(at: 29) - 1) < 1e-6)
    #expect(cycle.rate(at: 99) < 1e-5)
    let warm = LearningRateSchedule(peak: 1, warmUpStepCount: 4)
    #expect((0..<5).map(warm.rate(at:)) == [0.25, 0.5, 0.75, 1, 1])
  }
}
