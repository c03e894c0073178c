/// How oneDNN computes a primitive, as far as it tells which of several choices is fast.
package enum ImplementationKind: Hashable, Sendable, CaseIterable {
  /// Plain loops, there for completeness: correct and slow.
  case reference
  /// A general matrix product over patches that are copied together first.
  case matrixProduct
  /// Winograd's algorithm: fewer multiplications, on transformed tiles.
  case winograd
  /// Code of its own for the operation, made for the processor at hand.
  case direct

  /// What oneDNN's name of an implementation says, such as `jit:avx2`, `jit_wino_4x3:avx512_core`, `gemm:jit` or
  /// `ref:any`.
  ///
  /// The name is a list of parts between colons. Reference code may stand in any of them (`gemm:ref`, `bnorm_ref:any`),
  /// while the last one names what made the code or the processor it is for, and is not looked at for the algorithm.
  package init(name: String) {
    let parts = name.split(separator: ":").map { $0.split(separator: "_") }
    let algorithm = parts.dropLast().joined()
    if parts.joined().contains("ref") {
      self = .reference
    } else if algorithm.contains(where: { $0.hasSuffix("gemm") }) {
      self = .matrixProduct
    } else if algorithm.contains("wino") {
      self = .winograd
    } else {
      self = .direct
    }
  }

  /// Whether it is made for the operation; reference loops and matrix products serve only where nothing else takes the
  /// shapes.
  package var isSpecialized: Bool { self == .direct || self == .winograd }
}

extension PrimitiveDescription {
  /// What kind of code oneDNN chose.
  package var kind: ImplementationKind { ImplementationKind(name: implementation) }
}
