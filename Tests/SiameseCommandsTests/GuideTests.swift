import Foundation
import Testing

/// Runs every command of `Docs/Guide.md` and compares what it prints with what the guide shows.
///
/// Words and counts must be equal, and figures in all digits shown but for two units of the last one: weights, pictures and
/// seeds are the same everywhere, and only the last bits of a convolution depend on the processor. (Held to AVX2 and to
/// SSE4.1, oneDNN changed two of these figures, by one unit of the last digit.)
@Suite struct GuideTests {
  static let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
    .deletingLastPathComponent().standardized.path

  struct Step: Sendable { let command: String, output: String }

  /// The commands of the guide's `console` blocks: lines after `$ ` and what continues them, each with the lines up to the next.
  static func steps() throws -> [Step] {
    let text = try String(contentsOfFile: root + "/Docs/Guide.md", encoding: .utf8)
    var steps: [Step] = []
    for block in text.matches(of: /```console\n(.*?)```/.dotMatchesNewlines()) {
      for line in block.output.1.split(separator: "\n", omittingEmptySubsequences: false) {
        if line.hasPrefix("$ ") {
          steps.append(Step(command: String(line.dropFirst(2)), output: ""))
        } else if let last = steps.last, last.command.hasSuffix("\\"), last.output.isEmpty {
          steps[steps.count - 1] = Step(command: String(last.command.dropLast() + line.drop { $0 == " " }), output: "")
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

  @Test(
    .enabled(if: Tool.shared("data/omniglot/one_shot_runs") != nil, "needs Omniglot's runs in ../shared/data/omniglot"))
  func `the ink of Omniglot's runs errs as the guide says`() throws {
    let text = try String(contentsOfFile: Self.root + "/Docs/Guide.md", encoding: .utf8)
    #expect(text.contains("errs on 38.75 % of the 400 trials"))
    let runs = try #require(Tool.shared("data/omniglot/one_shot_runs"))
    let found = try Tool.siamese("evaluate", "one-shot", "--runs", runs, "--baseline", "modified-hausdorff")
    #expect(
      found.output.hasPrefix("trials    400, Modified Hausdorff distance\nerror     38.75 %"),
      "\(found.output)\(found.errors)")
  }

  private func matches(_ found: String, _ shown: String) -> Bool {
    func words(_ text: String) -> [Substring] {
      text.replacing("−", with: "-").split(whereSeparator: { $0.isWhitespace || "()[],%:;".contains($0) })
    }
    let (a, b) = (words(found), words(shown))
    return a.count == b.count && zip(a, b).allSatisfy { Self.agree($0, $1) }
  }

  /// Whether a word is the one shown: letter by letter, or for a number with a decimal point within two units of its last
  /// digit, or a hundred-thousandth where more digits are shown than a float has.
  static func agree(_ found: Substring, _ shown: Substring) -> Bool {
    if found == shown { return true }
    guard let x = Double(found), let y = Double(shown), let point = shown.firstIndex(of: ".") else { return false }
    let unit = pow(10, -Double(shown.distance(from: point, to: shown.endIndex) - 1))
    return abs(x - y) <= max(2.001 * unit, 1e-5 * abs(y))
  }

  @Test(arguments: [
    ("2.17", "2.19", true), ("2.17", "2.20", false), ("300", "301", false), ("0.4492204", "0.4492206", true),
    ("0.4495", "0.4492", false), ("same", "different", false), ("-1.68", "-1.69", true),
  ])
  func `figures are compared in all digits shown`(found: String, shown: String, agree: Bool) {
    #expect(Self.agree(found[...], shown[...]) == agree)
  }
}
