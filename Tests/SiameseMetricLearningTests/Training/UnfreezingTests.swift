import SiameseGraph
import SiameseMetricLearning
import SiameseTensors
import Testing

/// Two stages of a convolution with batch normalisation, and a head.
private func network() throws -> (graph: Graph, headStart: Int) {
  var graph = Graph()
  var last = try graph.add("picture", .input(shape: [8, 8, 3]))
  for stage in 1...3 {
    last = try graph.add(
      "conv\(stage)_a", .convolution(Convolution(filters: 4, kernel: Size(3), padding: .same)), [last])
    last = try graph.add(
      "conv\(stage)_bn", .batchNormalization(epsilon: 1e-3, momentum: 0.9, scale: true, center: true), [last])
    last = try graph.add("conv\(stage)_relu", .activation(.relu), [last])
  }
  last = try graph.add("pool", .globalPooling(.average, keepsDimensions: false), [last])
  let headStart = graph.nodes.count
  graph.outputs = [try HeadDesign("linear:5").add(to: &graph, behind: last, width: 5)]
  return (graph, headStart)
}

@Suite struct `What to unfreeze` {
  @Test func `the words name the weights that train`() throws {
    let (graph, headStart) = try network()
    func layers(_ text: String) throws -> [[String]] {
      try Unfreezing(text).trainable(in: graph, headStart: headStart).backbone
    }
    let (none, head, all) = (try layers("none"), try layers("head"), try layers("all"))
    #expect(none.isEmpty && head.isEmpty && all.count == 6)
    let nothing = try Unfreezing.none.trainable(in: graph, headStart: headStart).head
    let own = try Unfreezing.head.trainable(in: graph, headStart: headStart).head
    #expect(nothing.isEmpty && own == ["head_projection/bias", "head_projection/kernel"])
    // Layers without weights are layers of the head too.
    let named = try Unfreezing.none.trainable(in: graph, headStart: headStart).headLayers
    #expect(named == Set(graph.nodes[headStart...].map(\.name)) && named.contains("embedding"))
    let last = try layers("2")
    #expect(last == [["conv3_a/bias", "conv3_a/kernel"], ["conv3_bn/beta", "conv3_bn/gamma"]])
    let stage = try layers("stage conv2")
    #expect(stage.map { $0[0] } == ["conv2_a/bias", "conv2_bn/beta", "conv3_a/bias", "conv3_bn/beta"])
    let more = try layers("99")
    #expect(more == all)
  }

  @Test func `what is not understood is explained, with the stages there are`() throws {
    let (graph, headStart) = try network()
    for text in ["", "0", "-1", "some", "stage"] {
      #expect(throws: MetricLearningError.self) { _ = try Unfreezing(text) }
    }
    let error = #expect(throws: MetricLearningError.self) {
      _ = try Unfreezing("stage block5").trainable(in: graph, headStart: headStart)
    }
    #expect(error?.description.contains("conv1, conv2, conv3") == true)
  }

  @Test func `the frozen prefix and the rest together are the network`() throws {
    let (graph, headStart) = try network()
    var generator = SeededGenerator(seed: 1)
    var store = ParameterStore()
    for (path, shape) in graph.parameterShapes {
      store.set(
        path, Tensor(shape: shape, elements: (0..<shape.reduce(1, *)).map { _ in 0.5 + 0.1 * generator.normal() }))
    }
    let x = randomTensor([3, 8, 8, 3], seed: 2)
    let expected = try ReferenceEvaluator(graph, parameters: store)([x])[0]
    for text in ["head", "1", "3", "stage conv2"] {
      let chosen = try Unfreezing(text).trainable(in: graph, headStart: headStart)
      let trainable = chosen.paths
      let split = try #require(try graph.split(beforeTraining: trainable))
      #expect(Set(split.prefix.parameterShapes.map(\.path)).isDisjoint(with: trainable))
      let kept = try ReferenceEvaluator(split.prefix, parameters: store)([x])
      let found = try ReferenceEvaluator(split.rest, parameters: store)(kept)[0]
      #expect(found == expected, "\(text)")
    }
    let all = try Unfreezing.all.trainable(in: graph, headStart: headStart)
    let whole = try graph.split(beforeTraining: all.paths)
    #expect(whole == nil)
  }
}
