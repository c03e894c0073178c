import CSiameseConvolutions
import Testing

@Suite struct JoiningTests {
  @Test(arguments: [2, 4]) func `Copies move channels and nothing else, portably`(size: Int) {
    check(siamese_portable, size)
  }

  @Test(.needsAVX2, arguments: [2, 4])
  func `Copies move channels and nothing else, with AVX2`(size: Int) { check(siamese_avx2, size) }

  @Test(.needsAVX512, arguments: [2, 4])
  func `Copies move channels and nothing else, with AVX-512`(size: Int) { check(siamese_avx512, size) }

  private func check(_ level: siamese_level, _ size: Int) {
    var draws = Draws(seed: 51 + size)
    for number in 0..<100 {
      let channels = draws.pick(1, 5, 16, 17, 33, 40)
      let targets = draws.pick(3, 16, 20, 47)
      let positions = draws.pick(1, 2, 3, 35)
      let from = draws.draw() % channels
      let to = draws.draw() % targets
      let count = draws.draw() % (min(channels - from, targets - to) + 1)
      var numbers = Draws(seed: number)
      let source = KernelArray(count: roundedUp(channels) * positions, isBFloat16: size == 2, &numbers)
      let target = KernelArray(count: roundedUp(targets) * positions, isBFloat16: size == 2)
      siamese_copy_channels(
        level, source.start, Int32(from), target.start, Int32(to), Int32(count), positions, Int32(size))
      let isRight = (0..<positions).allSatisfy { p in
        (0..<roundedUp(targets)).allSatisfy { c in
          let place = blocked(0, targets, c, positions, p)
          return (to..<to + count).contains(c)
            ? target[place] == source[blocked(0, channels, c - to + from, positions, p)] : target.isUntouched(place)
        }
      }
      #expect(isRight && target.areGuardsIntact, "\(count) channels from \(from) of \(channels) to \(to) of \(targets)")
    }
  }
}
