/// A piece of source text: a word, a sign, a literal or a comment.
struct Token: Equatable {
  enum Kind: Equatable { case word, number, sign, string, comment, documentation }

  let kind: Kind
  let text: String
  /// The line on which it begins, from 1.
  let line: Int
  /// Whether nothing but blanks precedes it on its line.
  let startsLine: Bool
  /// Whether a blank or a line's end precedes it.
  let followsSpace: Bool

  func isWord(_ word: String) -> Bool { kind == .word && text == word }
  func isSign(_ sign: String) -> Bool { kind == .sign && text == sign }
}

/// Takes Swift or C apart into tokens, so that braces in strings and comments are not counted as braces.
///
/// No compiler: it knows comments (nested in Swift), string literals (raw ones, ones of several lines, interpolations),
/// regular expressions, names in backticks, and in C character literals and preprocessor lines, which it leaves out.
struct SourceLexer {
  enum Language { case swift, c }

  private let bytes: [UInt8]
  private let language: Language
  private var at = 0
  private var line = 1
  private var startsLine = true
  private var followsSpace = true
  private var tokens: [Token] = []

  /// The tokens of `text`, in order.
  static func tokens(of text: String, in language: Language = .swift) -> [Token] {
    var lexer = SourceLexer(bytes: Array(text.utf8), language: language)
    lexer.run()
    return lexer.tokens
  }

  private init(bytes: [UInt8], language: Language) { (self.bytes, self.language) = (bytes, language) }

  private func peek(_ offset: Int = 0) -> UInt8 { at + offset < bytes.count ? bytes[at + offset] : 0 }

  private mutating func run() {
    while at < bytes.count {
      let byte = bytes[at]
      switch byte {
      case UInt8(ascii: "\n"): (at, line, startsLine, followsSpace) = (at + 1, line + 1, true, true)
      case UInt8(ascii: " "), UInt8(ascii: "\t"), UInt8(ascii: "\r"): (at, followsSpace) = (at + 1, true)
      case UInt8(ascii: "/") where peek(1) == UInt8(ascii: "/"): lineComment()
      case UInt8(ascii: "/") where peek(1) == UInt8(ascii: "*"): blockComment()
      case UInt8(ascii: "/") where language == .swift && beginsRegularExpression(): regularExpression()
      case UInt8(ascii: "\""): emit(.string, from: at) { $0.string(hashes: 0) }
      case UInt8(ascii: "'") where language == .c: emit(.string, from: at) { $0.character() }
      case UInt8(ascii: "#") where language == .swift && hashesBeforeQuote() > 0:
        emit(.string, from: at) { $0.string(hashes: $0.hashesBeforeQuote()) }
      case UInt8(ascii: "#") where language == .c && startsLine: preprocessorLine()
      case UInt8(ascii: "`") where language == .swift: emit(.word, from: at) { $0.backticks() }
      case UInt8(ascii: "-") where peek(1) == UInt8(ascii: ">"): emit(.sign, from: at) { $0.at += 2 }
      case _ where Self.isDigit(byte): emit(.number, from: at) { $0.number() }
      case _ where Self.isWord(byte):
        emit(.word, from: at) { while Self.isWord($0.peek()) || Self.isDigit($0.peek()) { $0.at += 1 } }
      default: emit(.sign, from: at) { $0.at += 1 }
      }
    }
  }

  private static func isDigit(_ byte: UInt8) -> Bool { (48...57).contains(byte) }
  private static func isWord(_ byte: UInt8) -> Bool {
    (65...90).contains(byte) || (97...122).contains(byte) || byte == 95 || byte == 36 || byte >= 128
  }

  /// Adds what `read` moves over as one token.
  private mutating func emit(_ kind: Token.Kind, from start: Int, _ read: (inout Self) -> Void) {
    let (first, wasStart, spaced) = (line, startsLine, followsSpace)
    read(&self)
    at = min(max(at, start + 1), bytes.count)
    tokens.append(
      Token(
        kind: kind, text: String(decoding: bytes[start..<at], as: UTF8.self), line: first, startsLine: wasStart,
        followsSpace: spaced))
    (startsLine, followsSpace) = (false, false)
  }

  private mutating func number() {
    while Self.isDigit(peek()) || Self.isWord(peek()) || (peek() == UInt8(ascii: ".") && Self.isDigit(peek(1))) {
      at += 1
    }
  }

  private mutating func backticks() {
    at += 1
    while at < bytes.count, peek() != UInt8(ascii: "`"), peek() != UInt8(ascii: "\n") { at += 1 }
    at += 1
  }

  private mutating func character() {
    at += 1
    while at < bytes.count, peek() != UInt8(ascii: "'"), peek() != UInt8(ascii: "\n") {
      at += peek() == UInt8(ascii: "\\") ? 2 : 1
    }
    at += 1
  }

