import Foundation
import SiameseTensors

/// A 95 % interval.
public struct ConfidenceInterval: Sendable, Equatable, Codable {
  /// The 2.5 % point.
  public let low: Double
  /// The 97.5 % point.
  public let high: Double

  /// The 2.5 % and 97.5 % points of `values` (linear between order statistics).
  package init?(_ values: [Double]) {
    let sorted = values.filter { $0.isFinite }.sorted()
    guard !sorted.isEmpty else { return nil }
    func quantile(_ share: Double) -> Double {
      let position = share * Double(sorted.count - 1)
      let index = min(Int(position), sorted.count - 1)
      let next = min(index + 1, sorted.count - 1)
      return sorted[index] + (position - Double(index)) * (sorted[next] - sorted[index])
    }
    (low, high) = (quantile(0.025), quantile(0.975))
  }
}

/// Verification figures measured again and again on identities drawn with replacement (Efron's bootstrap).
///
/// An identity drawn w times gives its same pairs the weight w, and pairs of two identities the product of their weights;
/// copies of one identity are not compared with each other.
package struct IdentityBootstrap: Sendable {
  /// One round's figures; nil where the draw left no pair of one kind.
  package let rounds: [Verification?]

  /// - Parameter shares: how many pairs of its kind a pair stands for; the best accuracy depends on their proportion.
  /// - Complexity: O(P) a round after one sort of the P pairs.
  package init(
    _ sample: PairSample, distances: [Float], shares: (same: Double, different: Double) = (1, 1),
    rates: [Double] = Verification.standardRates, roundCount: Int = 1000,
    seed: UInt64, workers: WorkerThreads
  ) {
    let order = distances.indices.sorted { distances[$0] < distances[$1] }
    let sorted = order.map { distances[$0] }
    let identities = order.map { sample.identities[$0] }
    let generator = SeededGenerator(seed: seed)
    nonisolated(unsafe) var rounds = [Verification?](repeating: nil, count: roundCount)
    let lock = NSLock()
    workers.forEach(roundCount) { round in
      var random = generator.stream(UInt64(round))
      var weights = [Double](repeating: 0, count: sample.identityCount)
      for _ in 0..<sample.identityCount { weights[Int.random(in: 0..<weights.count, using: &random)] += 1 }
      let figures = Self.measure(sorted, identities, weights, shares, rates)
      lock.withLock { rounds[round] = figures }
    }
    self.rounds = rounds
  }

  /// The interval of a figure, over the rounds that have it.
  package func interval(_ figure: (Verification) -> Double) -> ConfidenceInterval? {
    ConfidenceInterval(rounds.compactMap { $0.map(figure) })
  }

  private static func measure(
    _ distances: [Float], _ identities: [(Int32, Int32)], _ weights: [Double],
    _ shares: (same: Double, different: Double), _ rates: [Double]
  ) -> Verification? {
    func weight(_ pair: Int) -> (same: Double, different: Double) {
      let (a, b) = identities[pair]
      return a == b ? (shares.same * weights[Int(a)], 0) : (0, shares.different * weights[Int(a)] * weights[Int(b)])
    }
    var (same, different) = (0.0, 0.0)
    for pair in distances.indices {
      let (s, d) = weight(pair)
      same += s
      different += d
    }
    return Verification(sameCount: same, differentCount: different, rates: rates, keepingCurve: false) { step in
      var pair = 0
      while pair < distances.count {
        let distance = distances[pair]
        var (same, different) = (0.0, 0.0)
        repeat {
          let (s, d) = weight(pair)
          same += s
          different += d
          pair += 1
        } while pair < distances.count && distances[pair] == distance
        if same + different > 0 { step(distance, same, different) }
      }
    }
  }
}

/// The intervals that go with a `Verification`.
public struct VerificationIntervals: Sendable, Equatable {
  /// That of the area under the ROC curve.
  public let areaUnderCurve: ConfidenceInterval?
  /// That of the equal-error rate.
  public let equalErrorRate: ConfidenceInterval?
  /// That of the best accuracy.
  public let bestAccuracy: ConfidenceInterval?
  /// For each false-accept rate asked: the intervals of the true-accept rate and of the threshold that goes with it.
  public let atFalseAcceptRate: [(rate: Double, trueAcceptRate: ConfidenceInterval?, threshold: ConfidenceInterval?)]

  /// The intervals over the rounds of `bootstrap`, which measured the same `rates`.
  package init(_ bootstrap: IdentityBootstrap, rates: [Double] = Verification.standardRates) {
    areaUnderCurve = bootstrap.interval { $0.areaUnderCurve }
    equalErrorRate = bootstrap.interval { $0.equalErrorRate }
    bestAccuracy = bootstrap.interval { $0.bestAccuracy }
    atFalseAcceptRate = rates.map { rate in
      (
        rate, bootstrap.interval { $0.point(atFalseAcceptRate: rate)?.trueAcceptRate ?? .nan },
        bootstrap.interval { Double($0.point(atFalseAcceptRate: rate)?.threshold ?? .nan) }
      )
    }
  }

