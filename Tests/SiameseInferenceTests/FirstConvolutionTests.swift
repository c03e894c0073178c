import SiameseGraph
import SiameseTensors
import SiameseTestSupport
import Testing

@testable import SiameseInference

@Suite struct FirstConvolutionTests {
  @Test(
    arguments: Precision.allCases.filter(\.isAvailable),
    [Activation.linear, .relu, .relu6, .silu, .gelu(approximate: false)])
  func `A first convolution equals the plain loops, and what follows reorders nothing`(
    precision: Precision, activation: Activation
  ) throws {
    let same = Padding.same
    for (shape, kernel, stride, padding, filters) in [
      ([29, 31, 3], Size(7), 2, same, 32), ([224, 17, 3], Size(3), 1, same, 24), ([13, 40, 3], Size(3), 2, .valid, 40),
      ([27, 26, 3], Size(5, 2), 2, .explicit(EdgeInsets(top: 1, bottom: 3, left: 2, right: 1)), 16),
      ([1, 13, 3], Size(1), 1, .valid, 5),
      ([9, 14, 3], Size(4, 11), 1, .explicit(EdgeInsets(top: 5, bottom: 2, left: 12, right: 7)), 17),
    ] {
      var graph = Graph()
      let input = try graph.add("input", .input(shape: shape))
      let first = try graph.add(
        "first",
        .convolution(
          Convolution(
            filters: filters, kernel: kernel, strides: Size(stride), padding: padding, bias: filters != 40,
            activation: activation)),
        [input])
      // A padded channel that is not zero would be seen here.
      graph.outputs = [try graph.add("after", .convolution(Convolution(filters: 20, kernel: Size(1))), [first])]
      let parameters = randomParameters(graph)
      for (batch, threads) in [(1, 1), (5, 2), (1, 2)] {
        let inputs = randomInputs(graph, batch: batch)
        let expected = try ReferenceEvaluator(graph, parameters: parameters)(inputs)[0]
        let plan = try InferencePlan(
          graph, parameters: parameters, batch: batch, options: ownLoops(precision, threads: threads))
        let found = try plan(inputs)[0]
        #expect(
          difference(found, expected) < (precision == .float32 ? 1e-4 : 0.06), "\(shape), \(kernel), batch \(batch)")
        #expect(try plan(inputs)[0] == found, "a second run gives the same bits")
        #expect(
          plan.bound.program.steps.first?.node == "first" && plan.bound.program.steps.first?.kind == "convolution")
        #expect(!plan.bound.program.steps.contains { $0.node == "first" && $0.kind == "reorder" })
      }
    }
  }
}
