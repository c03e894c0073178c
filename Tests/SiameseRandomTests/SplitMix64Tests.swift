import SiameseRandom
import Testing

@Suite struct SplitMix64Tests {
  @Test func `numbers are those of the published generator`() {
    // The first outputs of the reference implementation (https://prng.di.unimi.it/splitmix64.c) for the seed 1234567.
    var random = SplitMix64(seed: 1_234_567)
    #expect(
      (0..<5).map { _ in random.next() } == [
        6_457_827_717_110_365_317, 3_203_168_211_198_807_973, 9_817_491_932_198_370_423, 4_593_380_528_125_082_431,
        16_408_922_859_458_223_821,
      ])
  }

  @Test func `any number of the sequence can be had without those before`() {
    var random = SplitMix64(seed: 99)
    for n in 1...20 as ClosedRange<UInt64> {
      #expect(random.next() == SplitMix64.mix(99 &+ n &* SplitMix64.increment))
    }
  }

  @Test func `seeds of several parts are told apart by each, and by their order`() {
    func first(_ parts: (UInt64, UInt64)) -> UInt64 {
      var random = SplitMix64(parts: parts.0, parts.1)
      return random.next()
    }
    #expect(Set([first((1, 2)), first((2, 1)), first((1, 3)), first((0, 2)), first((0, 0))]).count == 5)
  }
}
