/// Verification by folds: the threshold that serves nine best decides the tenth.
public struct FoldedVerification: Sendable, Equatable, Encodable {
  /// The number of folds.
  public let folds: Int
  /// The pairs of all folds together.
  public let pairs: Int
  /// The mean accuracy over folds.
  public let accuracy: Double
  /// The standard error of the mean accuracy: deviation over folds / √folds.
  public let accuracyStandardError: Double
  /// VAL: the true-accept rate at the threshold whose FAR on the other folds is `farTarget`; and the FAR found with it.
  public let val: Double
  /// The standard error of the mean VAL.
  public let valStandardError: Double
  /// The mean false-accept rate found with VAL's thresholds.
  public let valFAR: Double
  /// The false-accept rate that VAL's thresholds keep to on the other folds.
  public let farTarget: Double

  private enum CodingKeys: String, CodingKey {
    case folds, pairs, accuracy, accuracyStandardError = "accuracy_standard_error", val
    case valStandardError = "val_standard_error", valFAR = "val_far", farTarget = "far_target"
  }

  /// - Parameters:
  ///   - folds: for each fold its pairs' distances, and whether they are of one class.
  ///   - grid: thresholds to choose among; nil for every distance of the other folds.
  package init(_ folds: [[(distance: Float, same: Bool)]], falseAcceptRate: Double = 1e-3, grid: [Float]? = nil)
    throws(EvaluationError)
  {
    guard folds.count >= 2 else {
      throw .invalid("the number of folds", expected: "at least 2", found: "\(folds.count)")
    }
    var (accuracies, vals, fars) = ([Double](), [Double](), [Double]())
    for (index, fold) in folds.enumerated() {
      let others = folds.indices.filter { $0 != index }.flatMap { folds[$0] }
      guard others.contains(where: \.same), others.contains(where: { !$0.same }), fold.contains(where: \.same),
        fold.contains(where: { !$0.same })
      else {
        throw .oneKindOfPairs(
          same: fold.count { $0.same }, different: fold.count { !$0.same })
      }
      let thresholds = Self.thresholds(others, falseAcceptRate: falseAcceptRate, grid: grid)
      let correct = fold.count { ($0.distance <= thresholds.accuracy) == $0.same }
      accuracies.append(Double(correct) / Double(fold.count))
      let accepted = fold.filter { $0.distance <= thresholds.rate }
      vals.append(Double(accepted.count { $0.same }) / Double(fold.count { $0.same }))
      fars.append(Double(accepted.count { !$0.same }) / Double(fold.count { !$0.same }))
    }
    self.folds = folds.count
    pairs = folds.reduce(0) { $0 + $1.count }
    (accuracy, accuracyStandardError) = meanAndStandardError(accuracies)
    (val, valStandardError) = meanAndStandardError(vals)
    valFAR = meanAndStandardError(fars).mean
    farTarget = falseAcceptRate
  }

  /// The threshold of the best accuracy (the smallest of equals), and the loosest whose FAR keeps to the rate.
  private static func thresholds(
    _ pairs: [(distance: Float, same: Bool)], falseAcceptRate: Double, grid: [Float]?
  ) -> (accuracy: Float, rate: Float) {
    let sorted = pairs.sorted { $0.distance < $1.distance }
    let differentCount = Double(sorted.count { !$0.same })
    var (next, accepted, falselyAccepted) = (0, 0, 0)
    var best = (score: Int.min, threshold: -Float.infinity)
    var rate = (sorted.first?.distance ?? 0).nextDown
    for threshold in grid ?? ([rate] + sorted.map(\.distance)) {
      while next < sorted.count, sorted[next].distance <= threshold {
        if sorted[next].same { accepted += 1 } else { falselyAccepted += 1 }
        next += 1
      }
      if accepted - falselyAccepted > best.score { best = (accepted - falselyAccepted, threshold) }
      if Double(falselyAccepted) / differentCount <= falseAcceptRate { rate = threshold }
    }
    return (best.threshold, rate)
  }
}

/// Mean, and deviation / √n (the deviation over n − 1).
func meanAndStandardError(_ values: [Double]) -> (mean: Double, error: Double) {
  let count = Double(values.count)
  let mean = values.reduce(0, +) / count
  let variance = values.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / max(1, count - 1)
  return (mean, (variance / count).squareRoot())
}
