import SiameseGraph
import SiameseTensors
import SiameseTestSupport
import Testing

@testable import SiameseInference

@Suite struct PointwiseConvolutionTests {
  static let shapes: [(shape: [Int], filters: Int)] = [
    ([4, 4, 16], 16), ([5, 7, 24], 40), ([13, 13, 5], 17), ([7, 7, 528], 33), ([14, 14, 1040], 96),
    ([56, 31, 64], 256),
  ]

  @Test(arguments: shapes.indices, [Activation.linear, .relu6, .silu, .gelu(approximate: false)])
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
        "own", .convolution(Convolution(filters: filters, kernel: Size(1), strides: Size(stride), bias: bias)), [before]
      )
      let other = try graph.add(
        "other", .convolution(Convolution(filters: filters, kernel: Size(1), strides: Size(stride))), [before])
      let sum = bias ? try graph.add("sum", .elementwise(.add), [other, own]) : own
      let end = try graph.add("end", .activation(activation), [sum])
      // A padded channel that is not zero would be seen here.
      graph.outputs = [end, try graph.add("after", .convolution(Convolution(filters: 20, kernel: Size(1))), [end])]
      let parameters = randomParameters(graph)
      for (batch, options) in [
        (1, ownLoops()), (3, ownLoops()), (1, ownLoops(threads: 2)), (17, ownLoops(threads: 2)), (3, PlanOptions()),
      ] {
        let inputs = randomInputs(graph, batch: batch)
        let expected = try ReferenceEvaluator(graph, parameters: parameters)(inputs)
        let plan = try InferencePlan(graph, parameters: parameters, batch: batch, options: options)
        let found = try plan(inputs)
        for (found, expected) in zip(found, expected) {
          #expect(
            difference(found, expected) < 1e-4, "\(shape), \(filters) filters, /\(stride), batch \(batch), \(options)")
        }
        #expect(try plan(inputs) == found, "a second run gives the same bits")
        let positions = graph.nodes[own].shape[0] * graph.nodes[own].shape[1]
        if options.ownLoops == .whereverPossible, positions >= 16 {
          #expect(
            plan.bound.program.steps.contains { step in
              if case .kernel = step.work { step.kind == "convolution" } else { false }
            })
        }
      }
    }
  }

  @Test(arguments: [Activation.silu, .hardSilu, .gelu(approximate: false)], Precision.allCases.filter(\.isAvailable))
  func `Functions that loops apply hold over the whole line`(activation: Activation, precision: Precision) throws {
    let graph = try chain(
      [60, 40, 16], .convolution(Convolution(filters: 16, kernel: Size(1), bias: false, activation: activation)))
    var identity = Tensor(shape: [1, 1, 16, 16], repeating: 0)
    for i in 0..<16 { identity.elements[17 * i] = 1 }
    let parameters = ParameterStore(["layer0/kernel": identity])
    let shape = [1, 60, 40, 16], count = shape.reduce(1, *)
    var inputs = (0..<count).map { Float($0 - count / 2) / Float(count) * 24 }
    inputs.replaceSubrange(0..<4, with: [-1000, 1000, 0, -0.0])
    let expected = try ReferenceEvaluator(graph, parameters: parameters)([Tensor(shape: shape, elements: inputs)])[0]
    let plan = try InferencePlan(graph, parameters: parameters, batch: 1, options: ownLoops(precision))
    let found = try plan([Tensor(shape: shape, elements: inputs)])[0]
    let tolerance: Float = precision == .float32 ? 1e-6 : 1 / 128
    for (x, (found, expected)) in zip(inputs, zip(found.elements, expected.elements)) {
      #expect(abs(found - expected) <= tolerance * max(1, abs(x)), "\(activation) of \(x)")
    }
  }
}
