/// Why metric learning could not go on, in a sentence that says what to do.
public enum MetricLearningError: Error, Equatable, CustomStringConvertible {
  case unknownName(kind: String, found: String, known: [String])
  case badOption(name: String, found: String, expected: String)
  case tooFewClasses(found: Int, needed: Int, purpose: String)
  case notFinite(what: String, row: Int, column: Int)
  case misfit(what: String, expected: String, found: String)

  public var description: String {
    switch self {
    case .unknownName(let kind, let found, let known):
      "there is no \(kind) called '\(found)'; choose one of \(known.joined(separator: ", "))"
    case .badOption(let name, let found, let expected):
      "\(name) is \(found), but should be \(expected)"
    case .tooFewClasses(let found, let needed, let purpose):
      "\(purpose) needs at least \(needed) classes with two pictures or more, found \(found); add pictures or classes"
    case .notFinite(let what, let row, let column):
      "\(what) hold a value that is no number in row \(row), column \(column); look at that picture or at the weights"
    case .misfit(let what, let expected, let found):
      "\(what): expected \(expected), found \(found)"
    }
  }
}
