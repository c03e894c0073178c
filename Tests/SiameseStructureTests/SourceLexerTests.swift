import Testing

@Suite struct SourceLexerTests {
  private func texts(_ text: String, _ kind: Token.Kind, _ language: SourceLexer.Language = .swift) -> [String] {
    SourceLexer.tokens(of: text, in: language).filter { $0.kind == kind }.map(\.text)
  }

  @Test func `words, numbers and signs`() {
    let tokens = SourceLexer.tokens(of: "let x_1 = 1.5e3 -> `a b`\n  [y]")
    #expect(tokens.map(\.text) == ["let", "x_1", "=", "1.5e3", "->", "`a b`", "[", "y", "]"])
    #expect(tokens.map(\.line) == [1, 1, 1, 1, 1, 1, 2, 2, 2])
    #expect(tokens.filter(\.startsLine).map(\.text) == ["let", "["])
    #expect(tokens.last?.followsSpace == false)
  }

  @Test func `braces in strings are no signs`() {
    let text = ##"a("}") + "\"}" + #""}\"# + #"\#("}")"# }"##
    #expect(texts(text, .sign) == ["(", ")", "+", "+", "+", "}"])
  }

  @Test func `interpolations may hold strings and brackets`() {
    let text = #"f("a \(x.map { "(\($0)" }.joined(separator: ")")) }", 2)"#
    #expect(texts(text, .string).count == 1)
    #expect(texts(text, .sign) == ["(", ",", ")"])
  }

  @Test func `a string of several lines ends at its three marks`() {
    let text = "let a = \"\"\"\n  \"}\" // no comment\n  \\\"\"\" {\n  \"\"\"\nlet b"
    let tokens = SourceLexer.tokens(of: text)
    #expect(tokens.map(\.kind) == [.word, .word, .sign, .string, .word, .word])
    #expect(tokens.last?.line == 5)
  }

  @Test func `comments nest in Swift and not in C`() {
    #expect(texts("/* a /* b */ c */ d", .word) == ["d"])
    #expect(texts("/* a /* b */ c d", .word, .c) == ["c", "d"])
    #expect(texts("a // { b\nc", .word) == ["a", "c"])
  }

  @Test func `documentation is told from comments`() {
    #expect(texts("/// a\n//// b\n/** c */ /* d */", .documentation) == ["/// a", "/** c */"])
  }

  @Test func `regular expressions are literals and divisions are not`() {
    #expect(texts(#"f(/[{"]+\//) / 2 { }"#, .sign) == ["(", ")", "/", "{", "}"])
    #expect(texts("(a / b) / c", .sign) == ["(", "/", ")", "/"])
  }

  @Test func `characters and preprocessor lines of C`() {
    let text = "#define F(x) { \\\n  x \nint a = '{' + '\\'' + \"}\"; }"
    #expect(texts(text, .sign, .c) == ["=", "+", "+", ";", "}"])
  }

  @Test func `text that is cut off ends`() {
    for text in ["\"abc", "\"\"\"abc", "/* abc", "`abc", "#\"abc", "\"\\(abc", "'", "\"\\"] {
      #expect(!SourceLexer.tokens(of: text).isEmpty)
      #expect(SourceLexer.tokens(of: text, in: .c).count <= 3)
    }
  }
}
