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
