/// A choice with its numbers as one writes it in an option: `triplet:margin=0.3`, `multi-similarity:alpha=2,beta=50`.
///
/// A number without a key sets the first one: `triplet:0.3`.
struct Specification {
  let name: String
  private let kind: String
  private let positional: String?
  private let values: [String: String]

  init(_ text: String, kind: String) throws {
    self.kind = kind
    let parts = text.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
    name = String(parts[0])
    var positional: String?
    var values: [String: String] = [:]
    for item in parts.count > 1 ? parts[1].split(separator: ",", omittingEmptySubsequences: false) : [] {
      if let equals = item.firstIndex(of: "=") {
        values[String(item[..<equals])] = String(item[item.index(after: equals)...])
      } else if positional == nil, values.isEmpty {
        positional = String(item)
      } else {
        throw MetricLearningError.badOption(name: "\(kind) '\(text)'", found: String(item), expected: "KEY=NUMBER")
      }
    }
    self.positional = positional
    self.values = values
  }

  /// Whether the word stands alone behind the name, as in `triplet:soft`.
  func has(_ word: String) -> Bool { positional == word || values[word] == "true" }

  /// Checks that no other keys than `known` were given.
  func allow(_ known: [String], words: [String] = []) throws {
    for key in values.keys.sorted() where !known.contains(key) {
      throw MetricLearningError.unknownName(kind: "setting of \(kind) '\(name)'", found: key, known: known)
    }
    if let positional, known.isEmpty, !words.contains(positional) {
      throw MetricLearningError.badOption(name: "\(kind) '\(name)'", found: positional, expected: "without settings")
    }
  }

  /// The number called `key`, or the one without a key where `first`.
  func number(
    _ key: String, _ fallback: Float, in range: ClosedRange<Float> = 0...1e6, first: Bool = false
  ) throws -> Float {
    guard let text = values[key] ?? (first ? positional : nil) else { return fallback }
    guard let value = Float(text), range.contains(value) else {
      throw MetricLearningError.badOption(
        name: "\(key) of \(kind) '\(name)'", found: text,
        expected: "a number from \(range.lowerBound) to \(range.upperBound)")
    }
    return value
  }
}
