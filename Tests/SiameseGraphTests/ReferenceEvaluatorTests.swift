import SiameseGraph
import SiameseTensors
import SiameseTestSupport
import Testing

@Suite struct ReferenceEvaluatorTests {
  /// One graph of a single operation over inputs of these shapes, with seeded weights.
  struct Case: CustomTestStringConvertible, Sendable {
    let testDescription: String
    let operation: Operation
    let inputs: [[Int]]
    var mode = PlainMode.inference

    init(_ name: String, _ operation: Operation, _ inputs: [Int]..., training: Bool = false) {
      (testDescription, self.operation, self.inputs) = (name, operation, inputs)
      if training { mode = .training(seed: 5) }
    }
  }

  static let cases: [Case] =
    [
      Case(
        "convolution, same padding, strides",
        .convolution(Convolution(filters: 4, kernel: Size(3), strides: Size(2), padding: .same, activation: .tanh)),
        [5, 6, 3]),
      Case(
        "convolution, dilation, no bias",
        .convolution(Convolution(filters: 2, kernel: Size(2, 3), dilation: Size(2), bias: false)), [6, 7, 2]),
      Case(
        "convolution, groups, explicit padding",
        .convolution(
          Convolution(filters: 6, kernel: Size(3), padding: .explicit(EdgeInsets(top: 1, left: 2)), groups: 2)),
        [4, 4, 4]),
      Case(
        "depthwise convolution", .convolution(Convolution(filters: 6, kernel: Size(3), padding: .same, groups: 3)),
        [4, 5, 3]),
      Case("dense", .dense(units: 4, bias: true, activation: .sigmoid), [7]),
      Case("dense over positions", .dense(units: 4, bias: false, activation: .linear), [2, 3, 5]),
      Case(
        "batch normalisation with running statistics",
        .batchNormalization(epsilon: 1e-3, momentum: 0.9, scale: true, center: true), [3, 2, 4]),
      Case(
        "batch normalisation with batch statistics",
        .batchNormalization(epsilon: 1e-3, momentum: 0.9, scale: true, center: true), [3, 2, 4], training: true),
      Case(
        "batch normalisation without gamma",
        .batchNormalization(epsilon: 1e-3, momentum: 0.9, scale: false, center: true), [5], training: true),
      Case("layer normalisation", .layerNormalization(epsilon: 1e-3, scale: true, center: true), [3, 2, 5]),
      Case("group normalisation", .groupNormalization(groups: 2, epsilon: 1e-3, scale: true, center: true), [3, 2, 4]),
      Case("unit normalisation", .unitNormalization(epsilon: 1e-12), [6]),
      Case(
        "local response normalisation", .localResponseNormalization(radius: 2, bias: 1, alpha: 0.1, beta: 0.75),
        [2, 2, 7]),
      Case("affine", .affine(scale: true, offset: true), [2, 2, 3]),
      Case("linear", .linear(scale: -2, offset: 1), [4]),
      Case("parametric ReLU", .parametricReLU(sharedAxes: [0, 1]), [3, 2, 4]),
      Case("softmax", .softmax, [2, 5]),
      Case(
        "maximum pooling", .pooling(Pooling(.maximum, window: Size(3), strides: Size(2), padding: .same)), [5, 6, 2]),
      Case(
        "average pooling", .pooling(Pooling(.average, window: Size(3, 2), strides: Size(2, 1), padding: .same)),
        [5, 4, 2]),
      Case("global average", .globalPooling(.average, keepsDimensions: false), [3, 4, 2]),
      Case("global maximum", .globalPooling(.maximum, keepsDimensions: true), [3, 4, 2]),
      Case("zero padding", .zeroPadding(EdgeInsets(top: 1, bottom: 2, left: 0, right: 1)), [2, 3, 2]),
      Case("cropping", .cropping(EdgeInsets(top: 1, bottom: 0, left: 1, right: 1)), [3, 4, 2]),
      Case("nearest upsampling", .upsampling(height: 2, width: 3, bilinear: false), [2, 3, 2]),
      Case("bilinear upsampling", .upsampling(height: 3, width: 2, bilinear: true), [2, 3, 2]),
      Case("addition of three, broadcast", .elementwise(.add), [2, 3, 2], [1, 1, 2], [2, 3, 1]),
      Case("subtraction", .elementwise(.subtract), [4], [1]),
      Case("product of three", .elementwise(.multiply), [2, 2, 3], [3], [2, 2, 3]),
      Case("average", .elementwise(.average), [3], [3]),
      Case("maximum", .elementwise(.maximum), [2, 3], [2, 3], [1, 3]),
      Case("minimum", .elementwise(.minimum), [5], [5]),
      Case("concatenation of channels", .concatenate(axis: -1), [2, 2, 3], [2, 2, 1]),
      Case("concatenation of rows", .concatenate(axis: 0), [2, 2, 3], [1, 2, 3]),
      Case("slice", .slice(start: 1, count: 2), [2, 2, 4]),
      Case("reshape", .reshape(shape: [-1, 4]), [2, 2, 4]),
      Case("permutation", .permute(axes: [2, 0, 1]), [2, 3, 4]),
      Case("dropout", .dropout(rate: 0.4), [10], training: true),
      Case("stochastic depth", .stochasticDepth(rate: 0.4), [3], training: true),
    ] + allActivations.map { Case("activation \($0)", .activation($0), [9]) }

