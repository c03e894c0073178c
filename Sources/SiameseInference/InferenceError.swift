/// Why a network cannot be run as asked, in a sentence that says what to do.
package enum InferenceError: Error, Equatable, CustomStringConvertible {
  /// The processor cannot multiply bfloat16.
  case noBFloat16

  /// The sentence.
  package var description: String {
    switch self {
    case .noBFloat16:
      "this processor has no bfloat16 arithmetic (AVX512_BF16); compute in float32, as --precision f32 does"
    }
  }
}
