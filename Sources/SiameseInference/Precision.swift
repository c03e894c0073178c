import SiameseOneDNN

/// The number type of what lies between a plan's layers.
package enum Precision: String, Sendable, Hashable, Codable, CaseIterable {
  /// Everything in float32.
  case float32
  /// Feature maps (and, in training, their gradients) and the weights that work on them in bfloat16, sums in float32;
  /// inputs, outputs, vectors and whatever else a plan keeps stay float32.
  case bfloat16

  /// The type of feature maps.
  package var mapType: ElementType { self == .bfloat16 ? .bfloat16 : .float32 }

  /// Whether this processor computes in it, with the instructions that may be used.
  package var isAvailable: Bool { self == .float32 || Processor.hasBFloat16 }

  /// - Throws: `InferenceError.noBFloat16` where this processor cannot.
  package func requireAvailable() throws(InferenceError) {
    if !isAvailable { throw .noBFloat16 }
  }
}
