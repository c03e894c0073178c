import SiameseTensors

/// How well distances tell pairs of one class from pairs of two: the figures of a verification system.
///
/// A pair is accepted when its distance is at most the threshold. FAR is the share of different pairs accepted, TAR the
/// share of same pairs accepted, FRR = 1 − TAR.
public struct Verification: Sendable, Equatable {
  /// What one threshold does.
  public struct OperatingPoint: Sendable, Equatable {
    /// The largest distance that is accepted.
    public let threshold: Float
    /// The share of different pairs accepted.
    public let falseAcceptRate: Double
    /// The share of same pairs accepted.
    public let trueAcceptRate: Double
  }

  /// Pairs of one class, and of two.
  public let samePairCount: Int
  /// Pairs of two classes.
  public let differentPairCount: Int
  /// The share of (same, different) pairs of pairs in which the same pair is closer, ties counting half.
  public let areaUnderCurve: Double
  /// The rate at which FAR and FRR meet, on the straight line between the two steps around the crossing.
  public let equalErrorRate: Double
  /// The distance where they meet.
  public let equalErrorThreshold: Float
  /// For each rate asked: the loosest threshold whose FAR is at most that rate, and what it does.
  public let atFalseAcceptRate: [(rate: Double, point: OperatingPoint)]
  /// The largest share of all pairs decided rightly by one threshold.
  public let bestAccuracy: Double
  /// The threshold that decides so.
  public let bestAccuracyThreshold: Float
  /// The ROC curve, thinned to points that a plot can tell apart on a linear or logarithmic axis.
  public let curve: [OperatingPoint]

  /// The false-accept rates reported when none are asked for.
  public static let standardRates = [1e-4, 1e-3, 1e-2, 1e-1]

  /// Measures `pairs`; nil where one kind of pair is missing, for then no rate is defined.
  package init?(_ pairs: PairDistances, rates: [Double] = standardRates) {
    self.init(
      sameCount: Double(pairs.sameCount), differentCount: Double(pairs.differentCount), rates: rates, keepingCurve: true
    ) { step in pairs.forEachStep { step($0, Double($1), Double($2)) } }
  }

  /// Measures steps of weighted pairs: `forEachStep` hands its argument every distance, ascending, with the weights of
  /// the same and the different pairs at it, in all `sameCount` and `differentCount`.
  package init?(
    sameCount: Double, differentCount: Double, rates: [Double], keepingCurve: Bool,
    forEachStep: ((_ distance: Float, _ same: Double, _ different: Double) -> Void) -> Void
  ) {
    guard sameCount > 0, differentCount > 0 else { return nil }
    samePairCount = Int(sameCount)
    differentPairCount = Int(differentCount)

    var (accepted, falselyAccepted) = (0.0, 0.0)
    var concordant = 0.0
    var before = OperatingPoint(threshold: -.infinity, falseAcceptRate: 0, trueAcceptRate: 0)
    var equalError: (rate: Double, threshold: Float)?
    var best = (correct: differentCount, threshold: -Float.infinity)
    var points = [OperatingPoint](repeating: before, count: rates.count)
    var curve = CurveThinner()
    forEachStep { distance, same, different in
      if before.threshold == -.infinity {
        before = OperatingPoint(threshold: distance.nextDown, falseAcceptRate: 0, trueAcceptRate: 0)
        best.threshold = distance.nextDown
        for index in points.indices { points[index] = before }
        if keepingCurve { curve.add(before) }
      }
      concordant += different * (accepted + same / 2)
      accepted += same
      falselyAccepted += different
      let point = OperatingPoint(
        threshold: distance, falseAcceptRate: falselyAccepted / differentCount,
        trueAcceptRate: accepted / sameCount)
      if equalError == nil, point.falseAcceptRate >= 1 - point.trueAcceptRate {
        equalError = crossing(before, point)
      }
      let correct = accepted + differentCount - falselyAccepted
      if correct > best.correct { best = (correct, distance) }
      for index in points.indices where point.falseAcceptRate <= rates[index] { points[index] = point }
      if keepingCurve { curve.add(point) }
      before = point
    }
    areaUnderCurve = concordant / (sameCount * differentCount)
    equalErrorRate = equalError?.rate ?? 0
    equalErrorThreshold = equalError?.threshold ?? before.threshold
    atFalseAcceptRate = Array(zip(rates, points))
    bestAccuracy = best.correct / (sameCount + differentCount)
    bestAccuracyThreshold = best.threshold
    self.curve = keepingCurve ? curve.finished(last: before) : []
  }

