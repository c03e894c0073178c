import SiameseGraph
import SiameseInference
import SiameseTensors
import SiameseTestSupport
import Testing

/// Every pass leaves the outputs equal, and does what it is for.
struct InferencePassTests {
  private func expectEqual(
    _ graph: Graph, _ parameters: ParameterStore, _ other: Graph, _ otherParameters: ParameterStore
  )
    throws
  {
    let inputs = randomInputs(graph, batch: 2)
    let expected = try ReferenceEvaluator(graph, parameters: parameters)(inputs)
    let found = try ReferenceEvaluator(other, parameters: otherParameters)(inputs)
    for (found, expected) in zip(found, expected) { #expect(difference(found, expected) < 1e-5) }
    let plan = try InferencePlan(graph, parameters: parameters, batch: 2, options: PlanOptions())
    for (found, expected) in zip(try plan(inputs), expected) { #expect(difference(found, expected) < 1e-4) }
  }

  @Test func `Training-only nodes go`() throws {
    let graph = try chain(
      [6], .dropout(rate: 0.5), .identity, .dense(units: 2, bias: true, activation: .linear),
      .stochasticDepth(rate: 0.1))
    let parameters = randomParameters(graph)
    let dropped = try graph.droppingTrainingOnlyNodes()
    #expect(dropped.nodes.count == 2)
    try expectEqual(graph, parameters, dropped, parameters)
  }

  @Test func `Batch normalisation folds into convolution, depthwise convolution and dense`() throws {
    let normalization = Operation.batchNormalization(epsilon: 1e-3, momentum: 0.9, scale: true, center: true)
    let graph = try chain(
      [6, 5, 4], .convolution(Convolution(filters: 8, kernel: Size(3), bias: false)), normalization,
      .activation(.relu), .convolution(Convolution(filters: 16, kernel: Size(3), groups: 8)), normalization,
      .linear(scale: 0.5, offset: 0.1), .globalPooling(.average, keepsDimensions: false),
      .dense(units: 3, bias: false, activation: .linear), normalization)
    let parameters = randomParameters(graph)
    let folded = try InferenceGraph(graph, parameters: parameters)
    #expect(folded.graph.nodes.map(\.name) == ["input", "layer0", "layer3", "layer6", "layer7"])
    try expectEqual(graph, parameters, folded.graph, folded.parameters)
  }

  @Test func `Batch normalisation that follows nothing to fold into becomes scale and offset`() throws {
    let normalization = Operation.batchNormalization(epsilon: 1e-3, momentum: 0.9, scale: false, center: true)
    let graph = try chain([6, 5, 4], normalization, .activation(.relu), normalization)
    let parameters = randomParameters(graph)
    let folded = try InferenceGraph(graph, parameters: parameters)
    #expect(folded.graph.nodes[1].operation == .affine(scale: true, offset: true))
    try expectEqual(graph, parameters, folded.graph, folded.parameters)
  }

  @Test func `A convolution whose output others need keeps its normalisation`() throws {
    var graph = Graph()
    let input = try graph.add("input", .input(shape: [4, 4, 3]))
    let a = try graph.add("a", .convolution(Convolution(filters: 3, kernel: Size(1))), [input])
    let b = try graph.add("b", .batchNormalization(epsilon: 1e-3, momentum: 0.9, scale: true, center: true), [a])
    graph.outputs = [b, a]
    let parameters = randomParameters(graph)
    let folded = try InferenceGraph(graph, parameters: parameters)
    #expect(folded.graph.nodes.count == 3)
    try expectEqual(graph, parameters, folded.graph, folded.parameters)
  }

  @Test func `Padding is absorbed by convolutions, and by a maximum where nothing is negative`() throws {
    let padding = Operation.zeroPadding(EdgeInsets(top: 1, bottom: 0, left: 2, right: 1))
    let graph = try chain(
      [9, 9, 3], padding,
      .convolution(Convolution(filters: 4, kernel: Size(3), strides: Size(2), padding: .same, activation: .relu)),
      padding, .pooling(Pooling(.maximum, window: Size(3), strides: Size(2))))
    let parameters = randomParameters(graph)
    let absorbed = try graph.absorbingPadding()
    #expect(absorbed.nodes.count == 3)
    try expectEqual(graph, parameters, absorbed, parameters)

    let signed = try chain([9, 9, 3], padding, .pooling(Pooling(.maximum, window: Size(3), strides: Size(2))))
    #expect(try signed.absorbingPadding() == signed)
    let average = try chain(
      [9, 9, 3], .activation(.relu), padding, .pooling(Pooling(.average, window: Size(3), strides: Size(2))))
    #expect(try average.absorbingPadding() == average)
  }

  @Test func `Residual sums and activations are done by the convolution`() throws {
    var graph = Graph()
    let input = try graph.add("input", .input(shape: [6, 6, 8]))
    let a = try graph.add("a", .convolution(Convolution(filters: 8, kernel: Size(3), padding: .same)), [input])
    let b = try graph.add("b", .elementwise(.add), [input, a])
    let c = try graph.add("c", .activation(.relu), [b])
    let d = try graph.add("d", .convolution(Convolution(filters: 8, kernel: Size(1))), [c])
    let e = try graph.add("e", .convolution(Convolution(filters: 8, kernel: Size(1))), [c])
    let f = try graph.add("f", .elementwise(.add), [d, e])
    let g = try graph.add("g", .activation(.silu), [f])
    let h = try graph.add("h", .elementwise(.add), [g, c])
    graph.outputs = [h]
    let parameters = randomParameters(graph)
    let fused = try InferenceGraph(graph, parameters: parameters)
    #expect(fused.graph.nodes.map(\.name) == ["input", "a", "d", "e", "h"])
    guard case .convolution(let last) = fused.graph.nodes[3].operation else { return #expect(Bool(false)) }
    #expect(last.residual && last.activation == .silu)
    try expectEqual(graph, parameters, fused.graph, fused.parameters)
  }

  @Test func `A residual that is needed again later is not overwritten`() throws {
    var graph = Graph()
    let input = try graph.add("input", .input(shape: [6, 6, 16]))
    let start = try graph.add("start", .activation(.relu), [input])
    let a = try graph.add("a", .convolution(Convolution(filters: 16, kernel: Size(1))), [start])
    let b = try graph.add("b", .elementwise(.add), [start, a])
    let c = try graph.add("c", .convolution(Convolution(filters: 16, kernel: Size(1))), [b])
    let d = try graph.add("d", .elementwise(.add), [start, c])
    graph.outputs = [d, b]
    let parameters = randomParameters(graph)
    let fused = try InferenceGraph(graph, parameters: parameters)
    try expectEqual(graph, parameters, fused.graph, fused.parameters)
  }
}
