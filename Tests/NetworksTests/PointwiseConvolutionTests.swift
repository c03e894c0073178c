import CConvolutions
import Tensors
import Testing

@testable import Networks

@Suite struct PointwiseConvolutionTests {
  static let shapes: [(shape: [Int], filters: Int)] = [
    ([4, 4, 16], 16), ([5, 7, 24], 40), ([13, 13, 5], 17), ([7, 7, 528], 33), ([14, 14, 1040], 96), ([56, 31, 64], 256),
  ]

  @Test(arguments: shapes.indices, [Activation.linear, .relu6, .silu])
  func `A convolution of single pixels equals the plain loops, with a stride and a residual too`(
    index: Int, activation: Activation
  ) throws {
    let (shape, filters) = Self.shapes[index]
    for (stride, bias) in [(1, true), (2, true), (1, false)] {
      var graph = Graph()
      let input = try graph.add("input", .input(shape: shape))
      // Blocked, as a network's maps are.
      let before = try graph.add("before", .convolution(Convolution(filters: shape[2], kernel: Size(1))), [input])
      let own = try graph.add(
        "own", .convolution(Convolution(filters: filters, kernel: Size(1), strides: Size(stride), bias: bias)), [before])
      let other = try graph.add(
        "other", .convolution(Convolution(filters: filters, kernel: Size(1), strides: Size(stride))), [before])
      let sum = bias ? try graph.add("sum", .elementwise(.add), [other, own]) : own
      let end = try graph.add("end", .activation(activation), [sum])
      // A padded channel that is not zero would be seen here.
      graph.outputs = [end, try graph.add("after", .convolution(Convolution(filters: 20, kernel: Size(1))), [end])]
      let parameters = randomParameters(graph)
      for (batch, options) in [
        (1, PlanOptions()), (3, PlanOptions()), (1, PlanOptions(threads: 2)), (17, PlanOptions(threads: 2)),
      ] {
        let inputs = randomInputs(graph, batch: batch)
        let expected = try ReferenceEvaluator(graph, parameters: parameters)(inputs)
        let plan = try InferencePlan(graph, parameters: parameters, batch: batch, options: options)
        let found = try plan(inputs)
        for (found, expected) in zip(found, expected) {
          #expect(difference(found, expected) < 1e-4, "\(shape), \(filters) filters, /\(stride), batch \(batch), \(options)")
        }
        #expect(try plan(inputs) == found, "a second run gives the same bits")
        let positions = graph.nodes[own].shape[0] * graph.nodes[own].shape[1]
        if siamese_has_wide_registers() != 0, positions >= 16 {
          #expect(plan.program.steps.contains { step in
            if case .kernel = step.work { step.kind == "convolution" } else { false }
          })
        }
      }
    }
  }
}
