import SiameseTensors

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
