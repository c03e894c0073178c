import SiameseOneDNN

/// The number type of what lies between a plan's layers.
package enum Precision: String, Sendable, Hashable, Codable, CaseIterable {
  case float32
  /// Feature maps (and, in training, their gradients) and the weights that work on them in bfloat16, sums in float32;
  /// inputs, outputs, vectors and whatever else a plan keeps stay float32.
  case bfloat16

  /// The type of feature maps.
  package var mapType: ElementType { self == .bfloat16 ? .bfloat16 : .float32 }

  /// Whether this processor computes in it.
  package var isAvailable: Bool { self == .float32 || Processor.hasBFloat16 }

  /// - Throws: `PrecisionError` where this processor cannot.
  package func requireAvailable() throws(PrecisionError) {
    if !isAvailable { throw .noBfloat16 }
  }
}

/// A precision that this processor lacks.
package enum PrecisionError: Error, Equatable, CustomStringConvertible {
  case noBfloat16

  package var description: String {
    "this processor has no bfloat16 arithmetic (AVX512_BF16); compute in float32, as --precision f32 does"
  }
}
