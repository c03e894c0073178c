/// A target as `Package.swift` declares it.
struct Target {
  /// `target`, `executableTarget`, `testTarget` or `systemLibrary`.
  let kind: String
  let name: String
  /// Targets of this package, and products of others.
  let dependencies: [String]
  /// Those of the dependencies that are products of other packages.
  let products: [String]
  let path: String
}

/// The targets of `Package.swift`, read from its text: asking SwiftPM would wait for the build that runs this test.
struct Manifest {
  let targets: [Target]

  static let own = Manifest(Checkout.text("Package.swift"))

  init(_ text: String) {
    let tokens = SourceLexer.tokens(of: text).filter { $0.kind != .comment }
    var (targets, at): ([Target], Int) = ([], 0)
    let kinds: Set = ["target", "executableTarget", "testTarget", "systemLibrary"]
    while at + 2 < tokens.count {
      if tokens[at].isSign("."), kinds.contains(tokens[at + 1].text), tokens[at + 2].isSign("(") {
        let end = Self.closing(tokens, at + 2)
        targets.append(Self.target(tokens[at + 1].text, Array(tokens[at + 3..<end - 1])))
        at = end
      } else {
        at += 1
      }
    }
    self.targets = targets
  }

  subscript(name: String) -> Target? { targets.first { $0.name == name } }

  private static func closing(_ tokens: [Token], _ open: Int) -> Int {
    var (depth, at) = (0, open)
    repeat {
      if tokens[at].kind == .sign, "([{".contains(tokens[at].text) { depth += 1 }
      if tokens[at].kind == .sign, ")]}".contains(tokens[at].text) { depth -= 1 }
      at += 1
    } while depth > 0 && at < tokens.count
    return at
  }

  private static func target(_ kind: String, _ tokens: [Token]) -> Target {
    var (name, path, dependencies, products): (String, String?, [String], [String]) = ("", nil, [], [])
    var (at, label) = (0, "")
    while at < tokens.count {
      let token = tokens[at]
      if token.kind == .word, at + 1 < tokens.count, tokens[at + 1].isSign(":") { label = token.text }
      let text = String(token.text.dropFirst().dropLast())
      if token.isWord("product"), label == "dependencies" {
        let end = closing(tokens, at + 1)
        if let first = tokens[at..<end].first(where: { $0.kind == .string }) {
          let product = String(first.text.dropFirst().dropLast())
          dependencies.append(product)
          products.append(product)
        }
        at = end
        continue
      }
      if token.kind == .string {
        switch label {
        case "name": name = text
        case "path": path = text
        case "dependencies": dependencies.append(text)
        default: break
        }
      }
      at += 1
    }
    let folder = kind == "testTarget" ? "Tests" : "Sources"
    return Target(
      kind: kind, name: name, dependencies: dependencies, products: products, path: path ?? "\(folder)/\(name)")
  }
}
