import Foundation
import SiameseTensors

/// What a distance means for one model on its owner's pictures: thresholds, and probabilities.
///
/// Kept as JSON in the model file, and read back by `verify` and `identify`.
public struct Calibration: Sendable, Equatable, Codable {
  /// The distance up to which a pair is accepted, and what that does.
  public struct Threshold: Sendable, Equatable, Codable {
    /// The share of pairs of two classes that may be accepted.
    public let falseAcceptRate: Double
    /// The loosest distance that keeps to that share.
    public let threshold: Float
    /// The share of pairs of one class that are accepted.
    public let trueAcceptRate: Double
    /// Over identities drawn anew.
    public let thresholdInterval: ConfidenceInterval?
    /// The 95 % interval of the true-accept rate, over identities drawn anew.
    public let trueAcceptInterval: ConfidenceInterval?

    private enum CodingKeys: String, CodingKey {
      case falseAcceptRate = "far", threshold, trueAcceptRate = "tar", thresholdInterval = "threshold_interval"
      case trueAcceptInterval = "tar_interval"
    }
  }

  /// The distance that was calibrated, by name: a threshold means nothing under another.
  public let distance: String
  /// By ascending false-accept rate.
  public let thresholds: [Threshold]
  /// Where FAR and FRR are equal.
  public let equalErrorThreshold: Float
  /// The rate there: the share of pairs of either kind that are decided wrongly.
  public let equalErrorRate: Double
  /// Probabilities by a logistic curve.
  public let logistic: ProbabilityMap
  /// Probabilities by isotonic regression.
  public let isotonic: ProbabilityMap
  /// Expected calibration errors, each map fitted on one half of the identities and measured on the other.
  public let logisticError: Double
  /// The same of the isotonic map.
  public let isotonicError: Double
  /// Pairs of one class there were to calibrate on.
  public let samePairs: Int
  /// Pairs of two classes there were to calibrate on.
  public let differentPairs: Int
  /// The classes there were to calibrate on.
  public let identities: Int

  private enum CodingKeys: String, CodingKey {
    case distance, thresholds, equalErrorThreshold = "equal_error_threshold", equalErrorRate = "equal_error_rate"
    case logistic, isotonic, logisticError = "logistic_ece", isotonicError = "isotonic_ece"
    case samePairs = "same_pairs", differentPairs = "different_pairs", identities
  }

  /// The map whose calibration error is the smaller.
  public var probabilityMap: ProbabilityMap { isotonicError < logisticError ? isotonic : logistic }

  /// The threshold for the rate asked: that rate's own, else the strictest there is.
  public func threshold(falseAcceptRate: Double? = nil) -> Threshold? {
    guard let falseAcceptRate else { return thresholds.first }
    return thresholds.first { abs($0.falseAcceptRate - falseAcceptRate) < 1e-9 * falseAcceptRate }
  }

  /// The pairs of different classes below which a false-accept rate cannot be told from zero: had none of `3 / rate` been
  /// accepted, the rate's 95 % bound would just be `rate` (the rule of three).
  package static func pairsNeeded(for rate: Double) -> Int { Int((3 / rate).rounded(.up)) }

