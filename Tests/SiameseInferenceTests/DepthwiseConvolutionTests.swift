import SiameseGraph
import SiameseTensors
import SiameseTestSupport
import Testing

@testable import SiameseInference

@Suite struct DepthwiseConvolutionTests {
  /// A pointwise convolution, a depthwise one, their squeeze-and-excitation, and a pointwise one, as in EfficientNet.
  static func block(
    _ shape: [Int], channels: Int, kernel: Int, stride: Int, padding: Padding, activation: Activation
  ) throws -> Graph {
    var graph = Graph()
    let input = try graph.add("input", .input(shape: shape))
    let expanded = try graph.add(
      "expand", .convolution(Convolution(filters: channels, kernel: Size(1), activation: activation)), [input])
    let convolved = try graph.add(
      "depthwise",
      .convolution(
        Convolution(
          filters: channels, kernel: Size(kernel), strides: Size(stride), padding: padding, groups: channels,
          bias: kernel != 5, activation: activation)), [expanded])
    let squeezed = try graph.add("squeeze", .globalPooling(.average, keepsDimensions: true), [convolved])
    let excited = try graph.add(
      "excite", .convolution(Convolution(filters: channels, kernel: Size(1), activation: .sigmoid)), [squeezed])
    let scaled = try graph.add("scale", .elementwise(.multiply), [convolved, excited])
    let projected = try graph.add("project", .convolution(Convolution(filters: 7, kernel: Size(1))), [scaled])
    graph.outputs = [projected, try graph.add("mean", .globalPooling(.average, keepsDimensions: false), [convolved])]
    return graph
  }

  static let shapes: [(shape: [Int], channels: Int)] = [
    ([1, 1, 3], 32), ([5, 3, 4], 16), ([9, 17, 5], 24), ([8, 8, 1], 17), ([15, 14, 3], 40), ([7, 7, 6], 1),
  ]

