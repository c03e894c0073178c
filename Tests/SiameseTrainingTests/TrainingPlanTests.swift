import SiameseGraph
import SiameseTensors
import SiameseTestSupport
import SiameseTraining
import Testing

@Suite(.serialized) struct TrainingPlanTests {
  /// A small network that ends in rows, and how its batch normalisation acts.
  struct Case: CustomTestStringConvertible, Sendable {
    let testDescription: String
    let inputs: [[Int]]
    var mode = BatchNormalizationMode.batch
    let build: @Sendable (inout Graph, [Int]) throws -> Int

    init(
      _ name: String, _ inputs: [Int]..., mode: BatchNormalizationMode = .batch,
      build: @escaping @Sendable (inout Graph, [Int]) throws -> Int
    ) {
      (testDescription, self.inputs, self.mode, self.build) = (name, inputs, mode, build)
    }

    /// One operation on one or more inputs, after a trainable layer so that gradients flow through it.
    static func single(_ name: String, _ operation: Operation, _ inputs: [Int]...) -> Case {
      var result = Case(name) { graph, nodes in
        let moved = try nodes.map { try graph.add("scale\($0)", .affine(scale: true, offset: true), [$0]) }
        return try graph.add("layer", operation, moved)
      }
      result = Case(name, inputs, result.build)
      return result
    }

    private init(
      _ name: String, _ inputs: [[Int]], _ build: @escaping @Sendable (inout Graph, [Int]) throws -> Int
    ) {
      (testDescription, self.inputs, self.build) = (name, inputs, build)
    }
  }

  static func convolution(
    _ filters: Int, _ kernel: Int, stride: Int = 1, padding: Padding = .same, groups: Int = 1, bias: Bool = true,
    _ activation: Activation = .linear
  ) -> Operation {
    .convolution(
      Convolution(
        filters: filters, kernel: Size(kernel), strides: Size(stride), padding: padding, groups: groups, bias: bias,
        activation: activation))
  }
  static let normalization = Operation.batchNormalization(epsilon: 1e-3, momentum: 0.9, scale: true, center: true)

  static func residual(_ graph: inout Graph, _ input: Int, _ name: String, filters: Int) throws -> Int {
    let a = try graph.add("\(name)a", convolution(filters, 1, bias: false), [input])
    let an = try graph.add("\(name)an", normalization, [a])
    let ar = try graph.add("\(name)ar", .activation(.relu), [an])
    let b = try graph.add("\(name)b", convolution(filters, 3, bias: false), [ar])
    let bn = try graph.add("\(name)bn", normalization, [b])
    let sum = try graph.add("\(name)sum", .elementwise(.add), [bn, input])
    return try graph.add("\(name)out", .activation(.relu), [sum])
  }

  static let cases: [Case] =
    [
      Case("dense head with batch normalisation, ReLU, dropout and unit length", [12]) { graph, x in
        let a = try graph.add("a", .dense(units: 10, bias: true, activation: .linear), x)
        let n = try graph.add("n", normalization, [a])
        let r = try graph.add("r", .activation(.relu), [n])
        let d = try graph.add("d", .dropout(rate: 0.3), [r])
        let b = try graph.add("b", .dense(units: 5, bias: true, activation: .tanh), [d])
        return try graph.add("u", .unitNormalization(epsilon: 1e-12), [b])
      },
      Case("frozen statistics", [8], mode: .frozen) { graph, x in
        let a = try graph.add("a", .dense(units: 6, bias: false, activation: .relu), x)
        return try graph.add("n", normalization, [a])
      },
      Case("residual blocks", [14, 13, 3]) { graph, x in
        let stem = try graph.add("stem", convolution(32, 3, stride: 2, .relu), x)
        let one = try residual(&graph, stem, "one", filters: 32)
        let two = try residual(&graph, one, "two", filters: 32)
        return try graph.add("mean", .globalPooling(.average, keepsDimensions: false), [two])
      },
      Case("residual blocks with frozen statistics", [9, 9, 16], mode: .frozen) { graph, x in
        let one = try residual(&graph, x[0], "one", filters: 16)
        let two = try residual(&graph, one, "two", filters: 16)
        return try graph.add("mean", .globalPooling(.average, keepsDimensions: true), [two])
      },
      Case("inverted residual with odd channels and ReLU6", [9, 8, 3]) { graph, x in
        let stem = try graph.add("stem", convolution(24, 3, stride: 2, bias: false), x)
        let n1 = try graph.add("n1", normalization, [stem])
        let r1 = try graph.add("r1", .activation(.relu6), [n1])
        let depthwise = try graph.add("dw", convolution(24, 3, groups: 24, bias: false), [r1])
        let n2 = try graph.add("n2", normalization, [depthwise])
        let r2 = try graph.add("r2", .activation(.relu6), [n2])
        let project = try graph.add("project", convolution(24, 1, bias: false), [r2])
        let sum = try graph.add("sum", .elementwise(.add), [project, r1])
        let drop = try graph.add("drop", .stochasticDepth(rate: 0.4), [sum])
        return try graph.add("max", .globalPooling(.maximum, keepsDimensions: false), [drop])
      },
    ] + furtherCases