  /// Calibrates on the distances of `sample`'s pairs.
  ///
  /// - Throws: `EvaluationError.tooFewPairs` with the number still needed, `oneKindOfPairs`, or `invalid` for a rate
  ///   that is not between 0 and 1 or a distance that is not finite.
  package init(
    _ sample: PairSample, distances: [Float], distance: String, rates: [Double], pictureCount: Int,
    roundCount: Int = 1000, seed: UInt64, workers: WorkerThreads
  ) throws(EvaluationError) {
    let rates = Set(rates).sorted()
    for rate in rates where !(rate > 0 && rate < 1) {
      throw .invalid("a false-accept rate", expected: "above 0 and below 1", found: "\(rate)")
    }
    if let bad = distances.first(where: { !$0.isFinite }) {
      throw .invalid("distances", expected: "finite numbers", found: "\(bad); look at the pictures or the weights")
    }
    let pairs = sample.pairDistances(distances)
    guard pairs.sameCount > 0, pairs.differentCount > 0 else {
      throw .oneKindOfPairs(same: pairs.sameCount, different: pairs.differentCount)
    }
    for rate in rates where sample.differentTotal < Self.pairsNeeded(for: rate) {
      let needed = Self.pairsNeeded(for: rate)
      // With n pictures and m new ones, each of a class of its own, n m + m (m − 1) / 2 pairs are new.
      let (n, missing) = (Double(pictureCount), Double(needed - sample.differentTotal))
      let more = ((2 * n - 1) * (2 * n - 1) + 8 * missing).squareRoot() - (2 * n - 1)
      throw .tooFewPairs(
        rate: rate, needed: needed, found: sample.differentTotal, picturesMore: max(1, Int((more / 2).rounded(.up))))
    }
    guard let figures = Verification(pairs, rates: rates) else {
      throw .oneKindOfPairs(same: pairs.sameCount, different: pairs.differentCount)
    }
    let bootstrap = IdentityBootstrap(
      sample, distances: distances, rates: rates, roundCount: roundCount, seed: seed, workers: workers)
    let intervals = VerificationIntervals(bootstrap, rates: rates)
    thresholds = zip(figures.atFalseAcceptRate, intervals.atFalseAcceptRate).map { figure, interval in
      Threshold(
        falseAcceptRate: figure.rate, threshold: figure.point.threshold, trueAcceptRate: figure.point.trueAcceptRate,
        thresholdInterval: interval.threshold, trueAcceptInterval: interval.trueAcceptRate)
    }
    self.distance = distance
    equalErrorThreshold = figures.equalErrorThreshold
    equalErrorRate = figures.equalErrorRate
    let split = Self.halves(sample, distances, seed: seed)
    logistic = .logistic(same: split.all.same, different: split.all.different)
    isotonic = .isotonic(same: split.all.same, different: split.all.different)
    func error(_ fit: ([Float], [Float]) -> ProbabilityMap) -> Double {
      let (a, b) = (split.a, split.b)
      guard !a.same.isEmpty, !a.different.isEmpty, !b.same.isEmpty, !b.different.isEmpty else {
        return fit(split.all.same, split.all.different)
          .expectedCalibrationError(same: split.all.same, different: split.all.different)
      }
      return
        (fit(a.same, a.different).expectedCalibrationError(same: b.same, different: b.different)
        + fit(b.same, b.different).expectedCalibrationError(same: a.same, different: a.different)) / 2
    }
    logisticError = error { .logistic(same: $0, different: $1) }
    isotonicError = error { .isotonic(same: $0, different: $1) }
    samePairs = sample.sameTotal
    differentPairs = sample.differentTotal
    identities = sample.identityCount
  }

  private typealias Kinds = (same: [Float], different: [Float])

  /// All pairs, those within one random half of the identities, and those within the other.
  private static func halves(
    _ sample: PairSample, _ distances: [Float], seed: UInt64
  ) -> (all: Kinds, a: Kinds, b: Kinds) {
    var random = SeededGenerator(seed: seed)
    let order = (0..<sample.identityCount).shuffled(using: &random)
    var isFirst = [Bool](repeating: false, count: sample.identityCount)
    for identity in order.prefix(sample.identityCount / 2) { isFirst[identity] = true }
    var result: (all: Kinds, a: Kinds, b: Kinds) = (([], []), ([], []), ([], []))
    for pair in distances.indices {
      let (i, j) = sample.identities[pair]
      func add(to kinds: inout Kinds) {
        if i == j { kinds.same.append(distances[pair]) } else { kinds.different.append(distances[pair]) }
      }
      add(to: &result.all)
      switch (isFirst[Int(i)], isFirst[Int(j)]) {
      case (true, true): add(to: &result.a)
      case (false, false): add(to: &result.b)
      default: break
      }
    }
    return result
  }
}
