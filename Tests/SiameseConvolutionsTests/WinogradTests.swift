import CSiameseConvolutions
import Testing

@Suite struct WinogradTests {
  enum Algorithm: CaseIterable { case tilesOf4, fewTilesOf4, tilesOf2InBFloat16 }

  @Test(arguments: Algorithm.allCases)
  func `Convolutions in tiles equal plain loops, portably`(_ algorithm: Algorithm) {
    check(siamese_portable, algorithm)
  }

  @Test(.needsAVX2, arguments: Algorithm.allCases)
  func `Convolutions in tiles equal plain loops, with AVX2`(_ algorithm: Algorithm) { check(siamese_avx2, algorithm) }

  @Test(.needsAVX512, arguments: [Algorithm.tilesOf4, .fewTilesOf4])
  func `Convolutions in tiles equal plain loops, with AVX-512`(_ algorithm: Algorithm) {
    check(siamese_avx512, algorithm)
  }

  @Test(.needsAVX512BFloat16)
  func `Convolutions in tiles equal plain loops, with AVX512_BF16`() { check(siamese_avx512, .tilesOf2InBFloat16) }

  private func check(_ level: siamese_level, _ algorithm: Algorithm) {
    var draws = Draws(seed: algorithm == .tilesOf2InBFloat16 ? 32 : 31)
    for number in 0..<20 {
      let drawn = WinogradCase(&draws, isBFloat16: algorithm == .tilesOf2InBFloat16)
      let operands = WinogradOperands(drawn, seed: number, areTilesFew: algorithm == .fewTilesOf4)
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

/// A shape, and what else a call may vary: `channels` and `filters` are real, the shape's are rounded up.
struct WinogradCase {
  var shape = siamese_winograd_shape()
  var pictures = 0, channels = 0, filters = 0
  var adds: Int32 = 0
  var hasBias = false
  var function = siamese_function.identity

  var isBFloat16: Bool { shape.is_bfloat16 != 0 }
  var pixels: Int { Int(shape.height * shape.width) }
  var outputPixels: Int { Int(shape.output_height * shape.output_width) }

  init(_ draws: inout Draws, isBFloat16: Bool) {
    repeat {
      shape.is_bfloat16 = isBFloat16 ? 1 : 0
      shape.height = draws.pick(1, 2, 3, 5, 7, 8, 13)
      shape.width = draws.pick(1, 2, 4, 5, 9, 12)
      shape.top = draws.pick(0, 1, 2, 5)
      shape.left = draws.pick(0, 1, 2, 5)
      let after: Int32 = draws.pick(0, 1, 2, 5)
      shape.output_height = shape.height + shape.top + after - 2
      shape.output_width = shape.width + shape.left + after - 2
      channels = draws.pick(1, 5, 16, 17, 33, 40)
      filters = draws.pick(1, 5, 16, 17, 33, 40)
      shape.channels = Int32(roundedUp(channels))
      shape.filters = Int32(roundedUp(filters))
      pictures = draws.pick(1, 2, 17)
      adds = draws.pick(0, 1)
      hasBias = draws.pick(false, true)
      function = draws.function()
    } while shape.output_height < 1 || shape.output_width < 1
      || pictures * outputPixels * channels * filters * 9 > 900_000
  }
}
