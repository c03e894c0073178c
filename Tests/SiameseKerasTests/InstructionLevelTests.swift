import Foundation
import SiameseOneDNN
import Testing

/// Every layer in every dialect against Keras itself, with each instruction set: the process `siamese-layer-levels` runs
/// the networks of `LayerGoldenTests`.
@Suite struct InstructionLevelTests {
  /// What a process of a level leaves.
  private func run(_ level: InstructionSet, _ models: [String]) throws -> (status: Int32, output: String) {
    let process = Process()
    process.executableURL = URL(filePath: CommandLine.arguments[0]).deletingLastPathComponent()
      .appending(path: "siamese-layer-levels")
    process.arguments = [level.rawValue] + models.map { Fixtures.path("layers/\($0)") }
    let output = Pipe()
    process.standardOutput = output
    try process.run()
    let text = String(decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
    process.waitUntilExit()
    return (process.terminationStatus, text)
  }

  /// The tolerance is that of `LayerGoldenTests`.
  private func check(_ level: InstructionSet) throws {
    let models = LayerGoldenTests.models
    let (status, output) = try run(level, models)
    let deviations = output.split(separator: "\n").map { Float($0) ?? .infinity }
    try #require(status == 0 && deviations.count == models.count, "stopped after \(deviations.count) models")
    for (model, deviation) in zip(models, deviations) { #expect(deviation < 1e-4, "\(model)") }
  }

  @Test func `layers compute what Keras computes, at the portable level`() throws { try check(.portable) }

  @Test(.enabled(if: Processor.best >= .avx2, "this processor has no AVX2 with FMA"))
  func `layers compute what Keras computes, with AVX2`() throws { try check(.avx2) }

  @Test(.enabled(if: Processor.best >= .avx512, "this processor has no AVX-512"))
  func `layers compute what Keras computes, with AVX-512`() throws { try check(.avx512) }

  @Test(.enabled(if: Processor.best < .avx512, "this processor has every level"))
  func `a level that the processor lacks is refused`() throws {
    for level in InstructionSet.allCases where level > Processor.best {
      #expect(try run(level, LayerGoldenTests.models) == (64, ""))
    }
  }
}
