import SiameseGraph
import SiameseTensors
import SiameseTestSupport
import Testing

/// What passes attach to nodes: the plain evaluator honours it, and every pass leaves the outputs as they were.
@Suite struct PassTests {
  /// The outputs and all gradients of a graph, the outputs' own gradients being seeded.
  private func results(_ graph: Graph, _ parameters: ParameterStore) throws -> [Tensor] {
    let inputs = randomInputs(graph, batch: 2)
    let evaluator = try ReferenceEvaluator(graph, parameters: parameters)
    let outputs = evaluator(inputs)
    var random = SeededGenerator(seed: 4)
    let gradients = evaluator.gradients(inputs, outputs.map { Tensor.normal($0.shape, &random) })
    return outputs + gradients.inputs + gradients.parameters.sorted { $0.key < $1.key }.map(\.value)
  }

  private func expectEqual(_ rewritten: Graph, _ graph: Graph) throws {
    let parameters = randomParameters(graph)
    let (found, expected) = (try results(rewritten, parameters), try results(graph, parameters))
    #expect(found.count == expected.count)
    for (found, expected) in zip(found, expected) { #expect(difference(found, expected) < 1e-5) }
  }

  /// `tanh(x + affine(x))`, then ReLU of a scale.
  private func sums() throws -> Graph {
    var graph = Graph()
    let x = try graph.add("x", .input(shape: [3, 2, 4]))
    let scaled = try graph.add("scaled", .affine(scale: true, offset: true), [x])
    let sum = try graph.add("sum", .elementwise(.add), [x, scaled])
    let bent = try graph.add("tanh", .activation(.tanh), [sum])
    let last = try graph.add("last", .affine(scale: true, offset: true), [bent])
    graph.outputs = [try graph.add("relu", .activation(.relu), [last])]
    return graph
  }

  @Test func `an activation is attached to the sum or scale that it alone takes`() throws {
    let graph = try sums()
    let attached = try graph.attachingActivations()
    #expect(attached.nodes.map(\.name) == ["x", "scaled", "sum", "last"])
    #expect(attached.nodes.map(\.activation) == [.linear, .linear, .tanh, .relu])
    try expectEqual(attached, graph)
  }

  @Test func `only what the caller can apply is attached`() throws {
    let attached = try sums().attachingActivations { $1 == .relu && $0 == .affine(scale: true, offset: true) }
    #expect(attached.nodes.map(\.name) == ["x", "scaled", "sum", "tanh", "last"])
  }

  @Test func `an output or a value with other readers keeps its activation apart`() throws {
    var graph = Graph()
    let x = try graph.add("x", .input(shape: [3]))
    let sum = try graph.add("sum", .elementwise(.add), [x, x])
    let relu = try graph.add("relu", .activation(.relu), [sum])
    graph.outputs = [sum, relu]
    #expect(try graph.attachingActivations() == graph)
    graph.outputs = [try graph.add("both", .elementwise(.multiply), [sum, relu])]
    #expect(try graph.attachingActivations() == graph)
  }

  @Test func `copies and later passes keep an attached activation`() throws {
    let attached = try sums().attachingActivations()
    let copied = try attached.rewritten { rewriter, index, _ throws(GraphError) in try rewriter.copy(index) }
    #expect(copied == attached)
    let pruned = attached.pruned(to: [2])
    #expect(pruned.nodes[2].activation == .tanh)
    let again = try InferenceGraph(attached, parameters: randomParameters(attached))
    #expect(again.graph.nodes.map(\.activation) == attached.nodes.map(\.activation))
    try expectEqual(again.graph, attached)
  }

  @Test func `a convolution whose activation is attached is not folded or given another`() throws {
    var graph = Graph()
    let x = try graph.add("x", .input(shape: [4, 4, 2]))
    let c = try graph.add("c", .convolution(Convolution(filters: 3, kernel: Size(1))), [x], activation: .tanh)
    let norm = try graph.add("norm", .affine(scale: true, offset: true), [c])
    let d = try graph.add("d", .convolution(Convolution(filters: 3, kernel: Size(1))), [norm], activation: .tanh)
    let sum = try graph.add("sum", .elementwise(.add), [norm, d])
    let e = try graph.add("e", .convolution(Convolution(filters: 3, kernel: Size(1))), [sum], activation: .tanh)
    graph.outputs = [try graph.add("relu", .activation(.relu), [e])]
    let parameters = randomParameters(graph)
    let rewritten = try InferenceGraph(graph, parameters: parameters)
    let inputs = randomInputs(graph, batch: 2)
    let found = try ReferenceEvaluator(rewritten.graph, parameters: rewritten.parameters)(inputs)
    let expected = try ReferenceEvaluator(graph, parameters: parameters)(inputs)
    #expect(difference(found[0], expected[0]) < 1e-5)
  }

  @Test func `a convolution's activation of its input comes before its padding`() throws {
    for activation in [Activation.silu, .sigmoid] {
      var fused = Convolution(filters: 2, kernel: Size(3), padding: .same)
      fused.inputActivation = activation
      var plain = Graph()
      let x = try plain.add("x", .input(shape: [4, 5, 2]))
      let bent = try plain.add("bent", .activation(activation), [x])
      plain.outputs = [
        try plain.add("c", .convolution(Convolution(filters: 2, kernel: Size(3), padding: .same)), [bent])
      ]
      var graph = Graph()
      let input = try graph.add("x", .input(shape: [4, 5, 2]))
      graph.outputs = [try graph.add("c", .convolution(fused), [input])]
      try expectEqual(graph, plain)
    }
  }

  @Test(arguments: [Activation.silu, .sigmoid])
  func `padding is absorbed only where the convolution's activation of its input leaves zeros`(
    _ activation: Activation
  ) throws {
    var convolution = Convolution(filters: 2, kernel: Size(3))
    convolution.inputActivation = activation
    let graph = try chain([3, 3, 2], .zeroPadding(EdgeInsets(top: 1, left: 2)), .convolution(convolution))
    let absorbed = try graph.absorbingPadding()
    #expect(absorbed.nodes.count == (activation == .silu ? 2 : 3))
    try expectEqual(absorbed, graph)
  }

  /// One round for each of them would take minutes, and their readers would call each other ten thousand deep.
  @Test func `a convolution takes in a long run of scales at once`() throws {
    var graph = Graph()
    let x = try graph.add("x", .input(shape: [2, 2, 3]))
    let c = try graph.add("c", .convolution(Convolution(filters: 2, kernel: Size(1), bias: false)), [x])
    var last = try graph.add("norm", .batchNormalization(epsilon: 1e-3, momentum: 0.9, scale: true, center: true), [c])
    last = try graph.add("affine", .affine(scale: true, offset: true), [last])
    for index in 0..<10_000 { last = try graph.add("scale\(index)", .linear(scale: 1, offset: 0.001), [last]) }
    graph.outputs = [last]
    let parameters = randomParameters(graph)
    let folded = try InferenceGraph(graph, parameters: parameters)
    #expect(folded.graph.nodes.map(\.name) == ["x", "c"])
    let inputs = randomInputs(graph, batch: 2)
    let found = try ReferenceEvaluator(folded.graph, parameters: folded.parameters)(inputs)
    let expected = try ReferenceEvaluator(graph, parameters: parameters)(inputs)
    #expect(difference(found[0], expected[0]) < 1e-3)
  }
}
