import SiameseGraph
import SiameseInference
import SiameseTensors
import SiameseTestSupport
import Testing

struct RowNormalizationTests {
  private func vector(_ count: Int, _ random: inout SeededGenerator) -> Tensor { Tensor.normal([count], &random) }

  /// Runs a loop from `x` into as many floats.
  private func result(
    _ x: Tensor, _ run: (UnsafePointer<Float>, UnsafeMutablePointer<Float>) -> Void
  ) -> Tensor {
    var y = [Float](repeating: .nan, count: x.count)
    x.elements.withUnsafeBufferPointer { x in y.withUnsafeMutableBufferPointer { run(x.baseAddress!, $0.baseAddress!) }
    }
    return Tensor(shape: x.shape, elements: y)
  }

  @Test func `Layer normalisation equals the plain loop and leaves mean and inverse deviation`() throws {
    var random = SeededGenerator(seed: 1)
    let (rows, width) = (37, 13)
    let x = Tensor.normal([rows, width], &random), gamma = vector(width, &random), beta = vector(width, &random)
    let loop = LayerNormalizationLoop(rows: rows, width: width, epsilon: 1e-3)
    var statistics = [Float](repeating: .nan, count: 2 * rows)
    let y = result(x) { loop.run($0, gamma: gamma.elements, beta: beta.elements, into: $1, statistics: &statistics) }
    let operation = Operation.layerNormalization(epsilon: 1e-3, scale: true, center: true)
    expectClose(y, operation.plainForward([x], [.gamma: gamma, .beta: beta], mode: .inference), "rows")
    for row in [0, 17, 36] {
      let numbers = x.elements[row * width..<(row + 1) * width].map(Double.init)
      let mean = numbers.reduce(0, +) / Double(width)
      let variance = numbers.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(width)
      #expect(abs(Double(statistics[2 * row]) - mean) < 1e-5)
      #expect(abs(Double(statistics[2 * row + 1]) - 1 / (variance + 1e-3).squareRoot()) < 1e-5)
    }
    let alone = result(x) { loop.run($0, gamma: gamma.elements, beta: beta.elements, into: $1) }
    #expect(alone == y, "statistics are by the way")
  }

  @Test func `Layer normalisation keeps digits of rows far from zero`() {
    let x = Tensor(shape: [1, 4], elements: [10_000, 10_001, 10_002, 10_003])
    let loop = LayerNormalizationLoop(rows: 1, width: 4, epsilon: 0)
    let y = result(x) { loop.run($0, gamma: [1, 1, 1, 1], beta: [0, 0, 0, 0], into: $1) }
    expectClose(
      y, Tensor(shape: [1, 4], elements: [-1.5, -0.5, 0.5, 1.5].map { $0 / Float(1.25).squareRoot() }), "far")
  }

  @Test(arguments: [1, 2, 6]) func `Group normalisation equals the plain loop`(_ groups: Int) {
    var random = SeededGenerator(seed: 2)
    let x = Tensor.normal([3, 5, 7, 6], &random), gamma = vector(6, &random), beta = vector(6, &random)
    let loop = GroupNormalizationLoop(samples: 3, positions: 35, channels: 6, groups: groups, epsilon: 1e-3)
    let y = result(x) { loop.run($0, gamma: gamma.elements, beta: beta.elements, into: $1) }
    let operation = Operation.groupNormalization(groups: groups, epsilon: 1e-3, scale: true, center: true)
    expectClose(y, operation.plainForward([x], [.gamma: gamma, .beta: beta], mode: .inference), "maps")
  }

  @Test func `Unit normalisation equals the plain loop, rows of zeros included`() {
    var random = SeededGenerator(seed: 3)
    var x = Tensor.normal([9, 11], &random)
    for i in 22..<33 { x.elements[i] = 0 }
    let y = result(x) { UnitNormalizationLoop(rows: 9, width: 11, epsilon: 1e-12).run($0, into: $1) }
    expectClose(y, Operation.unitNormalization(epsilon: 1e-12).plainForward([x], [:], mode: .inference), "rows")
    #expect(y.elements[22..<33].allSatisfy { $0 == 0 })
  }
}

private func expectClose(
  _ found: Tensor, _ expected: Tensor, _ what: String, sourceLocation: SourceLocation = #_sourceLocation
) {
  #expect(found.shape == expected.shape, "\(what)", sourceLocation: sourceLocation)
  let off = zip(found.elements, expected.elements).map { abs($0 - $1) }
  #expect(off.allSatisfy { $0 < 1e-5 }, "\(what): off by \(off.max() ?? 0)", sourceLocation: sourceLocation)
}
