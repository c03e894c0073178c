/// Who may use a declaration.
enum Access: String { case `public`, package }

/// What one declaration in a Swift file says of itself.
struct Declaration {
  /// `func`, `struct`, `var`, …
  let keyword: String
  let name: String
  /// Its own access, or that of the extension or protocol whose member it is; nil: narrower than `package`.
  let access: Access?
  let line: Int
  /// The lines from its keyword to the brace that closes its body; 0 without a body.
  var lines = 0
  /// How many parameters it takes.
  var parameters = 0
  /// Its doc comment; empty where it has none.
  var documentation = ""
  /// Whether its signature says `throws`.
  var canThrow = false
  /// The names after the colon of a type or extension, or after the colon of a value.
  var inherited: [String] = []
  /// Whether it stands in a function's body.
  var isLocal = false
}

/// The declarations and imports of a Swift file, found by matching brackets.
struct SourceOutline {
  private(set) var declarations: [Declaration] = []
  /// Each imported module with its line.
  private(set) var imports: [(module: String, line: Int)] = []

  private let tokens: [Token]

  /// Where a declaration stands.
  private struct Scope {
    var keyword = ""
    var access: Access?
    var isBody = false
  }

  init(_ text: String) { self.init(SourceLexer.tokens(of: text)) }

  init(_ tokens: [Token]) {
    self.tokens = tokens.filter { $0.kind != .comment }
    members(0..<self.tokens.count, Scope())
  }

  static let modifiers: Set = [
    "public", "package", "open", "internal", "private", "fileprivate", "static", "final", "override", "mutating",
    "nonmutating", "required", "convenience", "lazy", "weak", "unowned", "indirect", "dynamic", "prefix", "postfix",
    "infix", "isolated", "nonisolated", "consuming", "borrowing", "distributed",
  ]
  static let keywords: Set = [
    "import", "func", "init", "deinit", "subscript", "var", "let", "struct", "class", "enum", "protocol", "extension",
    "actor", "typealias", "associatedtype", "case", "operator", "precedencegroup",
  ]
  private static let types: Set = ["struct", "class", "enum", "protocol", "extension", "actor"]

  /// The index after the bracket that closes the one at `open`.
  private func closing(_ open: Int) -> Int {
    var (depth, at) = (0, open)
    while at < tokens.count {
      if tokens[at].kind == .sign {
        switch tokens[at].text {
        case "(", "[", "{": depth += 1
        case ")", "]", "}": depth -= 1
        default: break
        }
      }
      at += 1
      if depth == 0 { return at }
    }
    return at
  }

  /// The index after generic parameters at `start`, or `start` where there are none.
  private func afterGenerics(_ start: Int) -> Int {
    guard start < tokens.count, tokens[start].isSign("<") else { return start }
    var (depth, at) = (0, start)
    while at < tokens.count {
      if tokens[at].isSign("<") { depth += 1 }
      if tokens[at].isSign(">") { depth -= 1 }
      at += 1
      if depth == 0 { break }
    }
    return at
  }

  /// Reads the declarations of a file or of a type's body.
  private mutating func members(_ range: Range<Int>, _ scope: Scope) {
    var at = range.lowerBound
    while at < range.upperBound { at = max(at + 1, member(at, range.upperBound, scope)) }
  }