  @Test(arguments: shapes.indices, [3, 5, 7])
  func `A depthwise convolution between activations equals the plain loops, its average too`(
    index: Int, kernel: Int
  ) throws {
    let (shape, channels) = Self.shapes[index]
    for (stride, padding, activation) in [
      (1, Padding.same, Activation.silu), (2, .same, .silu), (2, .same, .hardSilu), (1, .same, .relu6),
      (2, .explicit(EdgeInsets(top: kernel, bottom: 1, left: 2, right: kernel)), .silu),
    ] {
      let graph = try Self.block(
        shape, channels: channels, kernel: kernel, stride: stride, padding: padding, activation: activation)
      let parameters = randomParameters(graph)
      for batch in [1, 17] {
        let inputs = randomInputs(graph, batch: batch)
        let expected = try ReferenceEvaluator(graph, parameters: parameters)(inputs)
        for options in [
          ownLoops(), ownLoops(threads: 2), ownLoops(mapOrder: .channelsLast), ownLoops(.bfloat16, threads: 2),
          PlanOptions(),
        ] where options.precision.isAvailable {
          let plan = try InferencePlan(graph, parameters: parameters, batch: batch, options: options)
          let found = try plan(inputs)
          for (found, expected) in zip(found, expected) {
            #expect(
              // The largest of 17 rows' outputs is some dozens of times the spread where maps are single pixels.
              difference(found, expected) < (options.precision == .float32 ? 1e-4 : 0.12),
              "\(shape), \(channels) channels, \(kernel)/\(stride), \(activation), batch \(batch), \(options)")
          }
          #expect(try plan(inputs) == found, "a second run gives the same bits")
          // Blocked maps of enough channels are ours.
          if options.ownLoops == .whereverPossible, channels > 16, options.mapOrder == nil,
            kernel > 3 || activation != .relu6
          {
            #expect(plan.bound.program.steps.contains { $0.kind == "depthwise" })
            #expect(!plan.bound.program.steps.contains { $0.node == "squeeze" && $0.kind == "pooling" })
          }
        }
      }
    }
  }

  @Test(arguments: [Activation.relu, .silu, .hardSilu, .linear], Precision.allCases.filter(\.isAvailable))
  func `An activation that two read is not left to the depthwise convolution, one of its own is`(
    activation: Activation, precision: Precision
  ) throws {
    var graph = Graph()
    let input = try graph.add("input", .input(shape: [6, 9, 32]))
    let scaled = try graph.add("scaled", .affine(scale: true, offset: true), [input])
    let summed = try graph.add("summed", .elementwise(.add), [input, scaled])
    let depthwise = Operation.convolution(Convolution(filters: 32, kernel: Size(3), padding: .same, groups: 32))
    // As in NASNet: each branch has the activation to itself.
    let first = try graph.add("first", .activation(activation), [summed])
    let second = try graph.add("second", .activation(activation), [summed])
    let shared = try graph.add("shared", .activation(activation), [summed])
    graph.outputs = [
      try graph.add("a", depthwise, [first]), try graph.add("b", depthwise, [second]),
      try graph.add("c", depthwise, [shared]),
      try graph.add("d", .elementwise(.add), [shared, summed]),
    ]
    let parameters = randomParameters(graph)
    let inputs = randomInputs(graph, batch: 2)
    let expected = try ReferenceEvaluator(graph, parameters: parameters)(inputs)
    let plan = try InferencePlan(graph, parameters: parameters, batch: 2, options: ownLoops(precision))
    for (found, expected) in zip(try plan(inputs), expected) {
      #expect(difference(found, expected) < (precision == .float32 ? 1e-4 : 0.06))
    }
    if activation != .linear {
      let activations = plan.bound.program.steps.filter { $0.kind == "activation" }
      #expect(activations.map(\.node) == ["shared"])
    }
  }

  @Test(
    .enabled(if: Precision.bfloat16.isAvailable, "this processor has no bfloat16 arithmetic"), arguments: [3, 5],
    [1, 2])
  func `In bfloat16 the first depthwise kernel stays float32, and so does the map that it reads`(
    kernel: Int, stride: Int
  ) throws {
    var graph = Graph()
    let picture = try graph.add("picture", .input(shape: [40, 36, 3]))
    let first = try graph.add(
      "first", .convolution(Convolution(filters: 32, kernel: Size(3), padding: .same, activation: .relu6)), [picture])
    let depthwise = try graph.add(
      "depthwise",
      .convolution(
        Convolution(filters: 32, kernel: Size(kernel), strides: Size(stride), groups: 32, bias: false)), [first])
    let projected = try graph.add("projected", .convolution(Convolution(filters: 32, kernel: Size(1))), [first])
    let sum = try graph.add("sum", .elementwise(.add), [projected, first])
    graph.outputs = [depthwise, sum]
    var parameters = randomParameters(graph)
    // A map that varies by less than bfloat16 can tell apart, and kernels that see nothing but what varies.
    var generator = SeededGenerator(seed: 3)
    parameters.set(
      "first/kernel", Tensor(shape: [3, 3, 3, 32], elements: (0..<864).map { _ in generator.normal() * 1e-4 }))
    parameters.set("first/bias", Tensor(shape: [32], elements: (0..<32).map { 4.5 + Float($0) / 32 }))
    let taps = kernel * kernel
    var elements = (0..<taps * 32).map { _ in generator.normal() }
    for channel in 0..<32 {
      let mean = (0..<taps).reduce(Float(0)) { $0 + elements[$1 * 32 + channel] } / Float(taps)
      for tap in 0..<taps { elements[tap * 32 + channel] -= mean }
    }
    parameters.set("depthwise/kernel", Tensor(shape: [kernel, kernel, 1, 32], elements: elements))
    let inputs = randomInputs(graph, batch: 3)
    let expected = try ReferenceEvaluator(graph, parameters: parameters)(inputs)
    for threads in [1, 2] {
      let plan = try InferencePlan(
        graph, parameters: parameters, batch: 3, options: PlanOptions(precision: .bfloat16, threads: threads))
      let found = try plan(inputs)
      #expect(difference(found[0], expected[0]) < 0.05)
      #expect(difference(found[1], expected[1]) < 0.02)
    }
  }
}
