import CSiameseConvolutions
import Testing

@Suite struct PointwiseTests {
  static let bfloat16Kinds = [siamese_bfloat16, siamese_floats_of_bfloat16, siamese_bfloat16_of_floats]

  @Test(arguments: [siamese_floats] + bfloat16Kinds)
  func `Products of pixels equal plain loops, portably`(_ kind: siamese_product_kind) { check(siamese_portable, kind) }

  @Test(.needsAVX2, arguments: [siamese_floats] + bfloat16Kinds)
  func `Products of pixels equal plain loops, with AVX2`(_ kind: siamese_product_kind) { check(siamese_avx2, kind) }

  @Test(.needsAVX512) func `Products of pixels equal plain loops, with AVX-512`() {
    check(siamese_avx512, siamese_floats)
  }

  @Test(.needsAVX512BFloat16, arguments: bfloat16Kinds)
  func `Products of pixels equal plain loops, with AVX512_BF16`(_ kind: siamese_product_kind) {
    check(siamese_avx512, kind)
  }

  private func check(_ level: siamese_level, _ kind: siamese_product_kind) {
    var draws = Draws(seed: 1 + Int(kind.rawValue))
    for number in 0..<30 {
      let drawn = PointwiseCase(&draws, kind)
      let operands = PointwiseCase.Operands(drawn, seed: number)
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

/// A shape, and what else a call may vary.
private struct PointwiseCase {
  var shape = siamese_pointwise_shape()
  var pictures = 0
  var hasBias = false

  var readsBFloat16: Bool { shape.kind == siamese_bfloat16 || shape.kind == siamese_floats_of_bfloat16 }
  var makesBFloat16: Bool { shape.kind == siamese_bfloat16 || shape.kind == siamese_bfloat16_of_floats }
  var channels: Int { Int(shape.channels) }
  var filters: Int { Int(shape.filters) }
  var pixels: Int { Int(shape.height * shape.width) }
  var outputPixels: Int { Int(shape.output_height * shape.output_width) }

  init(_ draws: inout Draws, _ kind: siamese_product_kind) {
    repeat {
      shape.kind = kind
      shape.stride = kind.rawValue <= siamese_bfloat16.rawValue ? draws.pick(1, 2) : 1
      shape.height = draws.pick(1, 2, 3, 5, 7, 13)
      shape.width = draws.pick(1, 2, 3, 5, 7, 14)
      shape.channels = draws.pick(1, 5, 16, 17, 24, 33, 48, 530)
      shape.filters = draws.pick(1, 5, 16, 17, 33, 40)
      shape.output_height = (shape.height - 1) / shape.stride + 1
      shape.output_width = (shape.width - 1) / shape.stride + 1
      shape.adds = draws.pick(0, 1)
      shape.function = draws.function()
      pictures = draws.pick(1, 2, 17)
      hasBias = draws.pick(false, true)
    } while pictures * outputPixels * channels * filters > 400_000
  }

  /// The arrays of a case. Padded lanes hold NaN; but where bfloat16 channels are read two by two, the last channel's
  /// neighbour has a weight of zero.
  final class Operands {
    let map: KernelArray, weights: KernelArray, bias: KernelArray
    /// What the output holds before.
    let there: Float

    init(_ c: PointwiseCase, seed: Int) {
      var draws = Draws(seed: seed)
      let (channels, filters) = (roundedUp(c.channels), roundedUp(c.filters))
      map = KernelArray(count: c.pictures * channels * c.pixels, isBFloat16: c.readsBFloat16, &draws)
      weights = KernelArray(count: channels * filters, isBFloat16: c.readsBFloat16, &draws)
      bias = KernelArray(count: filters, &draws)
      there = c.shape.adds != 0 ? 0.625 : 0
      for k in c.channels..<channels {
        let isRead = c.readsBFloat16 && k == c.channels && k % 2 == 1
        for n in 0..<c.pictures where !isRead {
          for p in 0..<c.pixels { map[blocked(n, channels, k, c.pixels, p)] = .nan }
        }
        for f in 0..<filters { weights[place(c, k, f)] = isRead ? 0 : .nan }
      }
      for f in c.filters..<filters {
        bias[f] = .nan
        for k in 0..<channels { weights[place(c, k, f)] = .nan }
      }
    }

    private func place(_ c: PointwiseCase, _ channel: Int, _ filter: Int) -> Int {
      weightPlace(channel, filter, block: roundedUp(c.channels) * 16, isBFloat16: c.readsBFloat16)
    }

    var areGuardsIntact: Bool { map.areGuardsIntact && weights.areGuardsIntact && bias.areGuardsIntact }

    /// Runs the kernel in parts of tiles and of blocks, each of which must leave the others alone: where the output is
    /// added, doing one twice would show, as would leaving one out.
    func run(_ c: PointwiseCase, _ level: siamese_level) -> KernelArray {
      let output = KernelArray(count: c.pictures * roundedUp(c.filters) * c.outputPixels, isBFloat16: c.makesBFloat16)
      if c.shape.adds != 0 { for i in 0..<output.count { output[i] = there } }
      let blocks = roundedUp(c.filters) / 16
      withUnsafePointer(to: c.shape) { shape in
        let tiles = Int(siamese_pointwise_tiles(level, shape)) * c.pictures
        for part in 0..<3 {
          for half in [1, 0] {
            let (first, block) = (tiles * part / 3, blocks * half / 2)
            siamese_pointwise(
              level, shape, map.start, weights.start, c.hasBias ? bias.floats : nil, Int32(first),
              Int32(tiles * (part + 1) / 3 - first), Int32(block), Int32(blocks * (half + 1) / 2 - block),
              weights.start,
              output.start)
            if c.shape.adds == 0, part == 0, half == 1, block > 0 {
              #expect(output.isUntouched(0), "blocks that were not asked for stay as they are")
            }
          }
        }
      }
      return output
    }

    /// What plain loops compute.
    func expected(_ c: PointwiseCase) -> [Expected] {
      let (width, outputWidth, stride) = (Int(c.shape.width), Int(c.shape.output_width), Int(c.shape.stride))
      var result: [Expected] = []
      for n in 0..<c.pictures {
        for f in 0..<c.filters {
          for p in 0..<c.outputPixels {
            let at = (p / outputWidth * width + p % outputWidth) * stride
            var sum = Double((c.hasBias ? bias[f] : 0) + there)
            var magnitude = 2.0
            for k in 0..<c.channels {
              let product = Double(map[blocked(n, c.channels, k, c.pixels, at)]) * Double(weights[place(c, k, f)])
              sum += product
              magnitude += abs(product)
            }
            result.append(
              Expected(
                index: blocked(n, c.filters, f, c.outputPixels, p), value: c.shape.function(sum),
                tolerance: 4e-7 * magnitude))
          }
        }
      }
      return result
    }
  }
}
