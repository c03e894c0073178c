import SiameseGraph
import SiameseInference
import SiameseTensors
import Testing

@testable import SiameseKeras

/// Every layer in every dialect against Keras itself; `Fixtures/make_layers.py` made the numbers.
@Suite struct LayerGoldenTests {
  static let models = Fixtures.names(in: "layers").filter { !$0.hasSuffix(".golden.h5") }

  @Test func `the golden models are there`() { #expect(Self.models.count >= 110) }

  /// Both sides sum in 32 bits but in different orders: 1e-4 of the output's deviation is a hundred times what is seen.
  @Test(arguments: models)
  func `a layer computes what Keras computes`(model: String) throws {
    let path = Fixtures.path("layers/\(model)")
    let golden = model.hasSuffix(".keras") ? path.replacing(".keras", with: ".golden.h5") : path
    let network = try ImportedNetwork.open(path)
    var input = try Fixtures.tensor(golden, "golden/input")
    let expected = try Fixtures.tensor(golden, "golden/output")
    if input.shape.count == 4, Array(input.shape.dropFirst()) != network.inputShape { input = channelsLast(input) }
    let graph = network.graph.pruned(to: network.graph.outputs)
    let plain = try ReferenceEvaluator(graph, parameters: network.parameters)([input])[0]
    #expect(deviation(plain, expected) < 1e-4, "the plain evaluator")
    let plan = try InferencePlan(graph, parameters: network.parameters, batch: input.rowCount, options: PlanOptions())
    #expect(deviation(try plan([input])[0], expected) < 1e-4, "the inference plan")
  }

  /// What the graph takes for a model that takes `[C, H, W]`.
  private func channelsLast(_ map: Tensor) -> Tensor {
    let (count, channels, height, width) = (map.shape[0], map.shape[1], map.shape[2], map.shape[3])
    var result = Tensor(shape: [count, height, width, channels])
    for n in 0..<count {
      for c in 0..<channels {
        for position in 0..<height * width {
          result.elements[(n * height * width + position) * channels + c] =
            map.elements[(n * channels + c) * height * width + position]
        }
      }
    }
    return result
  }

  @Test(arguments: models.filter { $0.hasPrefix("keras3") && $0.hasSuffix(".h5") })
  func `a model that was read can be written and read again`(model: String) throws {
    let network = try ImportedNetwork.open(Fixtures.path("layers/\(model)"))
    let graph = network.graph.pruned(to: network.graph.outputs)
    var generator = SeededGenerator(seed: 4)
    let shape = [2] + network.inputShape
    let input = Tensor(shape: shape, elements: (0..<shape.reduce(1, *)).map { _ in generator.normal() })
    let expected = try ReferenceEvaluator(graph, parameters: network.parameters)([input])[0]
    for name in ["written.h5", "written.keras"] {
      try Fixtures.temporary(name) { path in
        try ImportedNetwork.write(graph, parameters: network.parameters, to: path)
        let again = try ImportedNetwork.open(path)
        let pruned = again.graph.pruned(to: again.graph.outputs)
        let found = try ReferenceEvaluator(pruned, parameters: again.parameters)([input])[0]
        #expect(deviation(found, expected) < 1e-4, "\(name)")
      }
    }
  }
}
