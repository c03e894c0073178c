import CSiameseConvolutions
import SiameseGraph

extension Activation {
  /// The function as our convolutions' loops know it: one that leaves zeros as they are, for padded channels; nil for others.
  var loopFunction: siamese_function? {
    switch self {
    case .linear: .identity
    case .rectifier(let maximum, 0, 0): siamese_function(kind: siamese_limited, low: 0, high: maximum ?? .infinity)
    case .silu: siamese_function(kind: siamese_silu, low: 0, high: 0)
    case .hardSilu: siamese_function(kind: siamese_hard_silu, low: 0, high: 0)
    case .gelu(approximate: false): siamese_function(kind: siamese_gelu, low: 0, high: 0)
    default: nil
    }
  }
}

extension siamese_function {
  static let identity = siamese_function(kind: siamese_limited, low: -.infinity, high: .infinity)
}
