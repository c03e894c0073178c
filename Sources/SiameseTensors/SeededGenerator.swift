import SiameseRandom

/// A seeded source of random numbers that gives the same sequence on every machine.
///
/// The xoshiro256++ generator (Blackman and Vigna, 2019, https://prng.di.unimi.it), its state filled by SplitMix64.
package struct SeededGenerator: RandomNumberGenerator, Sendable, Equatable, Codable {
  private var state: [UInt64]

  /// The sequence of a seed.
  package init(seed: UInt64) {
    var mixed = SplitMix64(seed: seed)
    state = (0..<4).map { _ in mixed.next() }
  }

  /// The next number of the sequence.
  package mutating func next() -> UInt64 {
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

  /// A number drawn from the normal distribution with mean 0 and variance 1.
  package mutating func normal() -> Float { Float(normal(1)) }

  /// A generator for an independent stream, named by `index`: the same parent and index give the same stream.
  package func stream(_ index: UInt64) -> SeededGenerator {
    SeededGenerator(seed: state[0] ^ (state[2] &+ index &* 0xD134_2543_DE82_EF95))
  }
}
