/// The figures of a classification test made of independent trials.
public struct TrialResult: Sendable, Equatable, Encodable {
  /// The number of trials.
  public let trials: Int
  /// The share of trials decided wrongly. A trial whose right answer is tied with a wrong one is wrong.
  public let error: Double
  /// The share of trials decided rightly.
  public var accuracy: Double { 1 - error }
  /// Half the width of the 95 % interval around the mean over episodes (normal approximation); 0 for a single episode.
  public let interval: Double

  /// From the errors of each episode, every one of `trialsEach` trials.
  package init(errorCounts: [Int], trialsEach: Int) {
    let rates = errorCounts.map { Double($0) / Double(max(1, trialsEach)) }
    let mean = rates.reduce(0, +) / Double(max(1, rates.count))
    let variance = rates.map { ($0 - mean) * ($0 - mean) }.reduce(0, +) / Double(max(1, rates.count - 1))
    trials = errorCounts.count * trialsEach
    error = mean
    interval = rates.count > 1 ? 1.959964 * (variance / Double(rates.count)).squareRoot() : 0
  }

  private enum CodingKeys: String, CodingKey { case trials, error, accuracy, interval }

  /// Encodes trials, error, accuracy and interval.
  public func encode(to encoder: any Encoder) throws {
    var values = encoder.container(keyedBy: CodingKeys.self)
    try values.encode(trials, forKey: .trials)
    try values.encode(error, forKey: .error)
    try values.encode(accuracy, forKey: .accuracy)
    try values.encode(interval, forKey: .interval)
  }
}
