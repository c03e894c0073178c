import Foundation
import SiameseKit
import SiameseTestSupport
import Testing

/// Instruction sets are chosen once for a process: each of these runs is one.
@Suite struct InstructionSetTests {
  static let backbone = "\(Tool.root)/weights/glyphs.h5"

  /// Draws glyphs, and passes on their folder and what embeds them at a level.
  private func withGlyphs(
    _ body: (_ embed: (_ options: [String], _ variables: [String: String]) throws -> Tensor) throws -> Void
  ) throws {
    try withTemporaryFolder { folder in
      let drawn = try Tool.siamese(
        "glyphs", "--output", "\(folder)/g", "--classes", "5", "--per-class", "4", "--size", "48")
      try #require(drawn.status == 0, "\(drawn.errors)")
      var count = 0
      try body { options, variables in
        count += 1
        let output = "\(folder)/\(count).h5"
        let run = try Tool.run(
          "siamese", ["embed", "--backbone", Self.backbone, "--data", "\(folder)/g", "--output", output] + options,
          environment: variables)
        try #require(run.status == 0, "\(options): \(run.errors)")
        return try Features(contentsOf: output).embeddings
      }
    }
  }

  /// The largest difference, in standard deviations of `expected`.
  private func deviation(_ found: Tensor, _ expected: Tensor) -> Float {
    guard found.shape == expected.shape else { return .infinity }
    let mean = expected.elements.reduce(0, +) / Float(expected.count)
    let variance = expected.elements.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Float(expected.count)
    return zip(found.elements, expected.elements).reduce(0) { max($0, abs($1.0 - $1.1)) } / variance.squareRoot()
  }

  @Test func `embeddings at the portable level are those of all instructions`() throws {
    try withGlyphs { embed in
      let all = try embed([], [:]), portable = try embed(["--isa", "portable"], [:])
      #expect(all.shape == [20, 128])
      #expect(deviation(portable, all) < 1e-4)
      // The processor has more than that, and what is computed with it is rounded differently.
      if InstructionSetLimit.avx2.isAvailable { #expect(portable != all) }
    }
  }

  @Test(.enabled(if: InstructionSetLimit.avx2.isAvailable, "this processor has no AVX2 with FMA"))
  func `embeddings with AVX2 are those of the portable level`() throws {
    try withGlyphs { embed in
      let found = try embed(["--isa", "avx2"], [:]), portable = try embed(["--isa", "portable"], [:])
      #expect(deviation(found, portable) < 1e-4)
    }
  }

  @Test(.enabled(if: InstructionSetLimit.avx512.isAvailable, "this processor has no AVX-512"))
  func `embeddings with AVX-512 are those of the portable level`() throws {
    try withGlyphs { embed in
      let found = try embed(["--isa", "avx512"], [:]), portable = try embed(["--isa", "portable"], [:])
      #expect(deviation(found, portable) < 1e-4)
    }
  }

  @Test func `oneDNN's variable limits the same things as the option`() throws {
    try withGlyphs { embed in
      let byVariable = try embed([], ["ONEDNN_MAX_CPU_ISA": "SSE41"]), byOption = try embed(["--isa", "portable"], [:])
      #expect(byVariable == byOption)
    }
  }

  @Test(.enabled(if: !InstructionSetLimit.avx512.isAvailable, "this processor has every level"))
  func `a level that the processor lacks is refused in a sentence`() throws {
    for level in InstructionSetLimit.allCases where !level.isAvailable {
      let run = try Tool.siamese(
        "embed", "--backbone", Self.backbone, "--data", ".", "--output", "never.npy", "--isa", level.rawValue)
      #expect(run.status == 64)
      #expect(run.errors.contains("this processor does not have these instructions; leave the option out."))
    }
  }
}
