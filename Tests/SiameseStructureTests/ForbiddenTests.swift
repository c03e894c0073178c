import Testing

/// What must not stand in the sources, and why.
@Suite struct ForbiddenTests {
  enum Place { case code, prose }

  struct Rule: @unchecked Sendable, CustomTestStringConvertible {
    let name: String
    /// Regular expressions are immutable, though not `Sendable`.
    let pattern: Regex<Substring>
    let places: Set<Place>
    let reason: String
    /// Rooms that may.
    var exempt: Set<String> = []

    var testDescription: String { name }

    /// Whether the pattern stands in `text`. Boundaries of words are those of programs: `a.b` is two words.
    func finds(_ text: String) -> Bool { text.contains(pattern.wordBoundaryKind(.simple)) }
  }

  static let printing: Set = ["SiameseCommands", "siamese", "siamese-finetune"]

  static let rules: [Rule] = [
    // Code.
    Rule(
      name: "as NSString", pattern: /\bas NSString\b/, places: [.code],
      reason: "NSString's functions of paths trap on a path of one character; SiameseFiles takes paths apart"),
    Rule(
      name: "try!", pattern: /\btry!/, places: [.code], reason: "what can fail is thrown, in a sentence for the user"),
    Rule(
      name: "fatalError", pattern: /\bfatalError\(/, places: [.code],
      reason: "the outside world throws; a broken promise of our own is a precondition"),
    Rule(
      name: "print", pattern: /(?:^|[^.\w])print\(/, places: [.code], reason: "only commands print", exempt: printing),
    Rule(
      name: "implementation.contains", pattern: /\bimplementation\.(?:contains|hasPrefix|hasSuffix)\(/, places: [.code],
      reason: "what a primitive is belongs in a typed fact, not in a part of its name"),
    Rule(
      name: "hasSuffix of a format", pattern: /\.hasSuffix\("(?:\.?(?:h?5|H5|npy|csv|libsvm|model|tsv|keras))"\)/,
      places: [.code], reason: "one case-blind function decides formats by a name's ending"),
    // Words.
    Rule(
      name: "a number that is none", pattern: /(?i)\bnumbers? (?:that|which) (?:is|are) none\b/, places: [.prose],
      reason: "it is called NaN"),
    Rule(
      name: "delicate", pattern: /(?i)delicate/, places: [.code, .prose], reason: "it is called precision-sensitive"),
    Rule(name: "nobody's", pattern: /(?i)\bnobody['’]s\b/, places: [.prose], reason: "say that it is unused, and why"),
    Rule(
      name: "kinds of rate", pattern: /(?i)\bkinds? of rates?\b/, places: [.prose],
      reason: "they are called learning rates"),
    Rule(
      name: "half for bfloat16", pattern: /(?i)\bhalf[- ](?:floats?|numbers?|elements?|plans?)\b/,
      places: [.prose], reason: "half precision is IEEE's float16; bfloat16 is called bfloat16"),
    Rule(
      name: "half for bfloat16", pattern: /\b(?:is|as|to|in)Half\b|\bhalf(?:Type|Plan|Element|Precision)\w*\b/,
      places: [.code], reason: "half precision is IEEE's float16; bfloat16 is called bfloat16"),
    Rule(
      name: "checkpointing of activations",
      pattern: /(?i)\b(?:activation checkpointing|checkpointing of activations)\b/,
      places: [.prose], reason: "it is called recomputation; a checkpoint is a file"),
  ]

  @Test(arguments: rules) func `a rule finds nothing`(rule: Rule) {
    var violations: [Violation] = []
    for (file, tokens) in Self.tokens where !rule.exempt.contains(file.room) {
      var passages = rule.places.contains(.code) ? SourceViews.code(tokens) : []
      if rule.places.contains(.prose) { passages += SourceViews.prose(tokens) }
      violations += passages.filter { rule.finds($0.text) }
        .map { file.violation($0.line, "\(rule.name): \(rule.reason)") }
    }
    for file in Checkout.documents where rule.places.contains(.prose) {
      violations += SourceViews.paragraphs(file.text).filter { rule.finds($0.text) }
        .map { file.violation($0.line, "\(rule.name): \(rule.reason)") }
    }
    expectNone(violations)
  }

  private static let tokens = Checkout.sources.map {
    ($0, SourceLexer.tokens(of: $0.text, in: $0.isSwift ? .swift : .c))
  }

  @Test func `each rule finds what it is for`() throws {
    let found = [
      #"(path as NSString).lastPathComponent"#, "try! f()", "fatalError(\"no\")", "{ print(1) }",
      #"a.implementation.contains("ref")"#, #"name.hasSuffix("5")"#, "for numbers that are none;", "delicateNodes",
      "the last two are nobody's.", "three kinds of rate", "half floats", "isHalf", "checkpointing of activations",
    ]
    #expect(found.count == Self.rules.count)
    for (text, rule) in zip(found, Self.rules) { #expect(rule.finds(text), "\(rule.name)") }
    for text in [
      "log.print(1)", "sprint(1)", "half the memory", "half of the people", "try f()", "halfCosine(from: 1)",
    ] {
      for rule in Self.rules { #expect(!rule.finds(text), "\(rule.name) finds \(text)") }
    }
  }

  @Test func `sentences are seen across line ends and code without comments`() {
    let text = "// a number that\n// is none\nlet a = \"try!\" // try!\n\n/// b\n/// c\nlet d = 1 // e\n"
    let tokens = SourceLexer.tokens(of: text)
    #expect(SourceViews.prose(tokens).map(\.text) == ["\"try!\"", "a number that is none", "try!", "b c", "e"])
    #expect(SourceViews.code(tokens).map(\.text) == [" let a = \"try!\"", " let d = 1"])
    #expect(SourceViews.code(tokens).map(\.line) == [3, 7])
    let paragraphs = SourceViews.paragraphs("a\nb\n\n\n  c\n")
    #expect(paragraphs.map(\.text) == ["a b", "c"] && paragraphs.map(\.line) == [1, 5])
  }
}
