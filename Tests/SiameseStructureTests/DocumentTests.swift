import Foundation
import Testing

/// What documents point to is there. That options named in them exist is tested where the commands run.
@Suite struct DocumentTests {
  @Test func `a document's links, code and headings are read`() {
    let text = """
      # One & two: `three`
      ## Same
      ## Same
      See [this](A.md#one--two-three), [`that`](../b.png "title") and `code [no](link)`.
      ```sh
      # no heading, [no](link), `no code`
      ```
      """
    let document = Markdown(text)
    #expect(document.anchors == ["one--two-three", "same", "same-1"])
    #expect(document.links.map(\.text) == ["A.md#one--two-three", "../b.png"])
    #expect(document.links.map(\.line) == [4, 4])
    #expect(document.codeSpans.map(\.text) == ["three", "that", "code [no](link)"])
  }

  @Test func `links between documents resolve`() {
    var (violations, count): ([Violation], Int) = ([], 0)
    let anchors = Dictionary(uniqueKeysWithValues: Checkout.documents.map { ($0.path, Markdown($0.text).anchors) })
    for file in Checkout.documents {
      let folder = file.path.split(separator: "/").dropLast().joined(separator: "/")
      for link in Markdown(file.text).links where !link.text.contains("://") && !link.text.hasPrefix("doc:") {
        count += 1
        let parts = link.text.split(separator: "#", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
        let target = parts[0].isEmpty ? file.path : resolved(parts[0], in: folder)
        if !Checkout.exists(target) {
          violations.append(file.violation(link.line, "\(link.text) leads to \(target), which is not there"))
        } else if parts.count > 1, let known = anchors[target], !known.contains(parts[1]) {
          violations.append(file.violation(link.line, "\(target) has no heading for #\(parts[1])"))
        }
      }
    }
    expectNone(violations)
    #expect(count > 10, "links are found")
  }

  private func resolved(_ target: String, in folder: String) -> String {
    var parts = folder.split(separator: "/")
    for part in target.split(separator: "/") {
      if part == ".." { _ = parts.popLast() } else if part != "." { parts.append(part) }
    }
    return parts.joined(separator: "/")
  }

  @Test func `files named in documents are there`() {
    let names = Set(
      (Checkout.sources + Checkout.tests + Checkout.examples).map { $0.path.split(separator: "/").last ?? "" })
    var (violations, count): ([Violation], Int) = ([], 0)
    for file in Checkout.documents {
      for span in Markdown(file.text).codeSpans {
        let words = span.text.split(separator: " ").first.map(String.init) ?? ""
        // Capitals of three letters and more stand for a name to be filled in.
        guard !words.contains(/[A-Z]{3}/), !words.contains("…"), !words.contains("*") else { continue }
        if words.contains(/^(?:Docs|Tests|Sources|Examples|weights|\.ci)\//) {
          count += 1
          if !Checkout.exists(words) { violations.append(file.violation(span.line, "\(words) is not there")) }
        } else if words.contains(/^[A-Za-z0-9+]+\.(?:swift|c|h)$/) {
          count += 1
          if !names.contains(words[...]), !Checkout.exists(words) {
            violations.append(file.violation(span.line, "there is no \(words)"))
          }
        }
      }
    }
    expectNone(violations)
    #expect(count > 10, "names of files are found")
  }
}
