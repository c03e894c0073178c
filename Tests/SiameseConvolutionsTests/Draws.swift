import CSiameseConvolutions
import Foundation

/// A linear congruential generator (Numerical Recipes), whose upper bits are used: the same shapes on every run, and
/// the same as `Tests/Sanitize` runs under sanitisers.
struct Draws {
  private var state: UInt32

  init(seed: Int) { state = UInt32(seed) }

  mutating func draw() -> Int {
    state = state &* 1_664_525 &+ 1_013_904_223
    return Int(state >> 8)
  }

  /// One of the elements of a list.
  mutating func pick<T>(_ list: T...) -> T { list[draw() % list.count] }

  /// A number between -1 and 1.
  mutating func number() -> Float { Float(draw() % 65_536 - 32_768) / 32_768 }

  /// One of the functions that kernels apply.
  mutating func function() -> siamese_function { siamese_function.all[draw() % siamese_function.all.count] }
}

extension siamese_function {
  static let identity = siamese_function(kind: siamese_limited, low: -.infinity, high: .infinity)

  /// The identity, ReLU, ReLU6, other bounds, SiLU, hard SiLU, GELU.
  static let all = [
    identity, siamese_function(kind: siamese_limited, low: 0, high: .infinity),
    siamese_function(kind: siamese_limited, low: 0, high: 6),
    siamese_function(kind: siamese_limited, low: -0.5, high: 0.75),
    siamese_function(kind: siamese_silu, low: 0, high: 0),
    siamese_function(kind: siamese_hard_silu, low: 0, high: 0), siamese_function(kind: siamese_gelu, low: 0, high: 0),
  ]

  /// The function of a number, in double precision.
  func callAsFunction(_ x: Double) -> Double {
    switch kind {
    case siamese_silu: x / (1 + exp(-x))
    case siamese_hard_silu: x * min(max(x / 6 + 0.5, 0), 1)
    case siamese_gelu: x * 0.5 * erfc(-x * 0.5.squareRoot())
    default: x < Double(low) ? Double(low) : x > Double(high) ? Double(high) : x
    }
  }
}
