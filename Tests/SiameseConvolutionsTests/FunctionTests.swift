import CSiameseConvolutions
import Testing

@Suite struct FunctionTests {
  @Test(arguments: siamese_function.all.indices)
  func `Functions hold over the whole line, and NaN stays NaN, portably`(index: Int) {
    check(siamese_portable, siamese_function.all[index])
  }

  @Test(.needsAVX2, arguments: siamese_function.all.indices)
  func `Functions hold over the whole line, and NaN stays NaN, with AVX2`(index: Int) {
    check(siamese_avx2, siamese_function.all[index])
  }

  @Test(.needsAVX512, arguments: siamese_function.all.indices)
  func `Functions hold over the whole line, and NaN stays NaN, with AVX-512`(index: Int) {
    check(siamese_avx512, siamese_function.all[index])
  }

  /// A convolution of one channel with a weight of 1 is the function of each pixel.
  private func check(_ level: siamese_level, _ function: siamese_function) {
    let line = (-1200...1200).map { Float($0) / 100 } + [-1000, 1000, 0, -0.0, .leastNonzeroMagnitude, .nan]
    for makesBFloat16 in [false, true] where !makesBFloat16 || siamese_takes_bfloat16(level) != 0 {
      var shape = siamese_pointwise_shape()
      shape.kind = makesBFloat16 ? siamese_bfloat16_of_floats : siamese_floats
      (shape.height, shape.width, shape.channels) = (1, Int32(line.count), 1)
      (shape.output_height, shape.output_width, shape.filters) = (1, Int32(line.count), 1)
      (shape.stride, shape.function) = (1, function)
      let map = KernelArray(count: line.count * 16), weights = KernelArray(count: 256)
      let output = KernelArray(count: line.count * 16, isBFloat16: makesBFloat16)
      for (i, x) in line.enumerated() { map[16 * i] = x }
      for i in 0..<16 { weights[i] = i == 0 ? 1 : 0 }
      withUnsafePointer(to: shape) {
        siamese_pointwise(
          level, $0, map.start, weights.start, nil, 0, siamese_pointwise_tiles(level, $0), 0, 1, weights.start,
          output.start)
      }
      let expected = line.enumerated().dropLast().map {
        Expected(index: 16 * $0.offset, value: function(Double($0.element)), tolerance: 0)
      }
      #expect(output.worstError(expected) <= 1, "\(function), \(makesBFloat16 ? "in bfloat16" : "in floats")")
      #expect(output[16 * (line.count - 1)].isNaN, "\(function) of NaN")
    }
  }
}
