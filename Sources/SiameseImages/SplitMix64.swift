import Foundation

/// A small seeded source of random numbers for drawing and deforming pictures: SplitMix64 (Steele, Lea and Flood 2014,
/// https://doi.org/10.1145/2714064.2660195). The same seed gives the same sequence on every machine.
struct SplitMix64: RandomNumberGenerator, Sendable {
  private var state: UInt64

  /// Seeds whose parts differ give unrelated sequences.
  init(_ parts: UInt64...) {
    state = 0
    for part in parts {
      state ^= part &+ 0x9E37_79B9_7F4A_7C15
      state = next()
    }
  }

  mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var z = state
    z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
    z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
    return z ^ (z >> 31)
  }
}

// Drawn here and not by `Double.random(in:using:)`, whose algorithm the standard library may change.
extension RandomNumberGenerator {
  /// A number drawn uniformly from `[low, high)`.
  mutating func uniform(_ low: Double, _ high: Double) -> Double {
    low + (high - low) * Double(next() >> 11) * 0x1p-53
  }

  /// A number drawn from the normal distribution with mean 0.
  mutating func normal(_ deviation: Double) -> Double {
    let radius = (-2 * log(1 - uniform(0, 1))).squareRoot()
    return deviation * radius * cos(2 * .pi * uniform(0, 1))
  }

  /// A whole number from 0 up to but not including `count`.
  mutating func index(below count: Int) -> Int { min(count - 1, Int(uniform(0, Double(count)))) }

  /// True so often.
  mutating func chance(_ probability: Double) -> Bool { uniform(0, 1) < probability }
}
