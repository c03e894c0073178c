import Foundation
import Testing

/// Options named in documents are options of the commands, as the commands themselves list them.
@Suite struct DocumentedOptionsTests {
  /// A command's own options, shown in its help, and its subcommands.
  struct Command {
    var options: Set<String> = []
    var subcommands: [String: Command] = [:]

    init(_ listed: [String: Any]) {
      for argument in listed["arguments"] as? [[String: Any]] ?? [] where argument["shouldDisplay"] as? Bool != false {
        for name in argument["names"] as? [[String: Any]] ?? [] where name["kind"] as? String == "long" {
          if let text = name["name"] as? String { options.insert("--\(text)") }
        }
      }
      for command in listed["subcommands"] as? [[String: Any]] ?? [] {
        if let name = command["commandName"] as? String { subcommands[name] = Command(command) }
      }
    }

    /// The options of the command and of all below it.
    var all: Set<String> { subcommands.values.reduce(options) { $0.union($1.all) } }

    /// The command that `words` call.
    func called(by words: [Substring]) -> Command {
      guard let first = words.first, let command = subcommands[String(first)] else { return self }
      return command.called(by: Array(words.dropFirst()))
    }
  }

  static func command(_ name: String) throws -> Command {
    let help = try Tool.run(name, ["--experimental-dump-help"])
    let listed = try JSONSerialization.jsonObject(with: Data(help.output.utf8)) as? [String: Any]
    return Command(try #require(listed?["command"] as? [String: Any]))
  }

  /// Lines of code blocks with what backslashes join to them, and code between backticks; each with its line's number.
  static func code(_ text: String) -> [(line: Int, text: String)] {
    var (found, isInBlock, isContinued): ([(line: Int, text: String)], Bool, Bool) = ([], false, false)
    for (index, line) in text.split(separator: "\n", omittingEmptySubsequences: false).enumerated() {
      if line.hasPrefix("```") {
        isInBlock.toggle()
      } else if isInBlock {
        let words = line.hasSuffix("\\") ? line.dropLast() : line
        if isContinued { found[found.count - 1].text += " " + words } else { found.append((index + 1, String(words))) }
      } else {
        let parts = line.split(separator: "`", omittingEmptySubsequences: false)
        for part in parts.indices where part % 2 == 1 { found.append((index + 1, String(parts[part]))) }
      }
      isContinued = isInBlock && line.hasSuffix("\\")
    }
    return found
  }

  /// The options of this project's scripts, which take theirs from Python's argparse or from a shell's test.
  static func scriptOptions() -> Set<String> {
    var options: Set<String> = []
    for folder in ["Tests", "Tests/Parity", "Tests/Performance", "weights", "Examples"] {
      for name in (try? FileManager.default.contentsOfDirectory(atPath: "\(Tool.root)/\(folder)")) ?? [] {
        guard name.hasSuffix(".py") || name.hasSuffix(".sh") else { continue }
        let text = (try? String(contentsOfFile: "\(Tool.root)/\(folder)/\(name)", encoding: .utf8)) ?? ""
        for match in text.matches(of: /add_argument\("(--[a-z][a-z-]*)"/) { options.insert(String(match.output.1)) }
        for match in text.matches(of: /= (--[a-z][a-z-]*) \]/) { options.insert(String(match.output.1)) }
      }
    }
    return options
  }

  @Test func `options named in documents exist`() throws {
    let tools = ["siamese": try Self.command("siamese"), "siamese-finetune": try Self.command("siamese-finetune")]
    let known = tools.values.reduce(Self.scriptOptions()) { $0.union($1.all) }.union(["--help", "--version"])
    // Other people's programs, whose options are theirs.
    let others: Set<Substring> = ["swift", "git", "docc", "python3", "apt-get", "pip", "cmake"]
    let documents = try FileManager.default.contentsOfDirectory(atPath: Tool.root + "/Docs").filter {
      $0.hasSuffix(".md")
    }
    var count = 0
    for name in documents.map({ "Docs/\($0)" }).sorted() + ["README.md", "weights/README.md"] {
      for (line, code) in Self.code(try String(contentsOfFile: "\(Tool.root)/\(name)", encoding: .utf8)) {
        for piece in code.split(whereSeparator: { "|#".contains($0) }) {
          let words = piece.split(separator: " ").filter { $0 != "$" }
          guard let first = words.first, !others.contains(first) else { continue }
          let tool = tools[String(first)]
          let command = tool?.called(by: Array(words.dropFirst()))
          for match in piece.matches(of: /(?:^|[\s\[(])(--[a-z][a-z0-9-]*)/) {
            let option = String(match.output.1)
            count += 1
            let exists = command.map { $0.options.contains(option) } ?? known.contains(option) || option == "--help"
            #expect(exists, "\(name):\(line): \(tool == nil ? "no command" : "\(words.prefix(3))") has \(option)")
          }
        }
      }
    }
    #expect(count > 100, "options are found")
  }

  @Test func `code in documents is read`() {
    let code = Self.code("a `--b c`\n```sh\nsiamese d \\\n  --e\nf\n```\n`g`")
    #expect(code.map(\.text) == ["--b c", "siamese d    --e", "f", "g"])
    #expect(code.map(\.line) == [1, 3, 5, 7])
  }
}
