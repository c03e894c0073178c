import SiameseGraph
import SiameseTensors
import SiameseTestSupport
import Testing

@testable import SiameseInference

@Suite struct TiledConvolutionTests {
  static let shapes: [[Int]] = [[17, 15, 48], [13, 22, 32], [26, 25, 64], [7, 7, 96], [15, 18, 40], [7, 8, 56]]

  @Test(arguments: shapes, [Activation.linear, .relu6, .silu, .gelu(approximate: false)])
  func `A convolution in tiles equals the plain loops, with a residual and without padding too`(
    shape: [Int], activation: Activation
  ) throws {
    for (filters, padding, bias) in [(shape[2], Padding.same, true), (72, .valid, false)] {
      var graph = Graph()
      let input = try graph.add("input", .input(shape: shape))
      let before = try graph.add(
        "before", .convolution(Convolution(filters: shape[2], kernel: Size(1), activation: .relu)), [input])
      let tiled = try graph.add(
        "tiled", .convolution(Convolution(filters: filters, kernel: Size(3), padding: padding, bias: bias)), [before])
      let sum = padding == .same ? try graph.add("sum", .elementwise(.add), [before, tiled]) : tiled
      graph.outputs = [try graph.add("end", .activation(activation), [sum])]
      let parameters = randomParameters(graph)
      for (batch, options) in [
        (1, ownLoops()), (2, ownLoops(threads: 2)), (9, ownLoops()), (17, ownLoops(threads: 2)),
        (9, ownLoops(.bfloat16)), (17, ownLoops(.bfloat16, threads: 2)),
      ] where options.precision.isAvailable {
        let inputs = randomInputs(graph, batch: batch)
        let expected = try ReferenceEvaluator(graph, parameters: parameters)(inputs)[0]
        let plan = try InferencePlan(graph, parameters: parameters, batch: batch, options: options)
        let found = try plan(inputs)[0]
        #expect(
          difference(found, expected) < (options.precision == .float32 ? 2e-4 : 0.06),
          "\(shape), batch \(batch), \(options)")
        #expect(try plan(inputs)[0] == found, "a second run gives the same bits")
        if options.precision == .float32 {
          #expect(plan.bound.program.steps.contains { $0.kind == "convolution in tiles" })
        }
      }
    }
  }

  @Test func `Transformed kernels of ones hold the products of the rows' sums`() {
    let kernel = Tensor(shape: [3, 3, 1, 1], elements: [Float](repeating: 1, count: 9))
    let (small, large) = (
      TiledConvolution.transformed(kernel, extent: 2, channels: 1),
      TiledConvolution.transformed(kernel, extent: 4, channels: 1)
    )
    #expect(small.elements == [1, 1.5, 0.5, 1].flatMap { a in [1, 1.5, 0.5, 1].map { Float(a * $0) } })
    let sums: [Float] = [1 / 4, -1 / 2, -1 / 6, 7 / 24, 1 / 8, 1]
    for (found, expected) in zip(large.elements, sums.flatMap { a in sums.map { a * $0 } }) {
      #expect(abs(found - expected) < 1e-6)
    }
  }
}
