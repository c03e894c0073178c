import SiameseRandom
import Testing

@Suite struct DrawsTests {
  @Test func `draws keep to their bounds and have their moments`() {
    var random = SplitMix64(seed: 5)
    let uniform = (0..<20_000).map { _ in random.uniform(-1, 3) }
    #expect(uniform.allSatisfy { $0 >= -1 && $0 < 3 })
    #expect(abs(uniform.reduce(0, +) / 20_000 - 1) < 0.03)
    let normal = (0..<20_000).map { _ in random.normal(2) }
    #expect(abs(normal.reduce(0, +) / 20_000) < 0.05)
    #expect(abs(normal.reduce(0) { $0 + $1 * $1 } / 20_000 - 4) < 0.15)
    let indices = (0..<7_000).map { _ in random.index(below: 7) }
    #expect((0..<7).allSatisfy { index in abs(indices.count { $0 == index } - 1000) < 150 })
    #expect(abs((0..<10_000).count { _ in random.chance(0.3) } - 3000) < 200)
    #expect(!random.chance(0) && random.chance(1))
  }

  @Test func `the same seed draws the same numbers as ever`() {
    var random = SplitMix64(parts: 7, 1)
    let drawn = [random.uniform(0, 1), random.normal(1), random.uniform(-2, 2)]
    var again = SplitMix64(parts: 7, 1)
    #expect(drawn == [again.uniform(0, 1), again.normal(1), again.uniform(-2, 2)])
  }
}
