import SiameseGraph
import SiameseTensors
import SiameseTestSupport
import Testing

@testable import SiameseInference

/// The plan against the plain loops, at sizes that do not fill vectors or blocks.
struct InferencePlanTests {
  static let samples: [(String, @Sendable () throws -> Graph)] = [
    ("one picture of one pixel", { try chain([1, 1, 3], .convolution(Convolution(filters: 5, kernel: Size(1)))) }),
    ("one channel", { try chain([5, 7, 1], .convolution(Convolution(filters: 1, kernel: Size(3), padding: .same))) }),
    (
      "odd channels, stride 2, same padding",
      {
        try chain(
          [9, 8, 7],
          .convolution(
            Convolution(filters: 13, kernel: Size(3, 5), strides: Size(2), padding: .same, activation: .relu)))
      }
    ),
    (
      "a convolution that suits Winograd",
      {
        try chain(
          [18, 15, 40],
          .convolution(Convolution(filters: 36, kernel: Size(3), padding: .same, activation: .relu)))
      }
    ),
    (
      "a convolution that suits tiles in bfloat16, over odd extents",
      {
        try chain(
          [17, 15, 48],
          .convolution(Convolution(filters: 64, kernel: Size(3), padding: .same, activation: .relu6)))
      }
    ),
    (
      "tiles in bfloat16 without padding, linear, without bias",
      { try chain([14, 19, 64], .convolution(Convolution(filters: 80, kernel: Size(3), bias: false))) }
    ),
    ("scale and offset of pictures", { try chain([5, 7, 3], .affine(scale: true, offset: true)) }),
    (
      "a dilated convolution",
      {
        try chain(
          [12, 11, 6], .convolution(Convolution(filters: 10, kernel: Size(3), padding: .same, dilation: Size(2))))
      }
    ),
    (
      "a depthwise convolution of odd width, silu",
      {
        try chain(
          [7, 9, 21],
          .convolution(
            Convolution(
              filters: 21, kernel: Size(5), strides: Size(2), padding: .same, groups: 21, activation: .silu)))
      }
    ),
    (
      "a depthwise convolution with a multiplier",
      {
        try chain(
          [6, 6, 5], .convolution(Convolution(filters: 10, kernel: Size(3), padding: .same, groups: 5, bias: false)))
      }
    ),
    (
      "a grouped convolution",
      { try chain([8, 8, 12], .convolution(Convolution(filters: 18, kernel: Size(3), groups: 3, bias: false))) }
    ),
    (
      "an activation oneDNN lacks, fused",
      {
        try chain([4, 5, 6], .convolution(Convolution(filters: 7, kernel: Size(1), activation: .softsign)))
      }
    ),
    ("dense", { try chain([37], .dense(units: 11, bias: true, activation: .hardSilu)) }),
    ("dense on sequences", { try chain([3, 10], .dense(units: 4, bias: false, activation: .tanh)) }),
    ("dense on maps", { try chain([3, 4, 10], .dense(units: 6, bias: true, activation: .gelu(approximate: false))) }),
    (
      "maximum pooling",
      { try chain([7, 6, 5], .pooling(Pooling(.maximum, window: Size(3), strides: Size(2), padding: .same))) }
    ),
    (
      "average pooling without counting padding",
      { try chain([7, 6, 35], .pooling(Pooling(.average, window: Size(3), strides: Size(2), padding: .same))) }
    ),
    ("global average", { try chain([5, 4, 19], .globalPooling(.average, keepsDimensions: false)) }),
    ("global maximum, dimensions kept", { try chain([5, 4, 19], .globalPooling(.maximum, keepsDimensions: true)) }),
    (
      "flatten",
      { try chain([3, 2, 20], .convolution(Convolution(filters: 20, kernel: Size(1))), .reshape(shape: [-1])) }
    ),
    ("softmax of maps", { try chain([3, 2, 20], .softmax) }),
    ("softmax of vectors", { try chain([20], .softmax) }),
    (
      "layer normalisation of maps",
      { try chain([3, 2, 20], .layerNormalization(epsilon: 1e-3, scale: true, center: true)) }
    ),
    (
      "layer normalisation of blocks",
      { try chain([5, 7, 48], .layerNormalization(epsilon: 1e-6, scale: true, center: true)) }
    ),
    (
      "layer normalisation of a pixel",
      { try chain([1, 1, 16], .layerNormalization(epsilon: 1e-6, scale: false, center: true)) }
    ),
    (
      "layer normalisation between convolutions",
      {
        try chain(
          [9, 5, 32], .convolution(Convolution(filters: 144, kernel: Size(3))),
          .layerNormalization(epsilon: 1e-3, scale: true, center: false),
          .convolution(Convolution(filters: 20, kernel: Size(1), activation: .gelu(approximate: false))))
      }
    ),
    (
      "layer normalisation of vectors",
      { try chain([20], .layerNormalization(epsilon: 1e-3, scale: false, center: true)) }
    ),
    (
      "group normalisation",
      { try chain([4, 3, 12], .groupNormalization(groups: 3, epsilon: 1e-3, scale: true, center: true)) }
    ),
    ("unit normalisation", { try chain([4, 3, 12], .unitNormalization(epsilon: 1e-6)) }),
    (
      "local response normalisation",
      { try chain([4, 3, 12], .localResponseNormalization(radius: 2, bias: 1, alpha: 0.3, beta: 0.75)) }
    ),
    ("scale and offset of maps", { try chain([4, 3, 12], .affine(scale: true, offset: true)) }),
    ("scale of sequences", { try chain([3, 12], .affine(scale: true, offset: false)) }),
    ("a straight line", { try chain([4, 3, 12], .linear(scale: 2, offset: -1)) }),
    (
      "batch normalisation alone",
      { try chain([4, 3, 12], .batchNormalization(epsilon: 1e-3, momentum: 0.9, scale: true, center: true)) }
    ),
    ("a learned rectifier", { try chain([4, 3, 12], .parametricReLU(sharedAxes: [0, 1])) }),
    ("a learned rectifier on vectors", { try chain([12], .parametricReLU(sharedAxes: [])) }),
    ("zero padding", { try chain([4, 3, 12], .zeroPadding(EdgeInsets(top: 1, bottom: 2, left: 0, right: 3))) }),
    ("cropping", { try chain([4, 6, 12], .cropping(EdgeInsets(top: 1, bottom: 0, left: 2, right: 1))) }),
    ("nearest upsampling", { try chain([4, 3, 12], .upsampling(height: 2, width: 3, bilinear: false)) }),
    ("bilinear upsampling", { try chain([4, 3, 12], .upsampling(height: 2, width: 3, bilinear: true)) }),
    ("a slice of channels", { try chain([4, 3, 12], .slice(start: 5, count: 4)) }),
    ("a slice of vectors", { try chain([12], .slice(start: 5, count: 4)) }),
    ("axes changed", { try chain([4, 3, 12], .permute(axes: [2, 0, 1])) }),
    ("axes changed in sequences", { try chain([4, 3], .permute(axes: [1, 0])) }),
    ("reshape", { try chain([4, 3, 12], .reshape(shape: [6, 24]), .reshape(shape: [2, 6, 12])) }),
    ("nothing", { try chain([4, 3, 12]) }),
    ("nothing on vectors", { try chain([12], .dropout(rate: 0.5)) }),
  ]

