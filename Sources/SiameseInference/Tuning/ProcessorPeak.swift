import SiameseOneDNN

/// What this processor can do at most.
package enum ProcessorPeak {
  /// Billions of multiplications and additions a second that `threads` cores reach in registers alone, measured now.
  ///
  /// Where the processor has no bfloat16 arithmetic, its float32 rate.
  package static func gigaflops(_ precision: Precision, threads: Int) -> Double {
    let bfloat16 = precision == .bfloat16 ? Processor.peakGigaflops(.bfloat16) : 0
    return (bfloat16 > 0 ? bfloat16 : Processor.peakGigaflops(.float32)) * Double(threads)
  }
}
