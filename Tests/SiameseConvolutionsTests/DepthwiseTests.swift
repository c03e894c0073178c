import CSiameseConvolutions
import Testing

@Suite struct DepthwiseTests {
  static let kinds = [siamese_depthwise_floats, siamese_depthwise_bfloat16, siamese_depthwise_rounded]

  @Test(arguments: kinds)
  func `Depthwise convolutions equal plain loops, portably`(_ kind: siamese_depthwise_kind) {
    check(siamese_portable, kind)
  }

  @Test(.needsAVX2, arguments: kinds)
  func `Depthwise convolutions equal plain loops, with AVX2`(_ kind: siamese_depthwise_kind) {
    check(siamese_avx2, kind)
  }

  @Test(.needsAVX512)
  func `Depthwise convolutions equal plain loops, with AVX-512`() { check(siamese_avx512, siamese_depthwise_floats) }

  @Test(.needsAVX512BFloat16, arguments: kinds.dropFirst())
  func `Depthwise convolutions equal plain loops, with AVX512_BF16`(_ kind: siamese_depthwise_kind) {
    check(siamese_avx512, kind)
  }

  private func check(_ level: siamese_level, _ kind: siamese_depthwise_kind) {
    var draws = Draws(seed: 11 + Int(kind.rawValue))
    for number in 0..<60 {
      let drawn = DepthwiseCase(&draws, kind)
      let operands = DepthwiseCase.Operands(drawn, seed: number)
      let (output, average) = operands.run(drawn, level)
      #expect(operands.areGuardsIntact && output.areGuardsIntact && average.areGuardsIntact, "\(drawn)")
      let (expected, means) = operands.expected(drawn)
      #expect(output.worstError(expected) <= 1, "\(drawn)")
      #expect(average.worstError(means) <= 1, "\(drawn), its means")
      if !drawn.averages { #expect(average.isUntouched(0)) }
      let between = (0..<output.count).filter { $0 % drawn.shape.output_pixel >= 16 }
      #expect(between.allSatisfy { output.isUntouched($0) }, "\(drawn), what lies between pixels")
      if level != siamese_portable {
        let portable = operands.run(drawn, siamese_portable).output
        #expect(output.worstError(expected, from: portable) <= 1, "\(drawn), against the portable loops")
      }
    }
  }
}

/// A shape, and what else a call may vary: `lanes` channels are real, the rest of the 16 are padded and hold NaN.
private struct DepthwiseCase {
  var shape = siamese_depthwise_shape()
  var lanes = 0
  var hasBias = false, averages = false

  var readsBFloat16: Bool { shape.kind == siamese_depthwise_bfloat16 }
  var makesBFloat16: Bool { shape.kind != siamese_depthwise_floats }
  var taps: Int { Int(shape.kernel * shape.kernel) }
  var pixels: Int { Int(shape.height * shape.width) }
  var outputPixels: Int { Int(shape.output_height * shape.output_width) }

  init(_ draws: inout Draws, _ kind: siamese_depthwise_kind) {
    var rows: Int32
    var columns: Int32
    repeat {
      shape.kind = kind
      shape.kernel = draws.pick(3, 5, 7)
      shape.stride = draws.pick(1, 2)
      shape.height = draws.pick(1, 2, 5, 8, 17)
      shape.width = draws.pick(1, 2, 7, 15, 29)
      shape.top = draws.pick(0, 1, 3, 9)
      shape.left = draws.pick(0, 1, 3, 9)
      let after: Int32 = draws.pick(0, 1, 2, 9)
      rows = shape.height + shape.top + after - shape.kernel
      columns = shape.width + shape.left + after - shape.kernel
      shape.output_height = rows / shape.stride + 1
      shape.output_width = columns / shape.stride + 1
      shape.pixel = draws.pick(16, 40)
      shape.output_pixel = draws.pick(16, 24)
      shape.before = draws.function()
      shape.after = draws.function()
      lanes = draws.pick(1, 5, 16)
      hasBias = draws.pick(false, true)
      averages = draws.pick(false, true)
    } while rows < 0 || columns < 0
  }

  /// The arrays of a case: exactly what is read and written, so that the last pixel ends with its 16 channels.
  final class Operands {
    let map: KernelArray, weights: KernelArray, bias: KernelArray

    init(_ c: DepthwiseCase, seed: Int) {
      var draws = Draws(seed: seed)
      map = KernelArray(count: (c.pixels - 1) * c.shape.pixel + 16, isBFloat16: c.readsBFloat16, &draws)
      weights = KernelArray(count: c.taps * 16, &draws)
      bias = KernelArray(count: 16, &draws)
      for lane in c.lanes..<16 {
        for p in 0..<c.pixels { map[p * c.shape.pixel + lane] = .nan }
        for tap in 0..<c.taps { weights[16 * tap + lane] = .nan }
        bias[lane] = .nan
      }
    }

    var areGuardsIntact: Bool { map.areGuardsIntact && weights.areGuardsIntact && bias.areGuardsIntact }

    func run(_ c: DepthwiseCase, _ level: siamese_level) -> (output: KernelArray, average: KernelArray) {
      let output = KernelArray(count: (c.outputPixels - 1) * c.shape.output_pixel + 16, isBFloat16: c.makesBFloat16)
      let average = KernelArray(count: 16, isBFloat16: c.makesBFloat16)
      withUnsafePointer(to: c.shape) { shape in
        let scratch = KernelArray(count: siamese_depthwise_scratch(level, shape))
        siamese_depthwise(
          level, shape, map.start, weights.floats, c.hasBias ? bias.floats : nil, scratch.floats, output.start,
          c.averages ? average.start : nil)
        #expect(scratch.areGuardsIntact, "\(c), its working memory")
      }
      return (output, average)
    }

    /// What plain loops compute. Functions of bfloat16 are good to 2^-12 before the sum too.
    func expected(_ c: DepthwiseCase) -> (output: [Expected], average: [Expected]) {
      let s = c.shape
      let relative = c.readsBFloat16 ? 1.0 / 2048 : 2e-6
      var output: [Expected] = []
      var average: [Expected] = []
      for lane in 0..<c.lanes {
        let inputs = (0..<c.pixels).map { s.before(Double(map[$0 * s.pixel + lane])) }
        let factors = (0..<c.taps).map { Double(weights[16 * $0 + lane]) }
        var total = 0.0
        for p in 0..<c.outputPixels {
          let (y, x) = (p / Int(s.output_width), p % Int(s.output_width))
          var sum = c.hasBias ? Double(bias[lane]) : 0
          var magnitude = 1.0
          for tap in 0..<c.taps {
            let row = y * Int(s.stride) - Int(s.top) + tap / Int(s.kernel)
            let column = x * Int(s.stride) - Int(s.left) + tap % Int(s.kernel)
            guard row >= 0, column >= 0, row < s.height, column < s.width else { continue }
            let product = inputs[row * Int(s.width) + column] * factors[tap]
            sum += product
            magnitude += abs(product)
          }
          let value = s.after(sum)
          total += value
          output.append(Expected(index: p * s.output_pixel + lane, value: value, tolerance: relative * magnitude))
        }
        if c.averages {
          average.append(
            Expected(index: lane, value: total / Double(c.outputPixels), tolerance: c.makesBFloat16 ? 2e-3 : 1e-5))
        }
      }
      return (output, average)
    }
  }
}