  /// Reads one declaration with its comment, attributes and modifiers; returns the index after it.
  private mutating func member(_ start: Int, _ end: Int, _ scope: Scope) -> Int {
    var (at, documentation) = (start, "")
    while at < end, tokens[at].kind == .documentation {
      documentation += tokens[at].text + "\n"
      at += 1
    }
    var access: Access?
    while at < end {
      if tokens[at].isSign("@") {
        at += 2
        if at < end, tokens[at].isSign("("), !tokens[at].followsSpace { at = closing(at) }
      } else if isModifier(at, end) {
        let isOfSetter = at + 1 < end && tokens[at + 1].isSign("(")
        if !isOfSetter { access = Access(rawValue: tokens[at].text == "open" ? "public" : tokens[at].text) ?? access }
        at = isOfSetter ? closing(at + 1) : at + 1
      } else {
        break
      }
    }
    guard at < end else { return end }
    guard tokens[at].kind == .word, Self.keywords.contains(tokens[at].text) else {
      return tokens[at].isSign("{") || tokens[at].isSign("(") || tokens[at].isSign("[") ? closing(at) : at + 1
    }
    let inheritsAccess = scope.keyword == "extension" || scope.keyword == "protocol"
    let isNarrowed = tokens[start..<at].contains { ["private", "fileprivate", "internal"].contains($0.text) }
    let visible = access ?? (inheritsAccess && !isNarrowed ? scope.access : nil)
    return declaration(at, end, scope, visible, documentation)
  }

  private func isModifier(_ at: Int, _ end: Int) -> Bool {
    guard tokens[at].kind == .word, at + 1 < end else { return false }
    if tokens[at].text == "class" { return ["func", "var", "let", "subscript"].contains(tokens[at + 1].text) }
    return Self.modifiers.contains(tokens[at].text)
  }

  private mutating func declaration(
    _ at: Int, _ end: Int, _ scope: Scope, _ access: Access?, _ documentation: String
  ) -> Int {
    let keyword = tokens[at].text
    guard at + 1 < end else { return end }
    let isNamed = !["init", "deinit", "subscript"].contains(keyword)
    var found = Declaration(
      keyword: keyword, name: isNamed ? tokens[at + 1].text : keyword, access: access, line: tokens[at].line)
    found.documentation = documentation
    found.isLocal = scope.isBody
    switch keyword {
    case "import":
      let named = ["struct", "class", "enum", "func", "protocol", "typealias", "var", "let"].contains(
        tokens[at + 1].text)
      imports.append((tokens[min(end - 1, at + (named ? 2 : 1))].text, tokens[at].line))
      return at + (named ? 3 : 2)
    case "func", "init", "subscript", "deinit": return function(at, end, scope, found)
    case "var", "let": return value(at, end, found)
    case _ where Self.types.contains(keyword): return type(at, end, found)
    case "typealias": declarations.append(found)
    default: break
    }
    return at + 1
  }

  private mutating func type(_ start: Int, _ end: Int, _ declaration: Declaration) -> Int {
    var (found, at) = (declaration, start + 1)
    var isInherited = false
    while at < end, !tokens[at].isSign("{") {
      if tokens[at].isSign(":"), found.inherited.isEmpty { isInherited = true }
      if tokens[at].isWord("where") { break }
      if isInherited, tokens[at].kind == .word { found.inherited.append(tokens[at].text) }
      at += 1
    }
    while at < end, !tokens[at].isSign("{") { at += 1 }
    guard at < end else { return end }
    let after = closing(at)
    found.lines = tokens[after - 1].line - found.line + 1
    declarations.append(found)
    members(at + 1..<max(at + 1, after - 1), Scope(keyword: found.keyword, access: found.access))
    return after
  }

  private mutating func function(_ start: Int, _ end: Int, _ scope: Scope, _ declaration: Declaration) -> Int {
    var (found, at) = (declaration, start + 1)
    if found.keyword == "func" {
      if tokens[at].kind == .word {
        at = afterGenerics(at + 1)
      } else {
        while at < end, !tokens[at].isSign("(") { at += 1 }
        at = max(at, start + 1)
      }
    } else {
      while at < end, tokens[at].isSign("?") || tokens[at].isSign("!") { at += 1 }
      at = afterGenerics(at)
    }
    if found.keyword == "func", tokens[start + 1].kind == .sign {
      found = Declaration(
        keyword: "func", name: tokens[start + 1..<at].map(\.text).joined(), access: found.access, line: found.line,
        documentation: found.documentation, isLocal: found.isLocal)
    }
    if at < end, tokens[at].isSign("(") {
      let after = closing(at)
      found.parameters = parameters(at + 1..<after - 1)
      at = after
    }
    while at < end, !tokens[at].isSign("{"), !endsSignature(at, scope) {
      if tokens[at].isWord("throws") { found.canThrow = true }
      at = tokens[at].isSign("(") || tokens[at].isSign("[") ? closing(at) : at + 1
    }
    guard at < end, tokens[at].isSign("{") else {
      declarations.append(found)
      return at
    }
    let after = closing(at)
    found.lines = tokens[after - 1].line - found.line + 1
    declarations.append(found)
    body(at + 1..<max(at + 1, after - 1))
    return after
  }

