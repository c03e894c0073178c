import SiameseGraph
import SiameseTensors
import Testing

@testable import SiameseKeras

@Suite struct ArchitectureInitializationTests {
  @Test func `conv4 from scratch turns a picture into 576 numbers, and paper around the ink into zeros`() throws {
    let (graph, parameters) = try Architecture.find("conv4").untrained(seed: 1)
    try parameters.validate(for: graph)
    let evaluator = try ReferenceEvaluator(graph, parameters: parameters)
    let paper = evaluator([Tensor(shape: [1, 48, 48, 1], repeating: 255)])[0]
    #expect(paper.shape == [1, 576])
    #expect(paper.elements.allSatisfy { abs($0) < 1e-4 })
    let ink = evaluator([Tensor(shape: [1, 48, 48, 1], repeating: 0)])[0]
    #expect(ink.elements.contains { $0 > 0.1 })
  }

  @Test func `a kernel's variance is two over its fan-in, and the seed decides`() throws {
    let (graph, a) = try Architecture.find("conv4").untrained(seed: 1)
    let kernel = try a.tensor("block2_conv/kernel")
    let variance = kernel.elements.reduce(0) { $0 + Double($1 * $1) } / Double(kernel.count)
    #expect(abs(variance * 576 / 2 - 1) < 0.03)
    #expect(try a.tensor("block2_bn/moving_variance").elements.allSatisfy { $0 == 1 })
    let again = try Architecture.find("conv4").untrained(seed: 1).parameters
    let other = try Architecture.find("conv4").untrained(seed: 2).parameters
    for (path, _) in graph.parameterShapes { #expect(try a.tensor(path) == again.tensor(path)) }
    #expect(try kernel != other.tensor("block2_conv/kernel"))
  }

  @Test func `a network that ends in a map is averaged, and a picture too small is refused`() throws {
    let (graph, parameters) = try Architecture.find("SqueezeNet").untrained(inputSize: Size(64), seed: 1)
    #expect(graph.nodes[graph.outputs[0]].shape == [512])
    try parameters.validate(for: graph)
    #expect(throws: GraphError.self) { try Architecture.find("conv4").untrained(inputSize: Size(8), seed: 1) }
  }
}
