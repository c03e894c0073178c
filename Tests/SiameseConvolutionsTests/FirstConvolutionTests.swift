import CSiameseConvolutions
import Testing

@Suite struct FirstConvolutionTests {
  static let kinds = [siamese_floats, siamese_bfloat16, siamese_floats_of_bfloat16]

  @Test(arguments: kinds)
  func `First convolutions equal plain loops, portably`(_ kind: siamese_product_kind) { check(siamese_portable, kind) }

  @Test(.needsAVX2, arguments: kinds)
  func `First convolutions equal plain loops, with AVX2`(_ kind: siamese_product_kind) { check(siamese_avx2, kind) }

  @Test(.needsAVX512)
  func `First convolutions equal plain loops, with AVX-512`() { check(siamese_avx512, siamese_floats) }

  @Test(.needsAVX512BFloat16, arguments: kinds.dropFirst())
  func `First convolutions equal plain loops, with AVX512_BF16`(_ kind: siamese_product_kind) {
    check(siamese_avx512, kind)
  }

  private func check(_ level: siamese_level, _ kind: siamese_product_kind) {
    var draws = Draws(seed: 21 + Int(kind.rawValue))
    for number in 0..<30 {
      let drawn = FirstCase(&draws, kind)
      let operands = FirstCase.Operands(drawn, seed: number, level)
      let output = operands.run(drawn, level)
      #expect(operands.areGuardsIntact && output.areGuardsIntact, "\(drawn)")
      let expected = operands.expected(drawn)
      #expect(output.worstError(expected) <= 1, "\(drawn)")
      if level != siamese_portable {
        let portable = operands.run(drawn, siamese_portable)
        #expect(output.worstError(expected, from: portable) <= 1, "\(drawn), against the portable loops")
      }
    }
  }
}

/// A shape, and whether it has a bias.
private struct FirstCase {
  var shape = siamese_first_shape()
  var hasBias = false

  var isBFloat16: Bool { shape.kind != siamese_floats }
  var makesBFloat16: Bool { shape.kind == siamese_bfloat16 }
  var filters: Int { Int(shape.filters) }
  var pixels: Int { Int(shape.output_height * shape.output_width) }

  init(_ draws: inout Draws, _ kind: siamese_product_kind) {
    var rows: Int32
    var columns: Int32
    var products: Int32
    repeat {
      shape.kind = kind
      shape.stride = draws.pick(1, 2)
      shape.height = draws.pick(1, 2, 5, 9)
      shape.width = draws.pick(1, 13, 17, 30, 53)
      shape.window_height = draws.pick(1, 2, 3, 5, 7)
      shape.window_width = draws.pick(1, 2, 3, 5, 11)
      shape.top = draws.pick(0, 1, 3, 12)
      shape.left = draws.pick(0, 1, 3, 12)
      let after: Int32 = draws.pick(0, 1, 2, 12)
      rows = shape.height + shape.top + after - shape.window_height
      columns = shape.width + shape.left + after - shape.window_width
      shape.output_height = rows / shape.stride + 1
      shape.output_width = columns / shape.stride + 1
      shape.filters = draws.pick(1, 5, 16, 17, 33, 40)
      shape.function = draws.function()
      hasBias = draws.pick(false, true)
      products = shape.output_height * shape.output_width * shape.filters * shape.window_height * shape.window_width * 3
    } while rows < 0 || shape.output_width < 13 || products > 400_000
  }

  /// The arrays of a case. Weights of padded filters hold NaN; blocks of weights lie apart, but nothing comes after the
  /// last.
  final class Operands {
    let picture: KernelArray, weights: KernelArray, bias: KernelArray
    let row: Int, weightBlock: Int

    init(_ c: FirstCase, seed: Int, _ level: siamese_level) {
      var draws = Draws(seed: seed)
      row = withUnsafePointer(to: c.shape) { Int(siamese_first_row(level, $0)) }
      let depth = row * Int(c.shape.window_height)
      let filters = roundedUp(c.filters)
      weightBlock = depth * 16 + 32
      picture = KernelArray(count: Int(c.shape.height * c.shape.width) * 3, &draws)
      bias = KernelArray(count: filters, &draws)
      weights = KernelArray(
        count: (filters / 16 - 1) * weightBlock + depth * 16, isBFloat16: c.isBFloat16, &draws)
      for f in 0..<filters {
        if f >= c.filters { bias[f] = .nan }
        for k in 0..<depth where f >= c.filters || k % row >= Int(c.shape.window_width) * 3 {
          weights[weightPlace(k, f, block: weightBlock, isBFloat16: c.isBFloat16)] = f >= c.filters ? .nan : 0
        }
      }
    }

    var areGuardsIntact: Bool { picture.areGuardsIntact && weights.areGuardsIntact && bias.areGuardsIntact }

    /// Runs the kernel in three parts, the last rows first.
    func run(_ c: FirstCase, _ level: siamese_level) -> KernelArray {
      let output = KernelArray(count: roundedUp(c.filters) * c.pixels, isBFloat16: c.makesBFloat16)
      let height = Int(c.shape.output_height)
      for part in [2, 1, 0] {
        let first = height * part / 3
        let rows = height * (part + 1) / 3 - first
        guard rows > 0 else { continue }
        withUnsafePointer(to: c.shape) { shape in
          let scratch = KernelArray(count: (siamese_first_scratch(level, shape, Int32(rows)) + 3) / 4)
          siamese_first(
            level, shape, picture.floats, weights.start, weightBlock, c.hasBias ? bias.floats : nil, Int32(first),
            Int32(rows),
            scratch.start, output.start)
          #expect(scratch.areGuardsIntact, "\(c), its working memory")
        }
        let before = 0..<first * Int(c.shape.output_width)
        #expect(before.allSatisfy { output.isUntouched($0 * 16) }, "\(c), rows that were not asked for")
      }
      return output
    }

    /// What plain loops compute.
    func expected(_ c: FirstCase) -> [Expected] {
      let s = c.shape
      let width = Int(s.window_width) * 3
      let inputs = (0..<picture.count).map { Double(c.isBFloat16 ? KernelArray.rounded(picture[$0]) : picture[$0]) }
      var result: [Expected] = []
      for f in 0..<c.filters {
        let factors = (0..<Int(s.window_height) * row).map {
          Double(weights[weightPlace($0, f, block: weightBlock, isBFloat16: c.isBFloat16)])
        }
        for p in 0..<c.pixels {
          let (y, x) = (p / Int(s.output_width), p % Int(s.output_width))
          var sum = c.hasBias ? Double(bias[f]) : 0
          var magnitude = 1.0
          for ky in 0..<Int(s.window_height) {
            let line = y * Int(s.stride) - Int(s.top) + ky
            guard line >= 0, line < s.height else { continue }
            for k in 0..<width {
              let column = x * Int(s.stride) - Int(s.left) + k / 3
              guard column >= 0, column < s.width else { continue }
              let product = inputs[(line * Int(s.width) + column) * 3 + k % 3] * factors[ky * row + k]
              sum += product
              magnitude += abs(product)
            }
          }
          result.append(
            Expected(index: blocked(0, c.filters, f, c.pixels, p), value: s.function(sum), tolerance: 4e-7 * magnitude))
        }
      }
      return result
    }
  }
}
