import COneDNN

/// What this processor can do at most.
package enum ProcessorPeak {
  /// Billions of multiplications and additions a second that `threads` cores reach in registers alone, measured now.
  ///
  /// Where the processor has no bfloat16 arithmetic, its float32 rate.
  package static func gigaflops(_ precision: Precision, threads: Int) -> Double {
    let half = precision == .bfloat16 ? siamese_peak_operations(1, 0.02) : 0
    return (half > 0 ? half : siamese_peak_operations(0, 0.02)) * 1e-9 * Double(threads)
  }
}
