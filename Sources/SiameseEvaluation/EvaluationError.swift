/// Why something could not be measured, and what to do about it.
public enum EvaluationError: Error, Equatable, CustomStringConvertible {
  /// A setting or input outside of its range.
  case invalid(_ what: String, expected: String, found: String)
  /// Fewer classes with enough pictures than a test needs; `grouped` where they have to be of one group.
  case tooFewClasses(needed: Int, found: Int, picturesEach: Int, grouped: Bool)
  /// Too few pairs of two classes to tell a false-accept rate from zero.
  case tooFewPairs(rate: Double, needed: Int, found: Int, picturesMore: Int)
  /// Pairs of one kind only, where both are needed.
  case oneKindOfPairs(same: Int, different: Int)
  /// A line of a text file that does not fit.
  case line(file: String, number: Int, expected: String, found: String)
  /// Something that a folder or file should hold and does not.
  case missing(what: String, place: String, remedy: String)

  /// What was expected, what was found and what to do, in one sentence.
  public var description: String {
    switch self {
    case .invalid(let what, let expected, let found): "\(what) must be \(expected), found \(found)"
    case .tooFewClasses(let needed, let found, let pictures, let grouped):
      "\(needed) classes with at least \(pictures) pictures each are needed\(grouped ? " in one group" : ""), found "
        + "\(found); ask for fewer ways or shots, or bring more pictures"
    case .tooFewPairs(let rate, let needed, let found, let more):
      "a false-accept rate of \(rateName(rate)) needs at least \(needed) pairs of different classes, found \(found): "
        + "\(needed - found) more, about \(more) more pictures of other classes; bring them or ask for a higher rate"
    case .oneKindOfPairs(let same, let different):
      "pairs of one class and of two are both needed, found \(same) and \(different); "
        + (same == 0 ? "give some class a second picture" : "give pictures of a second class")
    case .line(let file, let number, let expected, let found):
      "\(file), line \(number): expected \(expected), found '\(found.prefix(80))'"
    case .missing(let what, let place, let remedy): "\(place) lacks \(what); \(remedy)"
    }
  }
}