  /// Whether a requirement of a protocol, which has no body, ends before the token at `at`.
  private func endsSignature(_ at: Int, _ scope: Scope) -> Bool {
    scope.keyword == "protocol" && tokens[at].startsLine
      && (tokens[at].kind == .documentation || tokens[at].isSign("}") || tokens[at].isSign("@")
        || Self.keywords.contains(tokens[at].text) || Self.modifiers.contains(tokens[at].text))
  }

  /// Functions within functions, whose lengths count too.
  private mutating func body(_ range: Range<Int>) {
    var at = range.lowerBound
    while at < range.upperBound {
      let isFunction = tokens[at].isWord("func") && at + 1 < range.upperBound && !tokens[max(0, at - 1)].isSign(".")
      guard isFunction else {
        at += 1
        continue
      }
      let found = Declaration(
        keyword: "func", name: tokens[at + 1].text, access: nil, line: tokens[at].line, isLocal: true)
      at = max(at + 1, function(at, range.upperBound, Scope(isBody: true), found))
    }
  }

  private func parameters(_ range: Range<Int>) -> Int {
    guard !range.isEmpty else { return 0 }
    var (count, at, angles) = (1, range.lowerBound, 0)
    while at < range.upperBound {
      let token = tokens[at]
      if ["(", "[", "{"].contains(where: token.isSign) {
        at = closing(at)
        continue
      }
      if token.isSign("<"), !token.followsSpace { angles += 1 }
      if token.isSign(">"), angles > 0 { angles -= 1 }
      if token.isSign(","), angles == 0, at + 1 < range.upperBound { count += 1 }
      at += 1
    }
    return count
  }

  /// A stored or computed value: to the line on which the next declaration begins.
  private mutating func value(_ start: Int, _ end: Int, _ declaration: Declaration) -> Int {
    var (found, at) = (declaration, start + 1)
    while at < end {
      let token = tokens[at]
      let isNext =
        token.startsLine && token.line > found.line
        && (token.kind == .documentation || token.isSign("@") || token.isSign("#")
          || (token.kind == .word && (Self.keywords.contains(token.text) || Self.modifiers.contains(token.text))))
      if isNext || token.isSign(";") { break }
      if token.isSign("{") {
        let after = closing(at)
        found.lines = max(found.lines, tokens[after - 1].line - found.line + 1)
        body(at + 1..<max(at + 1, after - 1))
        at = after
      } else {
        at = token.isSign("(") || token.isSign("[") ? closing(at) : at + 1
      }
    }
    declarations.append(found)
    return at
  }
}

/// The functions of a C file: blocks outside any other that follow a closing parenthesis.
func functionsOfC(_ text: String) -> [(line: Int, lines: Int)] {
  let tokens = SourceLexer.tokens(of: text, in: .c).filter { $0.kind != .comment && $0.kind != .documentation }
  var (result, depth, opened): ([(Int, Int)], Int, Int?) = ([], 0, nil)
  for (index, token) in tokens.enumerated() {
    if token.isSign("{") {
      // `extern "C" {` holds functions and is none.
      if index > 0, tokens[index - 1].kind == .string { continue }
      if depth == 0 { opened = index > 0 && tokens[index - 1].isSign(")") ? token.line : nil }
      depth += 1
    } else if token.isSign("}"), depth > 0 {
      depth -= 1
      if depth == 0, let line = opened { result.append((line, token.line - line + 1)) }
    }
  }
  return result
}
