import Foundation
import Testing

/// Runs every command of `Docs/Guide.md` and compares what it prints with what the guide shows.
///
/// Words must be equal. Numbers may differ a little: weights and pictures are the same everywhere, the last digits of a
/// convolution are not.
@Suite struct GuideTests {
  static let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
    .deletingLastPathComponent().standardized.path

  struct Step: Sendable { let command: String, output: String }

  /// The commands of the guide's `console` blocks: lines after `$ `, each with the lines up to the next.
  static func steps() throws -> [Step] {
    let text = try String(contentsOfFile: root + "/Docs/Guide.md", encoding: .utf8)
    var steps: [Step] = []
    for block in text.matches(of: /```console\n(.*?)```/.dotMatchesNewlines()) {
      for line in block.output.1.split(separator: "\n", omittingEmptySubsequences: false) {
        if line.hasPrefix("$ ") {
          steps.append(Step(command: String(line.dropFirst(2)), output: ""))
        } else if let last = steps.popLast() {
          steps.append(Step(command: last.command, output: last.output + line + "\n"))
        }
      }
    }
    return steps
  }

  @Test func `every command of the guide prints what the guide shows`() throws {
    let siamese = Tool.folder + "/siamese"
    let steps = try Self.steps()
    #expect(steps.count >= 8)
    let folder = NSTemporaryDirectory() + "/" + UUID().uuidString
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(atPath: folder) }
    try FileManager.default.createSymbolicLink(atPath: folder + "/weights", withDestinationPath: Self.root + "/weights")
    for step in steps {
      let process = Process()
      process.executableURL = URL(fileURLWithPath: "/bin/sh")
      process.arguments = ["-c", step.command.replacing(/^siamese(?=[ -])/, with: siamese)]
      process.currentDirectoryURL = URL(fileURLWithPath: folder)
      let (output, errors) = (Pipe(), FileManager.default.temporaryDirectory.appending(path: UUID().uuidString))
      _ = FileManager.default.createFile(atPath: errors.path, contents: nil)
      defer { try? FileManager.default.removeItem(at: errors) }
      process.standardOutput = output
      process.standardError = try FileHandle(forWritingTo: errors)
      try process.run()
      let found = String(decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
      process.waitUntilExit()
      let said = (try? String(contentsOf: errors, encoding: .utf8)) ?? ""
      #expect(process.terminationStatus == 0, "\(step.command): \(said)")
      #expect(matches(found, step.output), "\(step.command)\nshown:\n\(step.output)\nfound:\n\(found)")
      guard process.terminationStatus == 0 else { return }
    }
  }

  private func matches(_ found: String, _ shown: String) -> Bool {
    func words(_ text: String) -> [Substring] { text.replacing("−", with: "-").split(whereSeparator: { $0.isWhitespace || "()[],%:;".contains($0) }) }
    let (a, b) = (words(found), words(shown))
    return a.count == b.count && zip(a, b).allSatisfy { a, b in
      if a == b { return true }
      guard let x = Double(a), let y = Double(b) else { return false }
      return abs(x - y) <= max(0.02, 0.15 * max(abs(x), abs(y))) || (abs(x - y) < 4 && max(x, y) <= 100)
    }
  }
}
