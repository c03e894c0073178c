import Testing

/// How long files and functions are, and how many parameters an initialiser takes.
@Suite struct SizeTests {
  static let longestFile = 400
  static let longestOfNineTenths = 250
  static let longestFunction = 80
  static let mostParameters = 8

  private let all = Checkout.sources + Checkout.tests + Checkout.examples

  @Test func `no file is over 400 lines`() {
    let violations = all.filter { $0.lineCount > Self.longestFile }.map { $0.violation(1, "\($0.lineCount) lines") }
    expectNone(violations)
    #expect(Checkout.sources.count > 200, "the sources are found")
  }

  @Test func `nine files of ten have at most 250 lines`() {
    let files = Checkout.sources.sorted { $0.lineCount < $1.lineCount }
    let ninth = files[max(0, (files.count * 9 + 9) / 10 - 1)]
    let longer = files.filter { $0.lineCount > Self.longestOfNineTenths }.map {
      $0.violation(1, "\($0.lineCount) lines")
    }
    #expect(
      ninth.lineCount <= Self.longestOfNineTenths,
      "nine tenths have up to \(ninth.lineCount) lines; longer are \(listing(longer))")
  }

  @Test func `no function is over 80 lines`() {
    var violations: [Violation] = []
    for file in all {
      let functions =
        file.isSwift
        ? SourceOutline(file.text).declarations.filter {
          ["func", "init", "subscript", "var", "let"].contains($0.keyword)
        }
        .map { (line: $0.line, lines: $0.lines) }
        : functionsOfC(file.text)
      for function in functions where function.lines > Self.longestFunction {
        violations.append(file.violation(function.line, "a function of \(function.lines) lines"))
      }
    }
    expectNone(violations)
  }

  @Test func `no initialiser takes over 8 parameters`() {
    var violations: [Violation] = []
    for (file, outline) in Checkout.outlines {
      for found in outline.declarations where found.keyword == "init" && found.parameters > Self.mostParameters {
        violations.append(file.violation(found.line, "an initialiser with \(found.parameters) parameters"))
      }
    }
    expectNone(violations)
  }
}