  @Test(arguments: cases) func `the gradient equals the finite difference`(_ example: Case) throws {
    var random = SeededGenerator(seed: 12)
    var graph = Graph()
    let nodes = try example.inputs.enumerated().map { try graph.add("input\($0)", .input(shape: $1)) }
    let node = try graph.add("layer", example.operation, nodes)
    graph.outputs = [node]
    let inputs = example.inputs.map { Tensor.normal([3] + $0, &random) }
    var evaluator = try ReferenceEvaluator(graph, parameters: .seeded(for: graph, &random))
    evaluator.modes = [node: example.mode]
    let faults = gradientFaults(evaluator, inputs)
    #expect(faults.isEmpty, "\(faults.joined(separator: "\n"))")
  }

  @Test func `a convolution by hand`() throws {
    var graph = Graph()
    let x = try graph.add("x", .input(shape: [2, 2, 1]))
    graph.outputs = [try graph.add("c", .convolution(Convolution(filters: 1, kernel: Size(2), padding: .same)), [x])]
    let evaluator = try ReferenceEvaluator(
      graph,
      parameters: ParameterStore([
        "c/kernel": Tensor(shape: [2, 2, 1, 1], elements: [1, 10, 100, 1000]),
        "c/bias": Tensor(shape: [1], elements: [0.5]),
      ]))
    let y = evaluator([Tensor(shape: [1, 2, 2, 1], elements: [1, 2, 3, 4])])
    #expect(y == [Tensor(shape: [1, 2, 2, 1], elements: [4321.5, 402.5, 43.5, 4.5])])
  }

  @Test func `an average leaves padding out of the count`() {
    let pooling = Operation.pooling(Pooling(.average, window: Size(2), strides: Size(1), padding: .same))
    let x = Tensor(shape: [1, 2, 2, 1], elements: [1, 2, 3, 4])
    #expect(pooling.plainForward([x], [:], mode: .inference).elements == [2.5, 3, 3.5, 4])
  }

  @Test func `weights that two layers share gather both gradients`() throws {
    var graph = Graph()
    let x = try graph.add("x", .input(shape: [1]))
    let shared = [ParameterRole.kernel: "shared/kernel"]
    let a = try graph.add("a", .dense(units: 1, bias: false, activation: .linear), [x], parameters: shared)
    graph.outputs = [try graph.add("b", .dense(units: 1, bias: false, activation: .linear), [a], parameters: shared)]
    let evaluator = try ReferenceEvaluator(
      graph, parameters: ParameterStore(["shared/kernel": Tensor(shape: [1, 1], elements: [3])]))
    let gradients = evaluator.gradients(
      [Tensor(shape: [1, 1], elements: [2])], [Tensor(shape: [1, 1], elements: [1])])
    #expect(gradients.parameters["shared/kernel"]?.elements == [12])
    #expect(gradients.inputs[0].elements == [9])
  }

  @Test func `dropout keeps the mean and repeats for the same seed`() {
    let x = Tensor(shape: [1, 20_000], repeating: 1)
    let dropout = Operation.dropout(rate: 0.3)
    let y = dropout.plainForward([x], [:], mode: .training(seed: 1))
    #expect(abs(y.elements.reduce(0, +) / 20_000 - 1) < 0.02)
    #expect(y == dropout.plainForward([x], [:], mode: .training(seed: 1)))
    #expect(y != dropout.plainForward([x], [:], mode: .training(seed: 2)))
    #expect(x == dropout.plainForward([x], [:], mode: .inference))
  }
}
