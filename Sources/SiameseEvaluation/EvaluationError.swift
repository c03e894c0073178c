/// Why something could not be measured, and what to do about it.
public enum EvaluationError: Error, Equatable, CustomStringConvertible {
  case invalid(_ what: String, expected: String, found: String)
  case tooFewClasses(needed: Int, found: Int, picturesEach: Int, grouped: Bool)
  case tooFewPairs(rate: Double, needed: Int, found: Int, picturesMore: Int)
  case oneKindOfPairs(same: Int, different: Int)
  case line(file: String, number: Int, expected: String, found: String)
  case missing(what: String, place: String, remedy: String)

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
