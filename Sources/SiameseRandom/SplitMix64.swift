/// A small seeded source of random numbers: SplitMix64 (Steele, Lea and Flood 2014,
/// https://doi.org/10.1145/2714064.2660195). The same seed gives the same sequence on every machine.
///
///     var random = SplitMix64(parts: 7, 3)
///     random.uniform(0, 1)
@usableFromInline package struct SplitMix64: RandomNumberGenerator, Sendable, Equatable {
  private var state: UInt64

  /// What the state grows by with every number: 2⁶⁴ divided by the golden ratio, made odd.
  @inlinable package static var increment: UInt64 { 0x9E37_79B9_7F4A_7C15 }

  /// The sequence of a seed.
  package init(seed: UInt64) { state = seed }

  /// A sequence of several seeds: where any of them differs, the sequences are unrelated.
  package init(parts: UInt64...) {
    state = 0
    for part in parts {
      state ^= part &+ Self.increment
      state = next()
    }
  }

  /// The next number of the sequence.
  @usableFromInline package mutating func next() -> UInt64 {
    state &+= Self.increment
    return Self.mix(state)
  }

  /// Spreads every bit of `value` over all bits of the result: number `n` of the sequence, from 1, is
  /// `mix(seed &+ n &* increment)`, which asks for no numbers before it.
  @inlinable @inline(__always) package static func mix(_ value: UInt64) -> UInt64 {
    var z = value
    z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
    z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
    return z ^ (z >> 31)
  }
}
