import Foundation

/// Draws that give the same numbers on every machine and with every version of Swift: the standard library may change
/// how `Double.random(in:using:)` uses its generator.
extension RandomNumberGenerator {
  /// A number drawn uniformly from `[low, high)`.
  @inlinable package mutating func uniform(_ low: Double, _ high: Double) -> Double {
    low + (high - low) * Double(next() >> 11) * 0x1p-53
  }

  /// A number drawn from the normal distribution with mean 0 and that standard deviation (Box and Muller 1958).
  @inlinable package mutating func normal(_ deviation: Double) -> Double {
    let radius = (-2 * log(1 - uniform(0, 1))).squareRoot()
    return deviation * radius * cos(2 * .pi * uniform(0, 1))
  }

  /// A whole number drawn uniformly from `0..<count`.
  @inlinable package mutating func index(below count: Int) -> Int { min(count - 1, Int(uniform(0, Double(count)))) }

  /// True with that probability.
  @inlinable package mutating func chance(_ probability: Double) -> Bool { uniform(0, 1) < probability }
}
