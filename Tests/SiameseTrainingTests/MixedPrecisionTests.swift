import SiameseGraph
import SiameseTensors
import SiameseTestSupport
import Testing

@testable import SiameseInference
@testable import SiameseTraining

private let hasBfloat16 = Precision.bfloat16.isAvailable
private let reason: Comment = "this processor has no bfloat16 arithmetic"

/// Training in bfloat16, beside the same in float32.
@Suite(.serialized, .enabled(if: hasBfloat16, reason)) struct MixedPrecisionTests {
  typealias Case = TrainingPlanTests.Case

  /// An operation between two convolutions, so that what reaches and leaves it is bfloat16.
  static func between(_ name: String, _ operation: Operation, _ shape: [Int] = [6, 7, 32], inputs: Int = 1) -> Case {
    Case(name, shape) { graph, x in
      let before = try (0..<inputs).map {
        try graph.add("before\($0)", TrainingPlanTests.convolution(32, 3), x)
      }
      let layer = try graph.add("layer", operation, before)
      guard graph.nodes[layer].shape.count == 3 else { return layer }
      return try graph.add("after", TrainingPlanTests.convolution(16, 1), [layer])
    }
  }

  static let cases: [Case] =
    TrainingPlanTests.cases.filter { !$0.testDescription.hasPrefix("activation") } + [
      between("3×3 convolution", TrainingPlanTests.convolution(48, 3)),
      between("strided 1×1 convolution", TrainingPlanTests.convolution(48, 1, stride: 2, bias: false)),
      between("depthwise convolution", TrainingPlanTests.convolution(32, 3, groups: 32, bias: false)),
      between("strided depthwise convolution", TrainingPlanTests.convolution(32, 3, stride: 2, groups: 32)),
      between("grouped convolution in blocks", TrainingPlanTests.convolution(32, 3, groups: 2)),
      between(
        "dilated convolution in blocks",
        .convolution(Convolution(filters: 32, kernel: Size(3), padding: .same, dilation: Size(2)))),
      between("dense layer over positions", .dense(units: 24, bias: true, activation: .linear)),
      between("batch normalisation", TrainingPlanTests.normalization),
      between("layer normalisation", .layerNormalization(epsilon: 1e-5, scale: true, center: true)),
      between("unit length", .unitNormalization(epsilon: 1e-12)),
      between("group normalisation of maps", .groupNormalization(groups: 4, epsilon: 1e-3, scale: true, center: true)),
      between(
        "local response normalisation of maps", .localResponseNormalization(radius: 2, bias: 1, alpha: 0.1, beta: 0.75)),
      between("softmax over channels", .softmax),
      between("parametric ReLU of maps", .parametricReLU(sharedAxes: [0, 1])),
      between("scale and offset", .affine(scale: true, offset: true)),
      between("fixed scale", .linear(scale: 0.3, offset: 0)),
      between("fixed scale and offset", .linear(scale: 0.3, offset: 0.2)),
      between("average pooling", .pooling(Pooling(.average, window: Size(3), strides: Size(2), padding: .same))),
      between("maximum pooling", .pooling(Pooling(.maximum, window: Size(2), strides: Size(2)))),
      between("global average", .globalPooling(.average, keepsDimensions: false)),
      between("padding", .zeroPadding(EdgeInsets(top: 1, bottom: 0, left: 2, right: 1))),
      between("cropping", .cropping(EdgeInsets(top: 1, bottom: 0, left: 0, right: 1))),
      between("slice of maps", .slice(start: 3, count: 20)),
      between("joined maps", .concatenate(axis: -1), inputs: 3),
      between("sum", .elementwise(.add), inputs: 2),
      between("sum of four", .elementwise(.add), inputs: 4),
      between("product of maps", .elementwise(.multiply), inputs: 2),
      between("maximum of maps", .elementwise(.maximum), inputs: 2),
      between("upsampled maps", .upsampling(height: 2, width: 2, bilinear: false)),
      between("stochastic depth", .stochasticDepth(rate: 0.3)),
      between("dropout", .dropout(rate: 0.3)),
    ]
    + allActivations.filter { $0 != .squareRoot && $0 != .signedSquareRoot }
    .map { between("activation \($0)", .activation($0)) }

  /// One forward and one backward pass, everything trainable.
  private func pass(
    _ example: Case, batch: Int = 3, precision: Precision, recomputation: Recomputation = .never, scale: Float = 1
  ) throws -> (output: Tensor, gradients: [String: Tensor], plan: TrainingPlan) {
    var random = SeededGenerator(seed: 3)
    var graph = Graph()
    let nodes = try example.inputs.enumerated().map { try graph.add("input\($0)", .input(shape: $1)) }
    graph.outputs = [try example.build(&graph, nodes)]
    let store = ParameterStore.seeded(for: graph, &random)
    let inputs = example.inputs.map { Tensor.normal([batch] + $0, &random) }
    let plan = try TrainingPlan(
      graph, store, batch: batch,
      options: TrainingOptions(
        batchNormalization: example.mode, inputGradients: true, recomputation: recomputation, precision: precision))
    let output = try plan.forward(inputs, seed: 9)[0]
    try plan.backward([Tensor.normal(output.shape, &random).scaled(by: scale)])
    var gradients = plan.parameters.gradients
    for (index, gradient) in plan.inputGradients.enumerated() { gradients["input\(index)"] = gradient }
    return (output, gradients, plan)
  }

  /// The length of the difference, in units of the expected length, or of `floor` if that is more.
  private func error(_ found: Tensor, _ expected: Tensor, floor: Float = 0) -> Float {
    let difference = zip(found.elements, expected.elements).map { $0 - $1 }
    return length(difference) / max(length(expected.elements), floor, 1e-12)
  }
  private func length(_ x: [Float]) -> Float { x.reduce(0) { $0 + $1 * $1 }.squareRoot() }

  /// Each stored number is off by at most 2⁻⁹ of itself, and a gradient passes a dozen or two of them: 6 % of its length is
  /// 30 such errors in one direction, a cosine of 0.998. Where an operation chooses (a rectifier, a maximum), a number near
  /// the border may fall on the other side, and its whole gradient goes elsewhere: 14 %, a cosine of 0.99, on these small
  /// maps. Gradients that vanish by their nature (of a bias before batch normalisation) are measured by the longest one.
  @Test(arguments: cases) func `gradients are float32's to within a few roundings`(_ example: Case) throws {
    let (expected, found) = (try pass(example, precision: .float32), try pass(example, precision: .bfloat16))
    #expect(error(found.output, expected.output) < 0.03, "output: \(error(found.output, expected.output))")
    let longest = expected.gradients.values.map { length($0.elements) }.max() ?? 0
    #expect(found.gradients.keys == expected.gradients.keys)
    for (path, gradient) in expected.gradients {
      let off = error(try #require(found.gradients[path]), gradient, floor: 0.05 * longest)
      #expect(off < (chooses(found.plan.graph) ? 0.14 : 0.06), "\(path): \(off)")
    }
  }

  /// Whether a small change of some number may change a gradient as a whole.
  private func chooses(_ graph: Graph) -> Bool {
    func hasKink(_ activation: Activation) -> Bool {
      switch activation {
      case .rectifier, .hardSigmoid, .hardSilu, .absolute: true
      default: false
      }
    }
    return graph.nodes.contains { node in
      switch node.operation {
      case .activation(let activation), .dense(_, _, let activation): hasKink(activation)
      case .convolution(let c): hasKink(c.activation)
      case .pooling(let p): p.kind == .maximum
      case .globalPooling(let kind, _): kind == .maximum
      case .elementwise(let kind): kind == .maximum || kind == .minimum
      case .parametricReLU: true
      default: false
      }
    }
  }

  @Test func `what is computed in bfloat16 is told from the results`() throws {
    // Were everything float32 after all, every test here would pass.
    let example = Self.between("3×3 convolution", TrainingPlanTests.convolution(48, 3))
    let (expected, found) = (try pass(example, precision: .float32), try pass(example, precision: .bfloat16))
    for path in ["before0/kernel", "layer/kernel", "after/kernel"] {
      let off = error(found.gradients[path]!, expected.gradients[path]!)
      #expect(off > 2e-4, "\(path): \(off)")
    }
    // Embeddings have all the digits of float32, though what they average has not.
    let average = Self.between("global average", .globalPooling(.average, keepsDimensions: false))
    let output = try pass(average, precision: .bfloat16).output
    #expect(output.elements.contains { BFloat16($0).value != $0 })
  }

  @Test(arguments: cases.filter { $0.inputs[0].count == 3 && !$0.testDescription.hasPrefix("activation") })
  func `the same bits again, the same gradients from activations computed again`(_ example: Case) throws {
    let first = try pass(example, precision: .bfloat16), second = try pass(example, precision: .bfloat16)
    #expect(first.output == second.output && first.gradients == second.gradients)
    let again = try pass(example, precision: .bfloat16, recomputation: .segments(3))
    #expect(again.output == first.output)
    #expect(again.plan.parameters.state == first.plan.parameters.state, "statistics move once")
    let longest = first.gradients.values.map { length($0.elements) }.max() ?? 0
    for (path, gradient) in first.gradients {
      let off = error(again.gradients[path]!, gradient, floor: 0.05 * longest)
      #expect(off < 0.02, "\(path): \(off)")
    }
  }

  @Test func `gradients as small as 2⁻⁹⁰ lose nothing: the loss needs no scaling`() throws {
    let example = try #require(Self.cases.first { $0.testDescription == "residual blocks" })
    let one = try pass(example, precision: .bfloat16), tiny = try pass(example, precision: .bfloat16, scale: 0x1p-90)
    for (path, gradient) in one.gradients {
      let off = error(tiny.gradients[path]!.scaled(by: 0x1p+90), gradient)
      #expect(off < 1e-5, "\(path): \(off)")
    }
  }

  @Test func `chunks add up to the whole batch's gradient`() throws {
    let example = try #require(Self.cases.first { $0.testDescription == "residual blocks with frozen statistics" })
    var random = SeededGenerator(seed: 3)
    var graph = Graph()
    let x = try graph.add("x", .input(shape: example.inputs[0]))
    graph.outputs = [try example.build(&graph, [x])]
    let store = ParameterStore.seeded(for: graph, &random)
    let options = TrainingOptions(batchNormalization: .frozen, precision: .bfloat16)
    let input = Tensor.normal([4] + example.inputs[0], &random)
    let whole = try TrainingPlan(graph, store, batch: 4, options: options)
    let direction = Tensor.normal(try whole.forward([input])[0].shape, &random)
    try whole.backward([direction])
    let half = try TrainingPlan(graph, store, batch: 2, options: options)
    for part in 0..<2 {
      let rows = [2 * part, 2 * part + 1]
      _ = try half.forward([input.gatheringRows(rows)])
      try half.backward([direction.gatheringRows(rows)], accumulating: part > 0)
    }
    for (path, gradient) in whole.parameters.gradients {
      let off = error(try #require(half.parameters.gradient(path)), gradient)
      #expect(off < 0.01, "\(path): \(off)")
    }
  }

  @Test func `half the memory lies between layers`() throws {
    var random = SeededGenerator(seed: 3)
    var graph = Graph()
    var x = try graph.add("x", .input(shape: [32, 32, 64]))
    for block in 0..<6 { x = try TrainingPlanTests.residual(&graph, x, "block\(block)", filters: 64) }
    graph.outputs = [try graph.add("mean", .globalPooling(.average, keepsDimensions: false), [x])]
    let store = ParameterStore.seeded(for: graph, &random)
    let bytes = try Precision.allCases.map {
      try TrainingPlan(graph, store, batch: 16, options: TrainingOptions(precision: $0)).arenaByteCount
    }
    #expect(bytes[1] * 100 < bytes[0] * 65, "\(bytes)")
  }

  @Test func `a small network learns as well as in float32`() throws {
    var random = SeededGenerator(seed: 5)
    var graph = Graph()
    let x = try graph.add("x", .input(shape: [12, 12, 3]))
    let stem = try graph.add("stem", TrainingPlanTests.convolution(32, 3, .relu), [x])
    let block = try TrainingPlanTests.residual(&graph, stem, "block", filters: 32)
    let mean = try graph.add("mean", .globalPooling(.average, keepsDimensions: false), [block])
    graph.outputs = [try graph.add("head", .dense(units: 4, bias: true, activation: .linear), [mean])]
    let store = ParameterStore.seeded(for: graph, &random)
    // Four patterns under noise, one output for each.
    let patterns = (0..<4).map { _ in Tensor.normal([12, 12, 3], &random) }
    let rows = (0..<32).map { row in
      zip(patterns[row % 4].elements, Tensor.normal([12, 12, 3], &random).elements).map { $0 + $1 }
    }
    let input = Tensor(shape: [32, 12, 12, 3], elements: rows.flatMap { $0 })
    let wanted = (0..<32 * 4).map { Float($0 % 4 == $0 / 4 % 4 ? 1 : 0) }
    func losses(_ precision: Precision) throws -> [Float] {
      let plan = try TrainingPlan(graph, store, batch: 32, options: TrainingOptions(precision: precision))
      var optimizer = Optimizer(.adam())
      return try (0..<60).map { step in
        let output = try plan.forward([input], seed: UInt64(step))[0]
        let difference = zip(output.elements, wanted).map { $0 - $1 }
        try plan.backward([Tensor(shape: output.shape, elements: difference.map { $0 / 32 })])
        optimizer.step(plan.parameters, rate: 3e-3)
        return difference.reduce(0) { $0 + $1 * $1 } / 64
      }
    }
    let (single, rounded) = (try losses(.float32), try losses(.bfloat16))
    #expect(single[59] < 0.05 * single[0], "float32: \(single[0]) → \(single[59])")
    #expect(rounded[59] < 0.05 * rounded[0], "bfloat16: \(rounded[0]) → \(rounded[59])")
    // All the way down, within a tenth of the start.
    for (step, (a, b)) in zip(single, rounded).enumerated() {
      #expect(abs(a - b) < 0.1 * single[0], "step \(step): \(a), \(b)")
    }
  }
}

@Suite struct PrecisionTests {
  @Test func `a processor without bfloat16 is told in one sentence, by either plan`() throws {
    try Precision.float32.requireAvailable()
    if hasBfloat16 {
      try Precision.bfloat16.requireAvailable()
    } else {
      let graph = try chain([4, 4, 3], TrainingPlanTests.convolution(8, 3))
      let store = randomParameters(graph)
      #expect(throws: InferenceError.noBFloat16) {
        try InferencePlan(graph, parameters: store, batch: 1, options: PlanOptions(precision: .bfloat16))
      }
      #expect(throws: InferenceError.noBFloat16) {
        try TrainingPlan(graph, store, batch: 1, options: TrainingOptions(precision: .bfloat16))
      }
    }
    #expect("\(InferenceError.noBFloat16)".contains("--precision f32"))
  }
}
