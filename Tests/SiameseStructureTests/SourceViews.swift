/// A stretch of text with the line on which it begins.
struct Passage {
  let line: Int
  let text: String
}

/// A file seen as what the compiler reads, or as what people read.
enum SourceViews {
  /// The lines of code, without comments. Literals are as they stand.
  static func code(_ tokens: [Token]) -> [Passage] {
    var lines: [Int: String] = [:]
    for token in tokens where token.kind != .comment && token.kind != .documentation {
      for (offset, part) in token.text.split(separator: "\n", omittingEmptySubsequences: false).enumerated() {
        let space = offset == 0 && token.followsSpace ? " " : ""
        lines[token.line + offset, default: ""] += space + part
      }
    }
    return lines.sorted { $0.key < $1.key }.map { Passage(line: $0.key, text: $0.value) }
  }

  /// Comments and literals. Comments on lines that follow one another are one passage, since sentences run over line ends.
  static func prose(_ tokens: [Token]) -> [Passage] {
    var (passages, open): ([Passage], (line: Int, last: Int, text: String)?) = ([], nil)
    func close() { if let found = open { passages.append(Passage(line: found.line, text: found.text)) } }
    for token in tokens {
      switch token.kind {
      case .comment, .documentation:
        let text = token.text.drop { "/*!".contains($0) }
        let words = text.split(whereSeparator: \.isWhitespace).joined(separator: " ")
        if let found = open, found.last + 1 == token.line, token.startsLine {
          open = (found.line, token.line, found.text + " " + words)
        } else {
          close()
          open = (token.line, token.line, words)
        }
      case .string:
        passages.append(
          Passage(line: token.line, text: token.text.split(whereSeparator: \.isWhitespace).joined(separator: " ")))
      default: break
      }
    }
    close()
    return passages
  }

  /// The paragraphs of a document, each on one line; code blocks are paragraphs too.
  static func paragraphs(_ text: String) -> [Passage] {
    var (passages, open): ([Passage], Passage?) = ([], nil)
    for (index, line) in text.split(separator: "\n", omittingEmptySubsequences: false).enumerated() {
      let words = line.split(whereSeparator: \.isWhitespace).joined(separator: " ")
      if words.isEmpty {
        open.map { passages.append($0) }
        open = nil
      } else {
        open = Passage(line: open?.line ?? index + 1, text: (open.map { $0.text + " " } ?? "") + words)
      }
    }
    open.map { passages.append($0) }
    return passages
  }
}
