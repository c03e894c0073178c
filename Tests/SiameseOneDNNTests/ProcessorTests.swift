import CSiameseConvolutions
import SiameseOneDNN
import Testing

/// The level in force is the whole process's, so these tests take it as they find it. That levels agree is tested by
/// processes that each choose another: `InstructionSetTests`, `InstructionLevelTests`.
struct ProcessorTests {
  @Test func `Instruction sets are ordered, and their ranks count from 0`() {
    #expect(InstructionSet.allCases.sorted() == [.portable, .avx2, .avx512])
    #expect(InstructionSet.allCases.map(\.rank) == [0, 1, 2])
  }

  @Test func `The level in force is one that the processor has`() {
    #expect(Processor.level <= Processor.best)
  }

  @Test func `The best level is the one that our own loops find, and they count levels alike`() {
    #expect(Processor.best.rank == Int(siamese_best_level().rawValue))
    #expect([siamese_portable, siamese_avx2, siamese_avx512].map(\.rawValue) == [0, 1, 2])
  }

  @Test func `A limit to the level in force changes nothing, any other one is refused and leaves the level`() throws {
    let level = Processor.level
    try Processor.limit(to: level)
    try Processor.limit(to: level)
    for other in InstructionSet.allCases where other != level {
      let error = try #require(throws: OneDNNError.self) { try Processor.limit(to: other) }
      #expect(error.description.hasPrefix("\(other) instructions cannot be used: "))
      #expect(error.description.contains(other > Processor.best ? "only \(Processor.best)" : "already uses \(level)"))
    }
    #expect(Processor.level == level)
  }

  @Test func `There is bfloat16 arithmetic at no level below AVX-512`() {
    #expect(!Processor.hasBFloat16 || Processor.level == .avx512)
  }

  @Test func `A peak is measured where there is such arithmetic`() {
    #expect(Processor.peakGigaflops(.float32) > 0.1)
    #expect((Processor.peakGigaflops(.bfloat16) > 0) == Processor.hasBFloat16)
  }
}