  @Test(arguments: samples.indices, [1, 17])
  func `Every operation equals the plain loops`(sample: Int, batch: Int) throws {
    let (name, make) = Self.samples[sample]
    let graph = try make()
    let parameters = randomParameters(graph)
    let inputs = randomInputs(graph, batch: batch)
    let expected = try ReferenceEvaluator(graph, parameters: parameters)(inputs)[0]
    for order in PlanOptions.MapOrder.allCases {
      let plan = try InferencePlan(
        graph, parameters: parameters, batch: batch, options: PlanOptions(threads: 2, mapOrder: order))
      let result = try plan(inputs)[0]
      #expect(difference(result, expected) < 1e-4, "\(name), \(order)")
      #expect(try plan(inputs)[0] == result, "\(name): a second run gives the same bits")
    }
    let own = try InferencePlan(graph, parameters: parameters, batch: batch, options: ownLoops(threads: 2))
    #expect(difference(try own(inputs)[0], expected) < 1e-4, "\(name), by our own loops")
  }

  @Test(
    .enabled(if: Precision.bfloat16.isAvailable, "this processor has no bfloat16 arithmetic"),
    arguments: samples.indices,
    [1, 17])
  func `Every operation in bfloat16 is near the plain loops`(sample: Int, batch: Int) throws {
    let (name, make) = Self.samples[sample]
    let graph = try make()
    let parameters = randomParameters(graph)
    let inputs = randomInputs(graph, batch: batch)
    let expected = try ReferenceEvaluator(graph, parameters: parameters)(inputs)[0]
    let coarse = try InferencePlan(
      graph, parameters: parameters, batch: batch, options: PlanOptions(precision: .bfloat16, threads: 1))
    #expect(difference(try coarse(inputs)[0], expected) < 0.06, "\(name) in bfloat16")
  }