  private static let furtherCases: [Case] =
    [
      Case("squeeze and excitation with silu and hard sigmoid", [6, 7, 20]) { graph, x in
        let c = try graph.add("c", convolution(20, 3, .silu), x)
        let mean = try graph.add("mean", .globalPooling(.average, keepsDimensions: true), [c])
        let s = try graph.add("s", convolution(5, 1, .relu), [mean])
        let e = try graph.add("e", convolution(20, 1, .hardSigmoid(slope: 1 / 6, offset: 0.5)), [s])
        return try graph.add("m", .elementwise(.multiply), [c, e])
      },
      Case("fire modules", [11, 11, 3]) { graph, x in
        let stem = try graph.add("stem", convolution(32, 3, stride: 2, padding: .valid, .relu), x)
        let pool = try graph.add("pool", .pooling(Pooling(.maximum, window: Size(3), strides: Size(2))), [stem])
        let squeeze = try graph.add("squeeze", convolution(16, 1, padding: .valid, .relu), [pool])
        let e1 = try graph.add("e1", convolution(32, 1, padding: .valid, .relu), [squeeze])
        let e3 = try graph.add("e3", convolution(32, 3, .relu), [squeeze])
        let joined = try graph.add("joined", .concatenate(axis: -1), [e1, e3])
        return try graph.add("mean", .globalPooling(.average, keepsDimensions: false), [joined])
      },
      Case("several layers of one input", [6, 7, 32]) { graph, x in
        let layers = try (0..<4).map { try graph.add("layer\($0)", convolution(32, 3), x) }
        return try graph.add("sum", .elementwise(.add), layers)
      },
      Case("joined odd channels, padded, cropped, pooled by average", [8, 8, 3]) { graph, x in
        let a = try graph.add("a", convolution(11, 3, .gelu(approximate: false)), x)
        let b = try graph.add("b", convolution(7, 1, .elu(alpha: 1)), x)
        let joined = try graph.add("joined", .concatenate(axis: -1), [a, b])
        let padded = try graph.add("padded", .zeroPadding(EdgeInsets(top: 1, bottom: 0, left: 2, right: 1)), [joined])
        let c = try graph.add("c", convolution(9, 3, stride: 2, padding: .valid), [padded])
        let cropped = try graph.add("cropped", .cropping(EdgeInsets(top: 1, bottom: 0, left: 0, right: 1)), [c])
        return try graph.add(
          "p", .pooling(Pooling(.average, window: Size(2), strides: Size(1), padding: .same)), [cropped])
      },
      Case("ConvNeXt block", [6, 6, 24]) { graph, x in
        let depthwise = try graph.add("dw", convolution(24, 7, groups: 24), x)
        let n = try graph.add("n", .layerNormalization(epsilon: 1e-6, scale: true, center: true), [depthwise])
        let up = try graph.add("up", .dense(units: 48, bias: true, activation: .linear), [n])
        let g = try graph.add("g", .activation(.gelu(approximate: false)), [up])
        let down = try graph.add("down", .dense(units: 24, bias: true, activation: .linear), [g])
        let scale = try graph.add("scale", .affine(scale: true, offset: false), [down])
        let drop = try graph.add("drop", .stochasticDepth(rate: 0.3), [scale])
        return try graph.add("sum", .elementwise(.add), [drop, x[0]])
      },
      Case("one layer at two places", [10, 10, 4], [10, 10, 4]) { graph, x in
        let shared = [ParameterRole.kernel: "shared/kernel", .bias: "shared/bias"]
        let a = try graph.add("a", convolution(16, 3, .relu), [x[0]], parameters: shared)
        let b = try graph.add("b", convolution(16, 3, .relu), [x[1]], parameters: shared)
        let difference = try graph.add("difference", .elementwise(.subtract), [a, b])
        let distance = try graph.add("distance", .activation(.absolute), [difference])
        let flat = try graph.add("flat", .reshape(shape: [-1]), [distance])
        return try graph.add("similarity", .dense(units: 1, bias: true, activation: .sigmoid), [flat])
      },
      .single(
        "group normalisation", .groupNormalization(groups: 2, epsilon: 1e-3, scale: true, center: true), [4, 4, 8]),
      .single(
        "local response normalisation", .localResponseNormalization(radius: 2, bias: 1, alpha: 0.1, beta: 0.75),
        [4, 4, 7]),
      .single("parametric ReLU", .parametricReLU(sharedAxes: [0, 1]), [3, 4, 5]),
      .single("softmax", .softmax, [9]),
      .single("upsampling", .upsampling(height: 2, width: 2, bilinear: true), [3, 4, 5]),
      .single("permutation", .permute(axes: [2, 0, 1]), [3, 4, 5]),
      .single("slice", .slice(start: 2, count: 3), [3, 4, 6]),
      .single("linear", .linear(scale: 3, offset: 1), [4, 4, 5]),
      .single("product", .elementwise(.multiply), [4, 4, 5], [4, 4, 5]),
      .single("broadcast product", .elementwise(.multiply), [4, 4, 5], [4, 4, 1]),
      .single("maximum", .elementwise(.maximum), [7], [7]),
      .single("sum of three", .elementwise(.add), [7], [7], [7]),
      .single("grouped convolution", convolution(12, 3, groups: 3), [5, 5, 6]),
      .single("depthwise convolution with two kernels a channel", convolution(12, 3, stride: 2, groups: 6), [7, 6, 6]),
      .single(
        "dilated convolution",
        .convolution(Convolution(filters: 16, kernel: Size(3), padding: .same, dilation: Size(2))), [9, 9, 16]),
      .single("convolution over one position", convolution(20, 3), [1, 1, 16]),
      .single("convolution of grey pictures", convolution(24, 3, .relu), [7, 6, 1]),
      .single("convolution of two channels in strides", convolution(16, 5, stride: 2), [9, 8, 2]),
    ] + allActivations.map { .single("activation \($0)", .activation($0), [3, 3, 5]) }

