import SiameseGraph
import SiameseTensors
import SiameseTestSupport
import Testing

@testable import SiameseInference
@testable import SiameseOneDNN
@testable import SiameseTraining

struct TrainingLoweringTests {
  /// What a small network with copies of values in other layouts is lowered to.
  private func network() throws -> (graph: Graph, store: ParameterStore) {
    var random = SeededGenerator(seed: 3)
    var graph = Graph()
    let x = try graph.add("x", .input(shape: [8, 8, 3]))
    let c = try graph.add("c", TrainingPlanTests.convolution(16, 3), [x])
    let n = try graph.add("n", TrainingPlanTests.normalization, [c])
    // Takes the map in Keras' order, and so needs a copy of it.
    let l = try graph.add("l", .layerNormalization(epsilon: 1e-5, scale: true, center: true), [n])
    let d = try graph.add("d", .dropout(rate: 0.3), [l])
    let sum = try graph.add("sum", .elementwise(.add), [d, n])
    graph.outputs = [try graph.add("mean", .globalPooling(.average, keepsDimensions: false), [sum])]
    return (graph, ParameterStore.seeded(for: graph, &random))
  }

  @Test(arguments: [Recomputation.never, .segments(2)])
  func `a plan and all that it holds are freed with the last reference`(_ recomputation: Recomputation) throws {
    weak var plan: TrainingPlan?
    weak var program: AnyObject?
    weak var steps: AnyObject?
    weak var weights: AnyObject?
    weak var run: TrainingRun?
    weak var parameters: TrainingParameters?
    do {
      let (graph, store) = try network()
      let made = try TrainingPlan(graph, store, batch: 2, options: TrainingOptions(recomputation: recomputation))
      let output = try made.forward([Tensor(shape: [2, 8, 8, 3], repeating: 1)])[0]
      try made.backward([output])
      (plan, program, steps) = (made, made.program, made.lowered.program)
      (weights, run, parameters) = (made.lowered.weights, made.lowered.run, made.parameters)
      #expect(plan != nil && program != nil && steps != nil && weights != nil && run != nil && parameters != nil)
    }
    #expect(plan == nil && program == nil && steps == nil && weights == nil && run == nil && parameters == nil)
  }

  #if arch(x86_64)
    /// Which layouts oneDNN has fast code for depends on channels, kernel and processor: pictures with one channel had none
    /// on processors without AVX-512 in the layout of the network's first map.
    @Test(arguments: [1, 2, 3, 4, 8, 24], [1, 3, 5])
    func `no gradient of a convolution is left to oneDNN's plain loops`(channels: Int, kernel: Int) throws {
      for stride in [1, 2] {
        var random = SeededGenerator(seed: 1)
        var graph = Graph()
        let x = try graph.add("x", .input(shape: [12, 11, channels]))
        graph.outputs = [try graph.add("c", TrainingPlanTests.convolution(32, kernel, stride: stride), [x])]
        let store = ParameterStore.seeded(for: graph, &random)
        let plan = try TrainingPlan(graph, store, batch: 4, options: TrainingOptions(inputGradients: true))
        let convolutions = plan.lowered.program.steps.filter {
          ["convolution", "gradient of weights", "gradient of data"].contains($0.kind)
        }
        #expect(convolutions.count == 3)
        for step in convolutions {
          guard case .primitive(let primitive) = step.work else { continue }
          #expect(
            primitive.description.kind != .reference,
            "\(step.kind), stride \(stride): \(primitive.description.implementation)")
        }
      }
    }
  #endif

  @Test func `a lowering is freed once its program is made`() throws {
    weak var weights: AnyObject?
    weak var run: TrainingRun?
    weak var parameters: TrainingParameters?
    do {
      let (graph, store) = try network()
      let own = try TrainingParameters(graph, store)
      var lowering = try TrainingLowering(graph, own, batch: 2, options: TrainingOptions())
      let segments = graph.segments(1)
      // The tape is full here: its entries know values, and values nothing of it.
      try lowering.forward(segments: segments)
      (weights, run, parameters) = (lowering.weights, lowering.run, own)
      #expect(weights != nil && run != nil && parameters != nil)
    }
    #expect(weights == nil && run == nil && parameters == nil)
  }

  @Test func `the last rule takes what no other does, and only that`() throws {
    func rule(_ operation: SiameseGraph.Operation, _ shapes: [Int]...) throws -> String {
      var graph = Graph()
      let inputs = try shapes.enumerated().map { try graph.add("x\($0)", .input(shape: $1)) }
      let node = try graph.add("node", operation, inputs)
      graph.outputs = [node]
      var random = SeededGenerator(seed: 1)
      let parameters = try TrainingParameters(graph, ParameterStore.seeded(for: graph, &random))
      let lowering = try TrainingLowering(
        graph, parameters, batch: 2, options: TrainingOptions(inputGradients: true))
      let context = TrainingNode(facts: lowering.facts, index: node, inputs: inputs.compactMap { lowering.values[$0] })
      let first = try #require(TrainingTable.rules.first { $0.init(context) != nil })
      return "\(first)"
    }
    #expect(try rule(.softmax, [9]) == "PlainRule")
    #expect(
      try rule(.groupNormalization(groups: 2, epsilon: 1e-3, scale: true, center: true), [4, 4, 8]) == "PlainRule")
    #expect(try rule(.elementwise(.maximum), [7], [7]) == "PlainRule")
    #expect(try rule(.elementwise(.multiply), [4, 4, 5], [4, 4, 1]) == "PlainRule")
    #expect(try rule(.elementwise(.multiply), [4, 4, 5], [1, 1, 5]) == "ExcitationRule")
    #expect(try rule(.elementwise(.multiply), [4, 4, 5], [4, 4, 5]) == "ProductRule")
    #expect(try rule(.elementwise(.add), [4, 4, 5], [4, 4, 5]) == "AdditionRule")
    #expect(try rule(.dropout(rate: 0), [5]) == "IdentityRule")
    #expect(try rule(.dropout(rate: 0.5), [5]) == "DropoutRule")
    #expect(try rule(TrainingPlanTests.convolution(8, 3), [4, 4, 5]) == "ConvolutionRule")
  }
}
