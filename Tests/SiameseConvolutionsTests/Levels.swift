import CSiameseConvolutions
import Testing

extension Trait where Self == ConditionTrait {
  /// Skips a test on processors without AVX2.
  static var needsAVX2: Self {
    .enabled(if: siamese_best_level().rawValue >= siamese_avx2.rawValue, "this processor has no AVX2 with FMA")
  }

  /// Skips a test on processors without AVX-512.
  static var needsAVX512: Self {
    .enabled(if: siamese_best_level() == siamese_avx512, "this processor has no AVX-512")
  }

  /// Skips a test on processors whose AVX-512 lacks bfloat16.
  static var needsAVX512BFloat16: Self {
    .enabled(
      if: siamese_best_level() == siamese_avx512 && siamese_takes_bfloat16(siamese_avx512) != 0,
      "this processor has no AVX512_BF16")
  }
}

@Suite struct LevelTests {
  @Test func `Every level below the best one takes bfloat16, and none above it`() {
    let best = siamese_best_level()
    #expect(siamese_takes_bfloat16(siamese_portable) != 0)
    if best != siamese_portable { #expect(siamese_takes_bfloat16(siamese_avx2) != 0) }
    if best != siamese_avx512 { #expect(siamese_takes_bfloat16(siamese_avx512) == 0) }
  }
}