  /// The point for a rate asked of `init`.
  public func point(atFalseAcceptRate rate: Double) -> OperatingPoint? {
    atFalseAcceptRate.first { $0.rate == rate }?.point
  }

  /// Whether all figures are equal.
  public static func == (a: Verification, b: Verification) -> Bool {
    a.samePairCount == b.samePairCount && a.differentPairCount == b.differentPairCount
      && a.areaUnderCurve == b.areaUnderCurve && a.equalErrorRate == b.equalErrorRate
      && a.equalErrorThreshold == b.equalErrorThreshold && a.bestAccuracy == b.bestAccuracy
      && a.bestAccuracyThreshold == b.bestAccuracyThreshold && a.curve == b.curve
      && a.atFalseAcceptRate.map(\.point) == b.atFalseAcceptRate.map(\.point)
  }
}

/// Where FAR meets FRR on the straight line from `a` to `b`.
private func crossing(
  _ a: Verification.OperatingPoint, _ b: Verification.OperatingPoint
) -> (rate: Double, threshold: Float) {
  let gapBefore = (1 - a.trueAcceptRate) - a.falseAcceptRate
  let closing = (b.falseAcceptRate - a.falseAcceptRate) + (b.trueAcceptRate - a.trueAcceptRate)
  let share = closing > 0 ? min(1, max(0, gapBefore / closing)) : 1
  return (
    a.falseAcceptRate + share * (b.falseAcceptRate - a.falseAcceptRate),
    a.threshold + Float(share) * (b.threshold - a.threshold)
  )
}

/// Keeps a point of the curve when it moved far enough from the last one to be seen.
private struct CurveThinner {
  private(set) var points: [Verification.OperatingPoint] = []

  mutating func add(_ point: Verification.OperatingPoint) {
    guard let last = points.last else { return points.append(point) }
    let moved = abs(point.trueAcceptRate - last.trueAcceptRate) >= 0.004
    let movedRight = point.falseAcceptRate >= last.falseAcceptRate * 1.04 + 1e-7
    if moved || movedRight { points.append(point) }
  }

  func finished(last: Verification.OperatingPoint) -> [Verification.OperatingPoint] {
    points.last == last ? points : points + [last]
  }
}

extension Verification: Encodable {
  private enum CodingKeys: String, CodingKey {
    case samePairs = "same_pairs", differentPairs = "different_pairs", auc, equalErrorRate = "equal_error_rate"
    case equalErrorThreshold = "equal_error_threshold", tarAtFAR = "tar_at_far", thresholdAtFAR = "threshold_at_far"
    case bestAccuracy = "best_accuracy", bestAccuracyThreshold = "best_accuracy_threshold"
  }

  /// Encodes the figures; the curve is left out.
  public func encode(to encoder: any Encoder) throws {
    var values = encoder.container(keyedBy: CodingKeys.self)
    try values.encode(samePairCount, forKey: .samePairs)
    try values.encode(differentPairCount, forKey: .differentPairs)
    try values.encode(areaUnderCurve, forKey: .auc)
    try values.encode(equalErrorRate, forKey: .equalErrorRate)
    try values.encode(equalErrorThreshold, forKey: .equalErrorThreshold)
    try values.encode(byRate { $0.trueAcceptRate }, forKey: .tarAtFAR)
    try values.encode(byRate { Double($0.threshold) }, forKey: .thresholdAtFAR)
    try values.encode(bestAccuracy, forKey: .bestAccuracy)
    try values.encode(bestAccuracyThreshold, forKey: .bestAccuracyThreshold)
  }

  private func byRate(_ value: (OperatingPoint) -> Double) -> [String: Double] {
    Dictionary(atFalseAcceptRate.map { (rateName($0.rate), value($0.point)) }, uniquingKeysWith: { first, _ in first })
  }
}

/// A false-accept rate as metrics name it: `0.0001`, `0.001`, `0.01`, `0.1`.
package func rateName(_ rate: Double) -> String {
  guard rate > 0, rate < 1e-3 else { return "\(rate)" }
  var (digits, value) = (0, rate)
  while value < 1, digits < 12 { (digits, value) = (digits + 1, value * 10) }
  let leading = Int(value.rounded())
  return abs(value - value.rounded()) < 1e-6
    ? "0." + String(repeating: "0", count: digits - 1) + "\(leading)" : "\(rate)"
}
