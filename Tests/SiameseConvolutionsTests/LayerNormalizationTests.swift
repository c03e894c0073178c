import CSiameseConvolutions
import Testing

@Suite struct LayerNormalizationTests {
  @Test(arguments: [false, true])
  func `Layer normalisation equals plain loops, portably`(isBFloat16: Bool) { check(siamese_portable, isBFloat16) }

  @Test(.needsAVX2, arguments: [false, true])
  func `Layer normalisation equals plain loops, with AVX2`(isBFloat16: Bool) { check(siamese_avx2, isBFloat16) }

  @Test(.needsAVX512) func `Layer normalisation equals plain loops, with AVX-512`() { check(siamese_avx512, false) }

  @Test(.needsAVX512BFloat16)
  func `Layer normalisation equals plain loops, with AVX512_BF16`() { check(siamese_avx512, true) }

  private func check(_ level: siamese_level, _ isBFloat16: Bool) {
    var draws = Draws(seed: isBFloat16 ? 42 : 41)
    for number in 0..<60 {
      let pixels = draws.pick(1, 2, 7, 8, 9, 30)
      let channels = draws.pick(16, 32, 48, 160)
      let shape = siamese_layer_normalization_shape(
        pixels: Int32(pixels), channels: Int32(channels), is_bfloat16: isBFloat16 ? 1 : 0,
        epsilon: Float(draws.pick(1, 100)) * 1e-5)
      var numbers = Draws(seed: number)
      let map = KernelArray(count: pixels * channels, isBFloat16: isBFloat16, &numbers)
      let gamma = KernelArray(count: channels, &numbers)
      let beta = KernelArray(count: channels, &numbers)
      func run(_ level: siamese_level) -> KernelArray {
        let output = KernelArray(count: map.count, isBFloat16: isBFloat16)
        for part in [2, 1, 0] {
          let first = pixels * part / 3
          withUnsafePointer(to: shape) {
            siamese_layer_normalization(
              level, $0, map.start, gamma.floats, beta.floats, Int32(first), Int32(pixels * (part + 1) / 3 - first),
              output.start)
          }
          #expect((0..<first).allSatisfy { output.isUntouched($0 * 16) }, "\(shape), pixels that were not asked for")
        }
        return output
      }
      let output = run(level)
      let expected = expected(shape, map, gamma, beta)
      #expect(output.areGuardsIntact && map.areGuardsIntact, "\(shape)")
      #expect(output.worstError(expected) <= 1, "\(shape)")
      if level != siamese_portable {
        #expect(output.worstError(expected, from: run(siamese_portable)) <= 1, "\(shape), against the portable loops")
      }
    }
  }

  private func expected(
    _ shape: siamese_layer_normalization_shape, _ map: KernelArray, _ gamma: KernelArray, _ beta: KernelArray
  ) -> [Expected] {
    let (pixels, channels) = (Int(shape.pixels), Int(shape.channels))
    return (0..<pixels).flatMap { p in
      let places = (0..<channels).map { blocked(0, channels, $0, pixels, p) }
      let values = places.map { Double(map[$0]) }
      let mean = values.reduce(0, +) / Double(channels)
      let variance = values.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(channels)
      let scale = 1 / (variance + Double(shape.epsilon)).squareRoot()
      return (0..<channels).map {
        Expected(
          index: places[$0], value: (values[$0] - mean) * scale * Double(gamma[$0]) + Double(beta[$0]), tolerance: 1e-5)
      }
    }
  }
}
