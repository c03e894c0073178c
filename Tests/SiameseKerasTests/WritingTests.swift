import SiameseGraph
import SiameseTensors
import Testing

@testable import SiameseKeras

@Suite struct WritingTests {
  /// A network with a head as training leaves it: what Keras spells differently is all here.
  private func network() throws -> (Graph, ParameterStore) {
    var graph = Graph()
    let image = try graph.add("image", .input(shape: [6, 6, 4]))
    var x = try graph.add(
      "stem/conv", .convolution(Convolution(filters: 4, kernel: Size(3), groups: 4, activation: .relu6)), [image])
    x = try graph.add("norm", .localResponseNormalization(radius: 2, bias: 1, alpha: 0.1, beta: 0.75), [x])
    x = try graph.add("scaled", .affine(scale: true, offset: true), [x])
    let shared: [ParameterRole: String] = [.kernel: "twice/kernel"]
    let twice = Operation.convolution(Convolution(filters: 4, kernel: Size(1), bias: false))
    x = try graph.add("twice", twice, [x], parameters: shared)
    x = try graph.add("twice:2", twice, [x], parameters: shared)
    x = try graph.add("gate", .activation(.hardSigmoid(slope: 0.2, offset: 0.5)), [x])
    x = try graph.add("cut", .slice(start: 1, count: 2), [x])
    x = try graph.add("drop", .stochasticDepth(rate: 0.1), [x])
    x = try graph.add("flat", .reshape(shape: [-1]), [x])
    x = try graph.add("head_root", .activation(.signedSquareRoot), [x])
    x = try graph.add("head_dense", .dense(units: 5, bias: true, activation: .linear), [x])
    x = try graph.add("head_norm", .batchNormalization(epsilon: 1e-3, momentum: 0.9, scale: true, center: true), [x])
    x = try graph.add("head_square", .activation(.square), [x])
    x = try graph.add("embedding", .unitNormalization(epsilon: 1e-12), [x])
    graph.outputs = [x]
    var generator = SeededGenerator(seed: 9)
    var store = ParameterStore()
    for (path, shape) in graph.parameterShapes {
      let elements = (0..<shape.reduce(1, *)).map { _ in
        path.hasSuffix("moving_variance") ? 0.5 + generator.uniform() : generator.normal()
      }
      store.set(path, Tensor(shape: shape, elements: elements))
    }
    return (graph, store)
  }

  @Test(arguments: ["model.h5", "model.keras"])
  func `a fine-tuned network is the same after writing and reading`(name: String) throws {
    let (graph, store) = try network()
    var generator = SeededGenerator(seed: 1)
    let input = Tensor(shape: [2, 6, 6, 4], elements: (0..<288).map { _ in generator.normal() })
    let expected = try ReferenceEvaluator(graph, parameters: store)([input])[0]
    try Fixtures.temporary(name) { path in
      try ImportedNetwork.write(graph, parameters: store, to: path) { root in
        try root.group("siamese").setAttribute("format", "1")
      }
      let again = try ImportedNetwork.open(path)
      #expect(again.layers.filter { $0.name == "twice" }.first?.nodes.count == 2, "shared weights stay shared")
      #expect(again.featureLayer == "embedding")
      let found = try ReferenceEvaluator(again.embedding(), parameters: again.parameters)([input])[0]
      #expect(deviation(found, expected) < 1e-4)
      #expect(try KerasFile.open(path).hdf5.root.group("siamese").string("format") == "1")
    }
  }

  @Test func `what Keras cannot express is refused by name`() throws {
    var graph = Graph()
    let image = try graph.add("image", .input(shape: [6, 6, 4]))
    graph.outputs = [
      try graph.add("odd", .localResponseNormalization(radius: 2, bias: 1, alpha: 1, beta: 0.6), [image])
    ]
    do {
      try ImportedNetwork.write(graph, parameters: ParameterStore(), to: "/nowhere/model.h5")
      Issue.record("it was written")
    } catch {
      #expect("\(error)".contains("'odd'"))
    }
  }

  @Test func `a network drawn for the catalogue can be written whole`() throws {
    let builder = try #require(Architecture.named("MobileNetV3Small-minimalistic")).build(classes: 1000)
    var store = ParameterStore(builder.constants)
    for (path, shape) in builder.graph.parameterShapes where store.shape(of: path) == nil {
      store.set(path, Tensor(shape: shape, repeating: 0.1))
    }
    try Fixtures.temporary("model.h5") { path in
      try ImportedNetwork.write(builder.graph, parameters: store, to: path)
      let again = try ImportedNetwork.open(path)
      #expect(again.architecture == "MobileNetV3Small-minimalistic")
      #expect(again.preprocessing == .none)
    }
  }
}
