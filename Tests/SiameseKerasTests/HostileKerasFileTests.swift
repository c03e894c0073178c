import Foundation
import SiameseTestSupport
import Testing

@testable import SiameseKeras

/// Files that were cut or changed: each opens and reads, or is refused in a sentence; nothing crashes, hangs or fills the
/// memory. The process `siamese-hostile-files` opens them. Files that once crashed libhdf5 have their cases in
/// `StructureCheckTests`.
@Suite struct HostileKerasFileTests {
  /// Why each damaged copy was refused; an empty reason where it was read.
  private func reasons(_ damage: String, _ file: String, count: Int) throws -> [String] {
    try withTemporaryFolderURL { folder in
      let process = Process()
      process.executableURL = URL(filePath: CommandLine.arguments[0]).deletingLastPathComponent()
        .appending(path: "siamese-hostile-files")
      process.arguments = [damage, file, "\(count)", folder.path]
      let output = Pipe()
      process.standardOutput = output
      try process.run()
      let text = String(decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
      process.waitUntilExit()
      var lines = text.split(separator: "\n").map { $0.split(separator: "\t", omittingEmptySubsequences: false) }
      // 27 and 14 are the limits of time, 11 is an access outside memory, 4 or 5 a trap.
      try #require(
        process.terminationReason == .exit && process.terminationStatus == 0,
        "\(file): ended by \(process.terminationStatus) after \(lines.count) of \(count): \(lines.last?.first ?? "")")
      let memory = try #require(lines.popLast()?.first?.split(separator: " ").last.flatMap { Int($0) })
      let size = try Data(contentsOf: URL(filePath: file)).count
      #expect(memory <= 2 * size + 200_000_000, "\(file): \(memory) bytes were asked for")
      #expect(lines.count == count)
      for line in lines where !line[1].isEmpty {
        #expect(line[1].hasPrefix(folder.path), "\(file), \(line[0]): \(line[1])")
      }
      return lines.map { String($0[1]) }
    }
  }

  static let files =
    Fixtures.names(in: "").filter { $0.hasSuffix(".h5") || $0.hasSuffix(".keras") }
    + Fixtures.names(in: "layers").map { "layers/\($0)" }

  @Test(arguments: files) func `a file cut at any of 200 places is refused`(name: String) throws {
    let reasons = try reasons("cuts", Fixtures.path(name), count: 200)
    #expect(reasons.allSatisfy { !$0.isEmpty })
  }

  /// Weights alone, whole models, Keras 3 weights, Keras 3 archives.
  @Test(arguments: [
    "keras1-weights.h5", "keras2-weights.h5", "gzip-weights.h5", "chunked-names.h5", "keras2-model.h5",
    "layers/keras1-theano.h5", "layers/keras2-shared_nested.h5", "layers/keras3-merges.h5", "keras3.weights.h5",
    "keras213.weights.h5", "keras3-bfloat16.weights.h5", "keras3-model.keras", "layers/keras3-shared_nested.keras",
    "deflated.keras",
  ])
  func `a file with any one byte changed is read or refused`(name: String) throws {
    let reasons = try reasons("flips", Fixtures.path(name), count: 2000)
    #expect(reasons.count { !$0.isEmpty } > 100)
  }
}
