import SiameseTensors
import SiameseTestSupport
import Testing

@testable import SiameseGraph

/// Shapes that come from files anybody may have written: every operation answers with a shape or a sentence.
@Suite struct ShapeInferenceTests {
  /// Numbers at which arithmetic on extents goes wrong, among usual ones.
  static let numbers = [
    Int.min, Int.min + 1, -(1 << 31), -3, -1, 0, 1, 1, 2, 2, 3, 4, 7, 64, 1 << 16, (1 << 31) - 1, 1 << 31, 1 << 32,
    3_037_000_500, 1 << 61, 1 << 62, Int.max - 1, Int.max,
  ]

  /// One operation of each kind with numbers drawn by `next`, and how many inputs to give it.
  static func operations(_ next: () -> Int) -> [(Operation, inputs: Int)] {
    func size() -> Size { Size(next(), next()) }
    func insets() -> EdgeInsets { EdgeInsets(top: next(), bottom: next(), left: next(), right: next()) }
    let padding = [Padding.valid, .same, .explicit(insets())][Int(next().magnitude % 3)]
    var residual = Convolution(filters: next(), kernel: size(), padding: padding)
    residual.residual = true
    return [
      (.input(shape: [next(), next(), next()]), 0),
      (
        .convolution(
          Convolution(
            filters: next(), kernel: size(), strides: size(), padding: padding, dilation: size(), groups: next())), 1
      ), (.convolution(residual), 2), (.dense(units: next(), bias: true, activation: .linear), 1),
      (.batchNormalization(epsilon: 0, momentum: 0, scale: true, center: true), 1),
      (.layerNormalization(epsilon: 0, scale: true, center: true), 1),
      (.groupNormalization(groups: next(), epsilon: 0, scale: true, center: true), 1),
      (.unitNormalization(epsilon: 0), 1), (.localResponseNormalization(radius: next(), bias: 1, alpha: 1, beta: 1), 1),
      (.affine(scale: true, offset: true), 1), (.linear(scale: 1, offset: 0), 1), (.activation(.relu), 1),
      (.parametricReLU(sharedAxes: [next()]), 1), (.softmax, 1),
      (.pooling(Pooling(.maximum, window: size(), strides: size(), padding: padding)), 1),
      (.globalPooling(.average, keepsDimensions: true), 1), (.zeroPadding(insets()), 1), (.cropping(insets()), 1),
      (.upsampling(height: next(), width: next(), bilinear: false), 1), (.elementwise(.add), 3),
      (.elementwise(.divide), 2), (.concatenate(axis: next()), 3), (.slice(start: next(), count: next()), 1),
      (.reshape(shape: [next(), next(), next()]), 1), (.permute(axes: [next(), next(), next()]), 1),
      (.dropout(rate: 0.5), 1), (.stochasticDepth(rate: 0.5), 1), (.identity, 1),
    ]
  }

  private func isArray(_ shape: [Int]) -> Bool {
    var count = 1
    for extent in shape {
      let (product, overflow) = count.multipliedReportingOverflow(by: extent)
      guard extent > 0, !overflow, product <= Int(Int32.max) else { return false }
      count = product
    }
    return true
  }

  @Test(arguments: 0..<40) func `hostile numbers give a shape that an array can have, or a sentence`(_ seed: Int) {
    var random = SeededGenerator(seed: UInt64(seed))
    var accepted = 0
    for round in 0..<100 {
      // Every other round is mild, so that single hostile numbers meet shapes that fit.
      func next() -> Int {
        let mild = round.isMultiple(of: 2) && random.uniform() < 0.85
        return mild
          ? 1 + Int(random.uniform() * 4) : Self.numbers[Int(random.uniform() * Float(Self.numbers.count - 1))]
      }
      for (operation, count) in Self.operations(next) {
        let rank = random.uniform() < 0.8 ? 3 : Int(random.uniform() * 3)
        let first = (0..<rank).map { _ in next() }
        let inputs = (0..<count).map { _ in random.uniform() < 0.7 ? first : first.map { _ in next() } }
        guard let shape = try? operation.outputShape(inputs: inputs) else { continue }
        accepted += 1
        #expect(isArray(shape), "\(operation) of \(inputs) gives \(shape)")
        for weight in operation.parameterShapes(inputs: inputs).values {
          #expect(isArray(weight), "\(operation) of \(inputs) needs \(weight)")
        }
      }
    }
    #expect(accepted > 50, "some are accepted")
  }

  @Test func `what is wrong is said in a sentence`() {
    for (operation, shape, words) in [
      (Operation.zeroPadding(EdgeInsets(top: -3)), [8, 8, 3], "padding of -3 rows or columns is negative"),
      (
        .convolution(Convolution(filters: 3, kernel: Size(3), padding: .explicit(EdgeInsets(left: -1)), groups: 3)),
        [8, 8, 3], "padding of -1 rows or columns is negative"
      ), (.cropping(EdgeInsets(top: -3)), [8, 8, 3], "cropping of -3 rows or columns is negative"),
      (.upsampling(height: 1 << 61, width: 8, bilinear: false), [8, 8, 3], "more than 2147483647 elements"),
      (.reshape(shape: [1 << 62, 4, -1]), [8, 8, 3], "more than 2147483647 elements"),
      (.reshape(shape: [-2, -96]), [8, 8, 3], "[8, 8, 3] cannot become [-2, -96]"),
      (
        .pooling(Pooling(.maximum, window: Size(1 << 31), strides: Size(1), padding: .same)), [8, 8, 3],
        "a window of 2147483648×2147483648 is larger than any map"
      ), (.dense(units: 1 << 30, bias: false, activation: .linear), [8], "more than 2147483647 elements"),
      (.localResponseNormalization(radius: -1, bias: 1, alpha: 1, beta: 1), [8], "a radius of -1 channels"),
      (.slice(start: 3, count: .max), [8], "more than 2147483647 elements"),
    ] {
      #expect(message { _ = try operation.outputShape(inputs: [shape]) }.contains(words))
    }
  }

  @Test func `an input with too many elements is refused with its layer's name`() {
    var graph = Graph()
    let text = message { try graph.add("image", .input(shape: [1_000_000, 1_000_000, 3])) }
    #expect(
      text == "layer 'image': its array would have more than 2147483647 elements, the most that one array may have")
  }

  /// 2²⁵ calls if every path were walked.
  @Test func `padding after a chain of doubled sums is absorbed at once`() throws {
    var graph = Graph()
    var x = try graph.add("x", .input(shape: [4, 4, 1]))
    x = try graph.add("relu", .activation(.relu), [x])
    for index in 0..<60 { x = try graph.add("sum\(index)", .elementwise(.add), [x, x]) }
    x = try graph.add("padding", .zeroPadding(EdgeInsets(top: 1, bottom: 1, left: 1, right: 1)), [x])
    graph.outputs = [
      try graph.add("pool", .pooling(Pooling(.maximum, window: Size(3), strides: Size(2))), [x])
    ]
    #expect(try graph.absorbingPadding().nodes.count == graph.nodes.count - 1)
  }
}