  @Test(arguments: cases, [1, 3]) func `gradients equal the plain loops'`(_ example: Case, batch: Int) throws {
    var random = SeededGenerator(seed: 3)
    var graph = Graph()
    let nodes = try example.inputs.enumerated().map { try graph.add("input\($0)", .input(shape: $1)) }
    graph.outputs = [try example.build(&graph, nodes)]
    let store = ParameterStore.seeded(for: graph, &random)
    // One sample has no variance of its own over rows.
    let batch = example.mode == .batch && example.inputs[0].count == 1 ? batch + 2 : batch
    let inputs = example.inputs.map { Tensor.normal([batch] + $0, &random) }
    var options = TrainingOptions(batchNormalization: example.mode, inputGradients: true)
    options.threads = 2
    let plan = try TrainingPlan(graph, store, batch: batch, options: options)
    let output = try plan.forward(inputs, seed: 9)[0]
    let weights = Tensor.normal(output.shape, &random)
    try plan.backward([weights])

    var reference = try ReferenceEvaluator(graph, parameters: store)
    for (index, node) in graph.nodes.enumerated() {
      if case .batchNormalization = node.operation, example.mode == .frozen { continue }
      reference.modes[index] = .training(seed: TrainingPlan.seed(9, node: node.name))
    }
    expectClose(output, reference(inputs)[0], "output")
    let gradients = reference.gradients(inputs, [weights])
    for (found, expected) in zip(plan.inputGradients, gradients.inputs) { expectClose(found, expected, "input") }
    #expect(Set(plan.parameters.trainablePaths) == Set(gradients.parameters.keys))
    for (path, expected) in gradients.parameters {
      expectClose(try #require(plan.parameters.gradient(path)), expected, path)
    }

    // Once more: the same bits; and accumulated: twice as much.
    let first = plan.parameters.gradients
    #expect(try plan.forward(inputs, seed: 9)[0] == output)
    try plan.backward([weights])
    #expect(plan.parameters.gradients == first)
    _ = try plan.forward(inputs, seed: 9)
    try plan.backward([weights], accumulating: true)
    for (path, gradient) in first {
      expectClose(try #require(plan.parameters.gradient(path)), gradient.scaled(by: 2), "\(path), accumulated")
    }
  }

  @Test(arguments: cases.filter { $0.inputs[0].count == 3 && !$0.testDescription.hasPrefix("activation") }, [2, 3, 5])
  func `activations computed again give the same gradients`(_ example: Case, segments: Int) throws {
    var random = SeededGenerator(seed: 3)
    var graph = Graph()
    let nodes = try example.inputs.enumerated().map { try graph.add("input\($0)", .input(shape: $1)) }
    graph.outputs = [try example.build(&graph, nodes)]
    let store = ParameterStore.seeded(for: graph, &random)
    let inputs = example.inputs.map { Tensor.normal([2] + $0, &random) }
    var options = TrainingOptions(batchNormalization: example.mode, inputGradients: true)
    let plan = try TrainingPlan(graph, store, batch: 2, options: options)
    let output = try plan.forward(inputs, seed: 1)[0]
    let weights = Tensor.normal(output.shape, &random)
    try plan.backward([weights])
    options.recomputation = .segments(segments)
    let recomputed = try TrainingPlan(graph, store, batch: 2, options: options)
    #expect(try recomputed.forward(inputs, seed: 1)[0] == output)
    try recomputed.backward([weights])
    expectClose(recomputed.inputGradients[0], plan.inputGradients[0], "input", tolerance: 1e-5)
    for (path, expected) in plan.parameters.gradients {
      expectClose(try #require(recomputed.parameters.gradient(path)), expected, path, tolerance: 1e-5)
    }
    #expect(recomputed.parameters.state == plan.parameters.state, "statistics move once")
  }

  @Test func `computing activations again takes less memory`() throws {
    var random = SeededGenerator(seed: 3)
    var graph = Graph()
    var x = try graph.add("x", .input(shape: [256]))
    for layer in 0..<16 {
      x = try graph.add("layer\(layer)", .dense(units: 256, bias: true, activation: .tanh), [x])
    }
    graph.outputs = [x]
    let store = ParameterStore.seeded(for: graph, &random)
    func byteCount(_ recomputation: Recomputation) throws -> Int {
      try TrainingPlan(graph, store, batch: 512, options: TrainingOptions(recomputation: recomputation)).arenaByteCount
    }
    let whole = try byteCount(.never)
    #expect(try byteCount(.segments(4)) * 2 < whole)
    #expect(try byteCount(.below(byteCount: whole * 2 / 3)) <= whole * 2 / 3)
    #expect(try byteCount(.below(byteCount: whole)) == whole)
  }

  @Test func `a frozen part gets no gradients and stays in inference mode`() throws {
    var random = SeededGenerator(seed: 4)
    var graph = Graph()
    let x = try graph.add("x", .input(shape: [6, 6, 3]))
    let c = try graph.add("c", Self.convolution(16, 3), [x])
    let n = try graph.add("n", Self.normalization, [c])
    let mean = try graph.add("mean", .globalPooling(.average, keepsDimensions: false), [n])
    graph.outputs = [try graph.add("head", .dense(units: 4, bias: true, activation: .linear), [mean])]
    let store = ParameterStore.seeded(for: graph, &random)
    let plan = try TrainingPlan(graph, store, batch: 2, trainable: ["head/kernel", "head/bias"])
    let input = Tensor.normal([2, 6, 6, 3], &random)
    let output = try plan.forward([input])[0]
    try plan.backward([Tensor(shape: [2, 4], repeating: 1)])
    let reference = try ReferenceEvaluator(graph, parameters: store)
    expectClose(output, reference([input])[0], "output")
    let gradients = reference.gradients([input], [Tensor(shape: [2, 4], repeating: 1)])
    #expect(Set(plan.parameters.gradients.keys) == ["head/kernel", "head/bias"])
    expectClose(plan.parameters.gradients["head/kernel"]!, gradients.parameters["head/kernel"]!, "kernel")
    #expect(plan.parameters["n/moving_mean"] == (try store.tensor("n/moving_mean")))
  }

  @Test func `running statistics move towards the batch's`() throws {
    var random = SeededGenerator(seed: 4)
    var graph = Graph()
    let x = try graph.add("x", .input(shape: [3]))
    graph.outputs = [try graph.add("n", Self.normalization, [x])]
    let store = ParameterStore.seeded(for: graph, &random)
    let plan = try TrainingPlan(graph, store, batch: 2)
    let input = Tensor(shape: [2, 3], elements: [1, 2, 3, 3, 2, 7])
    _ = try plan.forward([input], movesStatistics: false)
    #expect(plan.parameters["n/moving_mean"] == (try store.tensor("n/moving_mean")))
    _ = try plan.forward([input])
    let old = try store.tensor("n/moving_mean").elements, oldVariance = try store.tensor("n/moving_variance").elements
    let mean = zip(old, [2, 2, 5]).map { 0.9 * $0 + 0.1 * $1 }
    let variance = zip(oldVariance, [1, 0, 4]).map { 0.9 * $0 + 0.1 * $1 }
    expectClose(plan.parameters["n/moving_mean"]!, Tensor(shape: [3], elements: mean), "mean")
    expectClose(plan.parameters["n/moving_variance"]!, Tensor(shape: [3], elements: variance), "variance")
  }

  @Test func `statistics-only mode moves statistics and leaves scale and offset without gradient`() throws {
    var random = SeededGenerator(seed: 4)
    var graph = Graph()
    let x = try graph.add("x", .input(shape: [3]))
    let d = try graph.add("d", .dense(units: 3, bias: false, activation: .linear), [x])
    graph.outputs = [try graph.add("n", Self.normalization, [d])]
    let store = ParameterStore.seeded(for: graph, &random)
    let plan = try TrainingPlan(
      graph, store, batch: 4, options: TrainingOptions(batchNormalization: .statisticsOnly))
    _ = try plan.forward([Tensor.normal([4, 3], &random)])
    try plan.backward([Tensor.normal([4, 3], &random)])
    #expect(plan.parameters["n/moving_mean"] != (try store.tensor("n/moving_mean")))
    #expect(plan.parameters.gradients["n/gamma"]?.elements == [0, 0, 0])
    #expect(plan.parameters.gradients["d/kernel"]?.elements.contains { $0 != 0 } == true)
  }

  @Test func `wrong shapes and orders of calls are told`() throws {
    var random = SeededGenerator(seed: 4)
    var graph = Graph()
    let x = try graph.add("x", .input(shape: [3]))
    graph.outputs = [try graph.add("d", .dense(units: 2, bias: false, activation: .linear), [x])]
    let store = ParameterStore.seeded(for: graph, &random)
    #expect(throws: TrainingError.unknownPath("e/kernel")) {
      try TrainingPlan(graph, store, batch: 2, trainable: ["e/kernel"])
    }
    #expect(throws: TrainingError.nothingToTrain) { try TrainingPlan(graph, store, batch: 2, trainable: []) }
    let plan = try TrainingPlan(graph, store, batch: 2)
    #expect(throws: TrainingError.inputs(expected: [[2, 3]], found: [[3, 3]])) {
      try plan.forward([Tensor(shape: [3, 3])])
    }
    #expect(throws: TrainingError.backwardFirst) { try plan.backward([Tensor(shape: [2, 2])]) }
    _ = try plan.forward([Tensor(shape: [2, 3])])
    #expect(throws: TrainingError.outputGradients(expected: [[2, 2]], found: [[2, 3]])) {
      try plan.backward([Tensor(shape: [2, 3])])
    }
  }
}

extension Tensor {
  func scaled(by factor: Float) -> Tensor { Tensor(shape: shape, elements: elements.map { factor * $0 }) }
}

/// The largest difference is at most `tolerance` of the largest expected magnitude (or of 1e-3, if that is more).
func expectClose(
  _ found: Tensor, _ expected: Tensor, _ what: String, tolerance: Float = 1e-3,
  sourceLocation: SourceLocation = #_sourceLocation
) {
  #expect(found.shape == expected.shape, "\(what)", sourceLocation: sourceLocation)
  guard found.shape == expected.shape else { return }
  let scale = max(expected.elements.map(abs).max() ?? 0, 1e-3)
  let difference = zip(found.elements, expected.elements).map { abs($0 - $1) }.max() ?? 0
  #expect(difference <= tolerance * scale, "\(what): off by \(difference) of \(scale)", sourceLocation: sourceLocation)
}
