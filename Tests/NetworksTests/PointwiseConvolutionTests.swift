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

  @Test(arguments: Precision.allCases.filter(\.isAvailable))
  func `Maximum pooling after a first convolution equals the plain loops and reorders nothing`(precision: Precision) throws {
    for (shape, window, strides, padding) in [
      ([29, 31, 3], Size(3), Size(2), Padding.same), ([24, 24, 3], Size(2), Size(2), .valid),
      ([19, 23, 3], Size(3, 2), Size(1, 2), .explicit(EdgeInsets(top: 1, bottom: 1, left: 1, right: 0))),
    ] {
      var graph = Graph()
      let input = try graph.add("input", .input(shape: shape))
      let first = try graph.add(
        "first", .convolution(Convolution(filters: 32, kernel: Size(7), strides: Size(2), padding: .same)), [input])
      let pooled = try graph.add(
        "pooled", .pooling(Pooling(.maximum, window: window, strides: strides, padding: padding)), [first])
      graph.outputs = [try graph.add("after", .convolution(Convolution(filters: 20, kernel: Size(1))), [pooled])]
      let parameters = randomParameters(graph)
      for (batch, threads) in [(1, 1), (5, 2)] {
        let inputs = randomInputs(graph, batch: batch)
        let expected = try ReferenceEvaluator(graph, parameters: parameters)(inputs)[0]
        let plan = try InferencePlan(
          graph, parameters: parameters, batch: batch, options: PlanOptions(precision: precision, threads: threads))
        #expect(difference(try plan(inputs)[0], expected) < (precision == .float32 ? 1e-4 : 0.06), "\(shape), batch \(batch)")
        #expect(!plan.program.steps.contains { $0.node == "pooled" && $0.kind == "reorder" })
      }
    }
  }
}