  /// Whether all intervals of rates are equal.
  public static func == (a: Self, b: Self) -> Bool {
    a.areaUnderCurve == b.areaUnderCurve && a.equalErrorRate == b.equalErrorRate && a.bestAccuracy == b.bestAccuracy
      && a.atFalseAcceptRate.map(\.trueAcceptRate) == b.atFalseAcceptRate.map(\.trueAcceptRate)
  }
}

extension VerificationIntervals: Encodable {
  private enum CodingKeys: String, CodingKey {
    case areaUnderCurve = "auc", equalErrorRate = "equal_error_rate", bestAccuracy = "best_accuracy"
    case tarAtFAR = "tar_at_far", thresholdAtFAR = "threshold_at_far"
  }

  /// Encodes the intervals under the names of the figures they go with.
  public func encode(to encoder: any Encoder) throws {
    var values = encoder.container(keyedBy: CodingKeys.self)
    try values.encodeIfPresent(areaUnderCurve, forKey: .areaUnderCurve)
    try values.encodeIfPresent(equalErrorRate, forKey: .equalErrorRate)
    try values.encodeIfPresent(bestAccuracy, forKey: .bestAccuracy)
    func byRate(_ interval: (Int) -> ConfidenceInterval?) -> [String: ConfidenceInterval] {
      var result: [String: ConfidenceInterval] = [:]
      for (index, entry) in atFalseAcceptRate.enumerated() { result[rateName(entry.rate)] = interval(index) }
      return result
    }
    try values.encode(byRate { atFalseAcceptRate[$0].trueAcceptRate }, forKey: .tarAtFAR)
    try values.encode(byRate { atFalseAcceptRate[$0].threshold }, forKey: .thresholdAtFAR)
  }
}

/// Two models measured on the very same pairs: how far apart they are, and how sure that is.
public struct VerificationComparison: Sendable, Equatable, Encodable {
  /// One figure: of A, of B, B − A with its interval, and the two-sided share of rounds against the difference seen.
  public struct Figure: Sendable, Equatable, Encodable {
    /// The figure of model A.
    public let a: Double
    /// The figure of model B.
    public let b: Double
    /// B − A.
    public let difference: Double
    /// The 95 % interval of the difference, over identities drawn with replacement.
    public let interval: ConfidenceInterval?
    /// The two-sided share of rounds that speak against the difference seen.
    public let probability: Double

    private enum CodingKeys: String, CodingKey {
      case a, b, difference, interval, probability = "p"
    }
  }
  /// The pairs that both were measured on.
  public let pairs: Int
  /// The identities that the pairs are of.
  public let identities: Int
  /// The area under the ROC curve.
  public let areaUnderCurve: Figure
  /// The equal-error rate.
  public let equalErrorRate: Figure
  /// The true-accept rate by false-accept rate, `0.001` for instance.
  public let tarAtFAR: [String: Figure]

  private enum CodingKeys: String, CodingKey {
    case pairs, identities, areaUnderCurve = "auc", equalErrorRate = "equal_error_rate", tarAtFAR = "tar_at_far"
  }

  /// - Parameters: `a` and `b` hold the distances of `sample`'s pairs under either model.
  /// - Throws: `EvaluationError.oneKindOfPairs`.
  package init(
    _ sample: PairSample, a: [Float], b: [Float], rates: [Double] = Verification.standardRates, roundCount: Int = 1000,
    seed: UInt64, workers: WorkerThreads
  ) throws {
    guard let wholeA = Verification(sample.pairDistances(a), rates: rates),
      let wholeB = Verification(sample.pairDistances(b), rates: rates)
    else { throw EvaluationError.oneKindOfPairs(same: sample.sameTotal, different: sample.differentTotal) }
    // The same seed draws the same identities for both.
    let roundsA = IdentityBootstrap(
      sample, distances: a, rates: rates, roundCount: roundCount, seed: seed, workers: workers
    ).rounds
    let roundsB = IdentityBootstrap(
      sample, distances: b, rates: rates, roundCount: roundCount, seed: seed, workers: workers
    ).rounds
    func figure(_ value: (Verification) -> Double) -> Figure {
      let differences = zip(roundsA, roundsB).compactMap { a, b -> Double? in
        guard let a, let b else { return nil }
        return value(b) - value(a)
      }
      let below = differences.count { $0 <= 0 }
      let above = differences.count { $0 >= 0 }
      return Figure(
        a: value(wholeA), b: value(wholeB), difference: value(wholeB) - value(wholeA),
        interval: ConfidenceInterval(differences),
        probability: min(1, 2 * Double(min(below, above) + 1) / Double(differences.count + 1)))
    }
    pairs = sample.count
    identities = sample.identityCount
    areaUnderCurve = figure { $0.areaUnderCurve }
    equalErrorRate = figure { $0.equalErrorRate }
    tarAtFAR = Dictionary(
      rates.map { rate in (rateName(rate), figure { $0.point(atFalseAcceptRate: rate)?.trueAcceptRate ?? 0 }) },
      uniquingKeysWith: { a, _ in a })
  }
}
