import Foundation

/// A seeded source of random numbers that gives the same sequence on every machine.
///
/// The xoshiro256++ generator (Blackman and Vigna, 2019, https://prng.di.unimi.it), its state filled by SplitMix64.
public struct SeededGenerator: RandomNumberGenerator, Sendable, Equatable, Codable {
  private var state: [UInt64]

  public init(seed: UInt64) {
    var mixed = seed
    state = (0..<4).map { _ in
      mixed &+= 0x9E37_79B9_7F4A_7C15
      var z = mixed
      z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
      z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
      return z ^ (z >> 31)
    }
  }

  public mutating func next() -> UInt64 {
    func rotate(_ x: UInt64, _ k: UInt64) -> UInt64 { (x << k) | (x >> (64 - k)) }
    let result = rotate(state[0] &+ state[3], 23) &+ state[0]
    let t = state[1] << 17
    state[2] ^= state[0]
    state[3] ^= state[1]
    state[1] ^= state[2]
    state[0] ^= state[3]
    state[2] ^= t
    state[3] = rotate(state[3], 45)
    return result
  }

  /// A number drawn uniformly from `[0, 1)`.
  package mutating func uniform() -> Float { Float(next() >> 40) * 0x1p-24 }

  /// A number drawn from the normal distribution with mean 0 and variance 1 (Box and Muller, 1958).
  package mutating func normal() -> Float {
    let radius = (-2 * log(1 - Double(next() >> 11) * 0x1p-53)).squareRoot()
    return Float(radius * cos(2 * .pi * Double(next() >> 11) * 0x1p-53))
  }

  /// A generator for an independent stream, named by `index`: the same parent and index give the same stream.
  package func stream(_ index: UInt64) -> SeededGenerator {
    SeededGenerator(seed: state[0] ^ (state[2] &+ index &* 0xD134_2543_DE82_EF95))
  }
}
