/// What a document says that can be checked.
struct Markdown {
  /// The targets of links and pictures, `[text](target)`.
  private(set) var links: [Passage] = []
  /// What stands between backticks.
  private(set) var codeSpans: [Passage] = []
  /// The names under which headings are linked to, as GitHub makes them.
  private(set) var anchors: Set<String> = []

  init(_ text: String) {
    var isInBlock = false
    for (index, line) in text.split(separator: "\n", omittingEmptySubsequences: false).enumerated() {
      if line.drop(while: { $0 == " " }).hasPrefix("```") {
        isInBlock.toggle()
      } else if !isInBlock {
        if line.hasPrefix("#") { addHeading(line.drop { $0 == "#" }) }
        read(line, index + 1)
      }
    }
  }

  /// Splits a line into code and the rest, and finds the rest's links.
  private mutating func read(_ line: Substring, _ number: Int) {
    let parts = line.split(separator: "`", omittingEmptySubsequences: false)
    for index in parts.indices where index % 2 == 1 && !parts[index].isEmpty {
      codeSpans.append(Passage(line: number, text: String(parts[index])))
    }
    // A link's text may be code.
    let prose = parts.indices.map { $0 % 2 == 0 ? String(parts[$0]) : "code" }.joined()
    for match in prose.matches(of: /\]\(([^)\s]+)(?:\s"[^"]*")?\)/) {
      links.append(Passage(line: number, text: String(match.output.1)))
    }
  }

  private mutating func addHeading(_ heading: Substring) {
    let letters = heading.lowercased().filter { $0.isLetter || $0.isNumber || " -_".contains($0) }
    let name = letters.drop { $0 == " " }.replacing(" ", with: "-")
    var (unique, count) = (String(name), 0)
    while !anchors.insert(unique).inserted {
      count += 1
      unique = "\(name)-\(count)"
    }
  }
}
