import CSiameseOneDNN

/// What the processor can do, as oneDNN sees it.
package enum Processor {
  /// Whether it multiplies bfloat16 (AVX512_BF16).
  package static var hasBFloat16: Bool { siamese_has_bfloat16() != 0 }

  /// Billions of multiplications and additions a second that one core reaches in registers alone, measured now; 0 where it has
  /// no arithmetic of that type.
  package static func peakGigaflops(_ type: ElementType) -> Double {
    siamese_peak_operations(type == .bfloat16 ? 1 : 0, 0.02) * 1e-9
  }

  /// oneDNN's version, as `2.6.3`.
  package static var libraryVersion: String {
    let version = dnnl_version().pointee
    return "\(version.major).\(version.minor).\(version.patch)"
  }
}
