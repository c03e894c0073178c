/// Why metric learning could not go on, in a sentence that says what to do.
public enum MetricLearningError: Error, Equatable, CustomStringConvertible {
  /// A name that nothing of its kind has; `known` lists those there are.
  case unknownName(kind: String, found: String, known: [String])
  /// A setting outside of its range.
  case badOption(name: String, found: String, expected: String)
  /// Fewer classes with two pictures than a purpose needs.
  case tooFewClasses(found: Int, needed: Int, purpose: String)
  /// A value that is NaN or infinite. Rows and columns count from 0.
  case notFinite(what: String, row: Int, column: Int)
  /// Something of another shape or kind than it has to be.
  case misfit(what: String, expected: String, found: String)

  /// What was expected, what was found and what to do, in one sentence.
  public var description: String {
    switch self {
    case .unknownName(let kind, let found, let known):
      "there is no \(kind) called '\(found)'; choose one of \(known.joined(separator: ", "))"
    case .badOption(let name, let found, let expected):
      "\(name) is \(found), but should be \(expected)"
    case .tooFewClasses(let found, let needed, let purpose):
      "\(purpose) needs at least \(needed) classes with two pictures or more, found \(found); add pictures or classes"
    case .notFinite(let what, let row, let column):
      "\(what) hold NaN or an infinite value in row \(row), column \(column); look at that picture or at the weights"
    case .misfit(let what, let expected, let found):
      "\(what): expected \(expected), found \(found)"
    }
  }
}
