import Foundation
import SiameseFiles

/// Paths and labels of the rows of a file that cannot hold them itself: a `.tsv` beside it, of the same name.
///
/// The first line is `path<TAB>label`, then one line a row. Tabs, line ends and backslashes inside a name are written as
/// `\t`, `\n`, `\r` and `\\`.
struct RowNames: Equatable {
  var labels: [String]
  var paths: [String]

  private static func companion(of path: String, _ ending: String) -> String {
    path.pathWithoutExtension + ending
  }

  /// Reads the `.tsv` beside `path`, or else a `.labels` file of one label a line; without either the names are empty.
  static func read(beside path: String, rows: Int) throws -> RowNames {
    let table = companion(of: path, ".tsv"), list = companion(of: path, ".labels")
    func check(_ found: Int, _ file: String) throws {
      guard found == rows else {
        throw TaskError(.badInput, "\(file): should name the \(rows) rows of \(path), found \(found) lines")
      }
    }
    if FileManager.default.fileExists(atPath: table) {
      var lines = try lines(of: table)
      guard !lines.isEmpty, lines.removeFirst() == "path\tlabel" else {
        throw TaskError(.badInput, "\(table): the first line should be 'path<TAB>label'")
      }
      try check(lines.count, table)
      var names = RowNames(labels: [], paths: [])
      for (number, line) in lines.enumerated() {
        let fields = line.split(separator: "\t", omittingEmptySubsequences: false)
        guard fields.count == 2 else {
          throw TaskError(
            .badInput, "\(table): line \(number + 2) should be a path, a tab and a label, found '\(line)'")
        }
        names.paths.append(unescape(fields[0]))
        names.labels.append(unescape(fields[1]))
      }
      return names
    }
    let blank = [String](repeating: "", count: rows)
    guard FileManager.default.fileExists(atPath: list) else { return RowNames(labels: blank, paths: blank) }
    let labels = try lines(of: list)
    try check(labels.count, list)
    return RowNames(labels: labels, paths: blank)
  }

  mutating func append(_ piece: Features) {
    labels += piece.labels
    paths += piece.paths
  }

  func write(beside path: String) throws {
    var text = "path\tlabel\n"
    for (path, label) in zip(paths, labels) { text += "\(Self.escape(path))\t\(Self.escape(label))\n" }
    try writeFile(Data(text.utf8), to: Self.companion(of: path, ".tsv"))
  }

  private static func lines(of path: String) throws -> [String] {
    try TextLines(contentsOf: path).map(String.init)
  }

  private static func escape(_ name: String) -> String {
    guard name.contains(where: { "\\\t\n\r".contains($0) || $0 == "\r\n" }) else { return name }
    return name.unicodeScalars.map { scalar in
      switch scalar {
      case "\\": "\\\\"
      case "\t": "\\t"
      case "\n": "\\n"
      case "\r": "\\r"
      default: String(scalar)
      }
    }.joined()
  }

  private static func unescape(_ name: Substring) -> String {
    guard name.contains("\\") else { return String(name) }
    var result = "", escaped = false
    for character in name {
      if escaped {
        result += ["t": "\t", "n": "\n", "r": "\r"][character] ?? String(character)
        escaped = false
      } else if character == "\\" {
        escaped = true
      } else {
        result.append(character)
      }
    }
    return result
  }
}
