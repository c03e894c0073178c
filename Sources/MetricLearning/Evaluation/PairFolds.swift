import Foundation

/// Pairs in folds, as the protocol of Labeled Faces in the Wild prescribes (Huang et al. 2007).
///
/// ```
/// 10  300                          folds, pairs of either kind in each
/// Abel_Pacheco  1  4               pictures 1 and 4 of one person
/// Abdel_Madi_Shabneh  1  Dean_Barker  1
/// ```
package struct PairFolds: Sendable, Equatable {
  package struct Picture: Sendable, Hashable {
    package let name: String
    package let number: Int

    package init(name: String, number: Int) {
      self.name = name
      self.number = number
    }

    /// Where the data set keeps it, without extension: `NAME/NAME_0001`.
    package var stem: String {
      let digits = String(number)
      return "\(name)/\(name)_" + String(repeating: "0", count: max(0, 4 - digits.count)) + digits
    }
  }
  package struct Pair: Sendable, Equatable {
    package let first: Picture
    package let second: Picture
    package var isSame: Bool { first.name == second.name }
  }
  package let folds: [[Pair]]

  /// Reads `pairs.txt`; `file` names it in errors.
  package init(text: String, file: String) throws(EvaluationError) {
    let lines = text.split(omittingEmptySubsequences: false) { $0.isNewline }.enumerated().map { (number: $0 + 1, $1) }
      .filter { !$0.1.allSatisfy(\.isWhitespace) }
    func fields(_ line: Substring) -> [Substring] {
      line.contains("\t")
        ? line.split(separator: "\t").map { Substring($0.trimmingCharacters(in: .whitespaces)) }
        : line.split { $0.isWhitespace }
    }
    guard let header = lines.first else {
      throw .line(file: file, number: 1, expected: "the numbers of folds and of pairs in each", found: "")
    }
    let counts = fields(header.1).compactMap { Int($0) }
    guard counts.count == fields(header.1).count, 1...2 ~= counts.count, counts.allSatisfy({ 1...1_000_000 ~= $0 })
    else {
      throw .line(
        file: file, number: header.number, expected: "the numbers of folds and of pairs in each",
        found: String(header.1))
    }
    let (foldCount, pairCount) = counts.count == 2 ? (counts[0], counts[1]) : (1, counts[0])
    guard lines.count - 1 == foldCount * pairCount * 2 else {
      throw .invalid(
        "\(file)", expected: "\(foldCount) × 2 × \(pairCount) pairs as its first line says",
        found: "\(lines.count - 1) lines")
    }
    var pairs: [Pair] = []
    for (number, line) in lines.dropFirst() {
      let fields = fields(line)
      switch fields.count {
      case 3:
        if let i = Int(fields[1]), let j = Int(fields[2]), i > 0, j > 0 {
          let name = String(fields[0])
          pairs.append(Pair(first: Picture(name: name, number: i), second: Picture(name: name, number: j)))
          continue
        }
      case 4:
        if let i = Int(fields[1]), let j = Int(fields[3]), i > 0, j > 0 {
          pairs.append(
            Pair(
              first: Picture(name: String(fields[0]), number: i), second: Picture(name: String(fields[2]), number: j)))
          continue
        }
      default: break
      }
      throw .line(
        file: file, number: number, expected: "'name number number' or 'name number name number'", found: String(line))
    }
    folds = (0..<foldCount).map { Array(pairs[$0 * pairCount * 2..<($0 + 1) * pairCount * 2]) }
  }
}

/// Verification by folds: the threshold that serves nine best decides the tenth.
public struct FoldedVerification: Sendable, Equatable, Encodable {
  public let folds: Int
  public let pairs: Int
  public let accuracy: Double
  /// The standard error of the mean accuracy: deviation over folds / √folds.
  public let accuracyStandardError: Double
  /// VAL: the true-accept rate at the threshold whose FAR on the other folds is `farTarget`; and the FAR found with it.
  public let val: Double
  public let valStandardError: Double
  public let valFAR: Double
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
    guard folds.count >= 2 else { throw .invalid("the number of folds", expected: "at least 2", found: "\(folds.count)") }
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
