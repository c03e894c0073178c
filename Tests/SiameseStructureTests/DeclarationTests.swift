import Testing

/// What other rooms and users see of a room.
@Suite struct DeclarationTests {
  /// Requirements of the standard library's protocols, whose meaning is theirs: a comment would say it again.
  static let conformances: Set = [
    "==", "<", "hash", "description", "debugDescription", "errorDescription", "encode", "makeIterator",
    "makeAsyncIterator",
  ]

  static func needsDocumentation(_ found: Declaration) -> Bool {
    found.access != nil && found.keyword != "extension" && !found.isLocal && !conformances.contains(found.name)
  }

  @Test func `every public and package declaration has a doc comment`() {
    var (violations, count): ([Violation], Int) = ([], 0)
    for (file, outline) in Checkout.outlines {
      for found in outline.declarations where Self.needsDocumentation(found) {
        count += 1
        guard found.documentation.isEmpty, let access = found.access else { continue }
        violations.append(
          file.violation(found.line, "\(access.rawValue) \(found.keyword) \(found.name) is undocumented"))
      }
    }
    expectNone(violations)
    #expect(count > 1000, "the declarations are found")
  }

  @Test func `public declarations that throw say what`() {
    var violations: [Violation] = []
    for (file, outline) in Checkout.outlines {
      for found in outline.declarations
      where found.access == .public && found.canThrow && Self.needsDocumentation(found) {
        guard !found.documentation.contains("Throws:") else { continue }
        violations.append(file.violation(found.line, "\(found.keyword) \(found.name) does not say what it throws"))
      }
    }
    expectNone(violations)
  }

  @Test func `a room has one public error type`() {
    // Protocols that refine Error make errors of what conforms to them.
    var errors: Set = ["Error", "LocalizedError"]
    for (_, outline) in Checkout.outlines {
      for found in outline.declarations where found.keyword == "protocol" && !errors.isDisjoint(with: found.inherited) {
        errors.insert(found.name)
      }
    }
    var types: [String: Set<String>] = [:]
    for (room, files) in Dictionary(grouping: Checkout.outlines, by: \.file.room) {
      let declarations = files.flatMap(\.outline.declarations)
      let conforming = Set(
        declarations.filter { !errors.isDisjoint(with: $0.inherited) && $0.keyword != "protocol" }.map(\.name))
      for found in declarations where ["enum", "struct", "class", "actor"].contains(found.keyword) {
        if conforming.contains(found.name), found.access == .public { types[room, default: []].insert(found.name) }
      }
    }
    for (room, names) in types.sorted(by: { $0.key < $1.key }) {
      #expect(names.count <= 1, "\(room) has \(names.sorted())")
    }
    #expect(types.count > 4, "error types are found")
  }
}
