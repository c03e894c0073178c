import Foundation
import Testing

/// Something that breaks a rule of the house.
struct Violation: CustomStringConvertible {
  /// The target or document in which it stands.
  let room: String
  let file: String
  let line: Int
  let what: String

  var description: String { "\(file):\(line): \(what)" }
}

/// Fails where there are violations, with how many each room has and then one a line.
func expectNone(_ violations: [Violation], _ sourceLocation: SourceLocation = #_sourceLocation) {
  guard !violations.isEmpty else { return }
  Issue.record(Comment(rawValue: listing(violations)), sourceLocation: sourceLocation)
}

/// The violations, first how many each room has, then one a line.
func listing(_ violations: [Violation]) -> String {
  let rooms = Dictionary(grouping: violations, by: \.room).sorted {
    ($1.value.count, $0.key) < ($0.value.count, $1.key)
  }
  let counts = rooms.map { "\($0.key) \($0.value.count)" }.joined(separator: ", ")
  let lines = rooms.flatMap { $0.value.map(\.description) }
  return "\(violations.count): \(counts)\n" + lines.joined(separator: "\n")
}

/// A file of the checkout.
struct SourceFile {
  /// The folder under `Sources`, `Tests` or `Examples` in which it lies.
  let room: String
  /// Relative to the root.
  let path: String
  let text: String

  var isSwift: Bool { path.hasSuffix(".swift") }
  /// Without the line that the last line's end would begin.
  var lineCount: Int { text.utf8.count { $0 == UInt8(ascii: "\n") } + (text.isEmpty || text.hasSuffix("\n") ? 0 : 1) }

  func violation(_ line: Int, _ what: String) -> Violation { Violation(room: room, file: path, line: line, what: what) }
}

/// The files of this checkout, read once.
enum Checkout {
  static let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
    .deletingLastPathComponent().standardized.path

  /// Swift and C below `Sources`.
  static let sources = files(below: "Sources")
  /// Swift and C below `Tests`.
  static let tests = files(below: "Tests")
  static let examples = files(below: "Examples")
  /// `README.md` and the documents below `Docs`, and the articles of the documentation catalogue.
  static let documents: [SourceFile] =
    files(below: "Docs", ["md"]) + files(below: "Sources", ["md"]) + files(below: "weights", ["md"])
    + [SourceFile(room: "README.md", path: "README.md", text: text("README.md"))]

  /// The outline of each Swift file below `Sources`.
  static let outlines: [(file: SourceFile, outline: SourceOutline)] =
    sources.filter(\.isSwift).map { ($0, SourceOutline($0.text)) }

  /// A file's text; empty where it cannot be read.
  static func text(_ path: String) -> String { (try? String(contentsOfFile: "\(root)/\(path)", encoding: .utf8)) ?? "" }

  static func exists(_ path: String) -> Bool { FileManager.default.fileExists(atPath: "\(root)/\(path)") }

  /// The files below a folder whose names end so, sorted.
  static func files(below folder: String, _ endings: Set<String> = ["swift", "c", "h"]) -> [SourceFile] {
    let names = FileManager.default.enumerator(atPath: "\(root)/\(folder)")?.compactMap { $0 as? String } ?? []
    return names.filter { endings.contains(String($0.split(separator: ".").last ?? "")) }.sorted().map { name in
      let parts = name.split(separator: "/")
      let room = parts.count > 1 ? String(parts[0]) : "\(folder)/\(name)"
      return SourceFile(room: room, path: "\(folder)/\(name)", text: text("\(folder)/\(name)"))
    }
  }
}