  static let activations: [Activation] = [
    .relu, .relu6, .leakyReLU(slope: 0.3), .rectifier(maximum: 4, slope: 0.1, threshold: 0.5), .sigmoid,
    .hardSigmoid(slope: 0.2, offset: 0.5), .tanh, .silu, .hardSilu, .gelu(approximate: true),
    .gelu(approximate: false), .elu(alpha: 0.7), .selu, .softplus, .softsign, .exponential, .mish, .square, .absolute,
    .signedSquareRoot,
  ]

  @Test(arguments: activations)
  func `Every activation equals its formula`(activation: Activation) throws {
    let graph = try chain([3, 5, 21], .activation(activation))
    let inputs = randomInputs(graph, batch: 3)
    let plan = try InferencePlan(graph, parameters: ParameterStore(), batch: 3, options: PlanOptions())
    let expected = try ReferenceEvaluator(graph, parameters: ParameterStore())(inputs)[0]
    #expect(difference(try plan(inputs)[0], expected) < 1e-4)
  }

  @Test(arguments: [Elementwise.add, .subtract, .multiply, .average, .maximum, .minimum, .divide], [1, 5])
  func `Element by element over several inputs, with broadcast`(kind: Elementwise, batch: Int) throws {
    var graph = Graph()
    let a = try graph.add("a", .input(shape: [4, 5, 21]))
    let b = try graph.add("b", .activation(.exponential), [a])
    let c = try graph.add("c", .globalPooling(.average, keepsDimensions: true), [b])
    let d = try graph.add("d", .elementwise(kind), [b, c])
    let e = try graph.add("e", .globalPooling(.maximum, keepsDimensions: false), [b])
    let f = try graph.add("f", .elementwise(kind), [d, e])
    let last = try graph.add("last", .elementwise(kind), [f, b])
    let three = kind == .subtract || kind == .divide ? last : try graph.add("three", .elementwise(kind), [a, b, last])
    graph.outputs = [last, three]
    let inputs = randomInputs(graph, batch: batch)
    let expected = try ReferenceEvaluator(graph, parameters: ParameterStore())(inputs)
    for order in PlanOptions.MapOrder.allCases {
      let plan = try InferencePlan(
        graph, parameters: ParameterStore(), batch: batch, options: PlanOptions(threads: 2, mapOrder: order))
      for (found, expected) in zip(try plan(inputs), expected) { #expect(difference(found, expected) < 1e-4) }
    }
  }

  @Test(arguments: [1, 2, 3, 5, 8, 12, 15, 16, 17, 20, 24, 31, 33, 40, 47, 56, 65])
  func `Channels that fill up blocks never matter behind a batch normalisation`(width: Int) throws {
    var graph = Graph()
    let input = try graph.add("input", .input(shape: [6, 7, 3]))
    let first = try graph.add(
      "first", .convolution(Convolution(filters: width, kernel: Size(3), activation: .relu)), [input])
    let scaled = try graph.add(
      "scaled", .batchNormalization(epsilon: 1e-3, momentum: 0.9, scale: true, center: true), [first])
    let after = try graph.add("after", .convolution(Convolution(filters: width, kernel: Size(3))), [scaled])
    graph.outputs = [
      after, try graph.add("greatest", .globalPooling(.maximum, keepsDimensions: false), [scaled]),
      try graph.add("mean", .globalPooling(.average, keepsDimensions: false), [scaled]),
    ]
    let parameters = randomParameters(graph)
    let inputs = randomInputs(graph, batch: 2)
    let expected = try ReferenceEvaluator(graph, parameters: parameters)(inputs)
    for precision in Precision.allCases.filter(\.isAvailable) {
      let plan = try InferencePlan(
        graph, parameters: parameters, batch: 2, options: PlanOptions(precision: precision, threads: 2))
      for (found, expected) in zip(try plan(inputs), expected) {
        #expect(difference(found, expected) < (precision == .float32 ? 1e-4 : 0.06))
      }
    }
  }

  @Test(arguments: [[16, 32, 7], [5, 3], [48, 16], [44, 44, 17, 40], [8, 8, 16], [21, 5, 6]], [1, 3, 17])
  func `Concatenation along channels`(channels: [Int], batch: Int) throws {
    var graph = Graph()
    let input = try graph.add("input", .input(shape: [5, 4, 9]))
    let pieces = try channels.enumerated().map {
      try graph.add("piece\($0)", .convolution(Convolution(filters: $1, kernel: Size(1), activation: .relu)), [input])
    }
    graph.outputs = [try graph.add("joined", .concatenate(axis: -1), pieces), pieces[0]]
    let parameters = randomParameters(graph)
    let inputs = randomInputs(graph, batch: batch)
    let expected = try ReferenceEvaluator(graph, parameters: parameters)(inputs)
    for order in PlanOptions.MapOrder.allCases {
      let plan = try InferencePlan(
        graph, parameters: parameters, batch: batch, options: PlanOptions(threads: 2, mapOrder: order))
      for (found, expected) in zip(try plan(inputs), expected) { #expect(difference(found, expected) < 1e-4) }
      guard Precision.bfloat16.isAvailable else { continue }
      let coarse = try InferencePlan(
        graph, parameters: parameters, batch: batch, options: PlanOptions(precision: .bfloat16, mapOrder: order))
      for (found, expected) in zip(try coarse(inputs), expected) { #expect(difference(found, expected) < 0.06) }
    }
  }

  @Test(arguments: [1, 3], Precision.allCases.filter(\.isAvailable))
  func `Maps concatenated again and again, pooled and read between, as in DenseNet and Inception`(
    batch: Int, precision: Precision
  ) throws {
    var graph = Graph()
    let input = try graph.add("input", .input(shape: [6, 5, 3]))
    var joined = try graph.add("stem", .convolution(Convolution(filters: 32, kernel: Size(1))), [input])
    for step in 0..<3 {
      let scaled = try graph.add("scale\(step)", .affine(scale: true, offset: true), [joined])
      let active = try graph.add("relu\(step)", .activation(.relu), [scaled])
      let new = try graph.add(
        "new\(step)", .convolution(Convolution(filters: 16, kernel: Size(3), padding: .same)), [active])
      let pooled = try graph.add(
        "pool\(step)", .pooling(Pooling(.maximum, window: Size(3), strides: Size(1), padding: .same)), [new])
      joined = try graph.add("join\(step)", .concatenate(axis: -1), [joined, new, pooled, new])
    }
    graph.outputs = [joined, try graph.add("after", .activation(.tanh), [joined])]
    let parameters = randomParameters(graph)
    let inputs = randomInputs(graph, batch: batch)
    let expected = try ReferenceEvaluator(graph, parameters: parameters)(inputs)
    let plan = try InferencePlan(
      graph, parameters: parameters, batch: batch, options: PlanOptions(precision: precision, threads: 2))
    for (found, expected) in zip(try plan(inputs), expected) {
      #expect(difference(found, expected) < (precision == .float32 ? 1e-4 : 0.06))
    }
  }

  @Test(.enabled(if: Precision.bfloat16.isAvailable, "this processor has no bfloat16 arithmetic"), arguments: [1, 5])
  func `Tiles in bfloat16 take a residual in`(batch: Int) throws {
    var graph = Graph()
    let input = try graph.add("input", .input(shape: [13, 12, 48]))
    let first = try graph.add(
      "first", .convolution(Convolution(filters: 48, kernel: Size(1), activation: .relu)), [input])
    let second = try graph.add(
      "second", .convolution(Convolution(filters: 48, kernel: Size(3), padding: .same)), [first])
    let sum = try graph.add("sum", .elementwise(.add), [first, second])
    graph.outputs = [try graph.add("relu", .activation(.relu), [sum])]
    let parameters = randomParameters(graph)
    let inputs = randomInputs(graph, batch: batch)
    let expected = try ReferenceEvaluator(graph, parameters: parameters)(inputs)[0]
    let plan = try InferencePlan(
      graph, parameters: parameters, batch: batch, options: PlanOptions(precision: .bfloat16, threads: 1))
    #expect(plan.bound.program.steps.contains { $0.kind == "convolution in tiles" })
    #expect(difference(try plan(inputs)[0], expected) < 0.06)
  }

  @Test func `Several inputs and outputs, an input that is an output, and vectors concatenated`() throws {
    var graph = Graph()
    let a = try graph.add("a", .input(shape: [7]))
    let b = try graph.add("b", .input(shape: [5]))
    let joined = try graph.add("joined", .concatenate(axis: -1), [a, b])
    let sum = try graph.add("sum", .dense(units: 3, bias: true, activation: .linear), [joined])
    graph.outputs = [sum, a, joined, sum]
    let parameters = randomParameters(graph)
    let inputs = randomInputs(graph, batch: 4)
    let plan = try InferencePlan(graph, parameters: parameters, batch: 4, options: PlanOptions())
    let expected = try ReferenceEvaluator(graph, parameters: parameters)(inputs)
    for (found, expected) in zip(try plan(inputs), expected) { #expect(difference(found, expected) < 1e-5) }
  }

  @Test func `Plans that share weights give the same bits, and hold them once`() throws {
    let graph = try chain(
      [8, 8, 16], .convolution(Convolution(filters: 32, kernel: Size(3))),
      .globalPooling(.average, keepsDimensions: false))
    let bank = WeightBank()
    let parameters = randomParameters(graph)
    let plan = try InferencePlan(graph, parameters: parameters, batch: 2, options: PlanOptions(), weights: bank)
    let size = bank.byteCount
    let other = try InferencePlan(sharing: plan)
    let inputs = randomInputs(graph, batch: 2)
    #expect(try plan(inputs) == other(inputs))
    #expect(bank.byteCount == size)
  }

  @Test func `A missing weight names the layer`() throws {
    let graph = try chain([8], .dense(units: 3, bias: true, activation: .linear))
    #expect(throws: GraphError.self) {
      try InferencePlan(graph, parameters: ParameterStore(), batch: 1, options: PlanOptions())
    }
  }
}
