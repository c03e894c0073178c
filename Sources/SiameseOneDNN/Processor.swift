import CSiameseOneDNN
import Foundation

/// The instructions that code may use, each set with all of those before it.
package enum InstructionSet: String, CaseIterable, Comparable, Sendable, Codable {
  /// What every processor of the architecture has.
  case portable
  /// AVX2 and FMA: registers of 8 floats.
  case avx2
  /// AVX-512 (F, BW, VL, DQ): registers of 16 floats.
  case avx512

  /// 0, 1 or 2, as C code counts them.
  package var rank: Int { self == .portable ? 0 : self == .avx2 ? 1 : 2 }

  init(rank: Int32) { self = rank >= 2 ? .avx512 : rank == 1 ? .avx2 : .portable }

  /// Whether `b` has all instructions of `a` and more.
  package static func < (a: InstructionSet, b: InstructionSet) -> Bool { a.rank < b.rank }
}

/// What the processor can do: one question for oneDNN and for loops of our own, asked once.
package enum Processor {
  /// All that this processor has.
  package static let best = InstructionSet(rank: siamese_processor_level())

  /// The instructions that the whole process uses: all that the processor has, or less where `limit(to:)` or the
  /// environment variable `ONEDNN_MAX_CPU_ISA` says so. Asking fixes it.
  package static let level = InstructionSet(rank: siamese_level_in_force())

  private static let lock = NSLock()
  nonisolated(unsafe) private static var isFixed = false

  /// Lets the process use no more than `level`, oneDNN and our own loops alike. Only before the first network runs.
  /// - Throws: `OneDNNError` where the processor has fewer instructions, or where another level is in force already.
  package static func limit(to level: InstructionSet) throws(OneDNNError) {
    guard level <= best else { throw .instructions("\(level) instructions", "this processor has only \(best)") }
    lock.withLock {
      if !isFixed { isFixed = siamese_limit_level(Int32(level.rank)) != 0 }
    }
    guard Processor.level == level else {
      throw .instructions(
        "\(level) instructions",
        "this process already uses \(Processor.level); name the level before the first network runs")
    }
  }

  /// Whether it multiplies bfloat16 (AVX512_BF16), with the instructions in force.
  package static var hasBFloat16: Bool { siamese_has_bfloat16() != 0 }

  /// Billions of multiplications and additions a second that one core reaches in registers alone with the instructions in
  /// force, measured now; 0 where it has no arithmetic of that type.
  package static func peakGigaflops(_ type: ElementType) -> Double {
    siamese_peak_operations(type == .bfloat16 ? 1 : 0, 0.02) * 1e-9
  }

  /// oneDNN's version, as `2.6.3`.
  package static var libraryVersion: String {
    let version = dnnl_version().pointee
    return "\(version.major).\(version.minor).\(version.patch)"
  }
}