  // MARK: Comments

  private mutating func lineComment() {
    let isDocumentation = peek(2) == UInt8(ascii: "/") && peek(3) != UInt8(ascii: "/")
    emit(isDocumentation ? .documentation : .comment, from: at) {
      while $0.at < $0.bytes.count, $0.peek() != UInt8(ascii: "\n") { $0.at += 1 }
    }
  }

  private mutating func blockComment() {
    let isDocumentation = peek(2) == UInt8(ascii: "*") && peek(3) != UInt8(ascii: "/")
    emit(isDocumentation ? .documentation : .comment, from: at) { lexer in
      var depth = 0
      repeat {
        if lexer.peek() == UInt8(ascii: "/"), lexer.peek(1) == UInt8(ascii: "*") {
          depth = lexer.language == .swift ? depth + 1 : 1
          lexer.at += 2
        } else if lexer.peek() == UInt8(ascii: "*"), lexer.peek(1) == UInt8(ascii: "/") {
          (depth, lexer.at) = (depth - 1, lexer.at + 2)
        } else {
          lexer.skip()
        }
      } while depth > 0 && lexer.at < lexer.bytes.count
    }
  }

  /// One byte on, counting lines.
  private mutating func skip() {
    if peek() == UInt8(ascii: "\n") { line += 1 }
    at += 1
  }

  /// To the end of the line, and of those that a backslash joins to it.
  private mutating func preprocessorLine() {
    while at < bytes.count, peek() != UInt8(ascii: "\n") {
      if peek() == UInt8(ascii: "\\"), peek(1) == UInt8(ascii: "\n") { skip() }
      skip()
    }
  }

  // MARK: Literals

  /// How many `#` stand here before a quotation mark; 0 where none follows.
  private func hashesBeforeQuote() -> Int {
    var count = 0
    while peek(count) == UInt8(ascii: "#") { count += 1 }
    return peek(count) == UInt8(ascii: "\"") ? count : 0
  }

  private func hasHashes(_ count: Int, at offset: Int) -> Bool {
    (0..<count).allSatisfy { peek(offset + $0) == UInt8(ascii: "#") }
  }

  private mutating func string(hashes: Int) {
    at += hashes
    let quote = UInt8(ascii: "\"")
    let isLong = language == .swift && peek(1) == quote && peek(2) == quote
    at += isLong ? 3 : 1
    while at < bytes.count {
      if peek() == UInt8(ascii: "\\"), hasHashes(hashes, at: 1) {
        at += 1 + hashes
        if language == .swift, peek() == UInt8(ascii: "(") { interpolation() } else { skip() }
      } else if peek() == quote, isLong ? peek(1) == quote && peek(2) == quote : true,
        hasHashes(hashes, at: isLong ? 3 : 1)
      {
        at += (isLong ? 3 : 1) + hashes
        return
      } else if !isLong, peek() == UInt8(ascii: "\n") {
        return
      } else {
        skip()
      }
    }
  }

  /// From an opening parenthesis to the closing one, over strings inside.
  private mutating func interpolation() {
    var depth = 0
    repeat {
      switch peek() {
      case UInt8(ascii: "("): (depth, at) = (depth + 1, at + 1)
      case UInt8(ascii: ")"): (depth, at) = (depth - 1, at + 1)
      case UInt8(ascii: "\""): string(hashes: 0)
      case UInt8(ascii: "#") where hashesBeforeQuote() > 0: string(hashes: hashesBeforeQuote())
      default: skip()
      }
    } while depth > 0 && at < bytes.count
  }

  /// Whether a slash here opens a regular expression: something that takes an operand precedes it, no blank follows, and
  /// it is closed on its line.
  private func beginsRegularExpression() -> Bool {
    guard let last = tokens.last(where: { $0.kind != .comment }) else { return false }
    guard (last.kind == .sign && "(,=:[{".contains(last.text)) || last.isWord("return") else { return false }
    guard peek(1) != UInt8(ascii: " "), peek(1) != UInt8(ascii: "\n"), peek(1) != UInt8(ascii: ")") else {
      return false
    }
    return endOfRegularExpression() != nil
  }

  private func endOfRegularExpression() -> Int? {
    var offset = 1
    while at + offset < bytes.count, peek(offset) != UInt8(ascii: "\n") {
      if peek(offset) == UInt8(ascii: "/") { return offset }
      offset += peek(offset) == UInt8(ascii: "\\") ? 2 : 1
    }
    return nil
  }

  private mutating func regularExpression() {
    let length = endOfRegularExpression() ?? 0
    emit(.string, from: at) { $0.at += length + 1 }
  }
}
