import ArgumentParser
import Foundation
import SiameseKit

struct EvaluateVerificationCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "verification",
    abstract: "How well the distance tells pairs of one class from pairs of two.",
    discussion: """
      Compares all pairs of pictures, exactly, and reports the area under the ROC curve, the equal-error rate, the \
      true-accept rate at false-accept rates from 1e-4 to 1e-1 with their thresholds, and the best accuracy; in brackets \
      95 % intervals over people drawn with replacement. Ties are never won.

      With --pairs, a list in the form of LFW's pairs.txt, only its pairs are compared, and the protocol of its folds is \
      followed: the threshold is chosen on all folds but one and applied to that one.

      EXAMPLES
        siamese evaluate verification --model faces.h5 --data people --metrics figures.json
        siamese evaluate verification --model faces.h5 --data lfw --pairs pairs.txt
        siamese evaluate verification --features faces.npy --distance l2 --sample 1000000
      """)

  @OptionGroup var measured: MeasuredOptions
  @OptionGroup var figures: FigureOptions

  @Option(help: ArgumentHelp("Pairs to compare, in folds, as LFW's pairs.txt.", valueName: "pairs.txt"))
  var pairs: String?

  @Option(help: ArgumentHelp("Compare at most so many pairs of each kind, drawn at random.", valueName: "n"))
  var sample: Int?

  @Option(help: ArgumentHelp("Bootstrap rounds for the intervals; 0 for none.", valueName: "n"))
  var rounds: Int = 1000

  func validate() throws {
    try measured.validateInput()
    guard sample ?? 1 > 0 else { throw ValidationError("--sample must be at least 1, found \(sample!).") }
    guard 0...1_000_000 ~= rounds else { throw ValidationError("--rounds must be 0 to 1000000, found \(rounds).") }
    guard sample == nil || pairs == nil else { throw ValidationError("Give either --pairs or --sample, not both.") }
  }

  func run() throws {
    try requireWritable([figures.output], inputs: measured.inputs + [pairs])
    let list = try pairs.map { try FacePairs(contentsOf: $0) }
    let report = try measured.evaluator().verification(pairLimit: sample, roundCount: rounds, pairs: list)
    try figures.publish(report) { verificationText(report) }
  }
}

/// The figures for people to read.
func verificationText(_ report: VerificationReport) -> String {
  let (figures, intervals) = (report.figures, report.intervals)
  var rows = [
    ("pictures", "\(grouped(report.pictures)) of \(grouped(report.classes)) classes, compared by \(report.distance)"),
    ("pairs", "\(grouped(figures.samePairCount)) of one class, \(grouped(figures.differentPairCount)) of two"),
    (
      "area under curve",
      String(format: "%.4f", figures.areaUnderCurve)
        + (intervals?.areaUnderCurve.map { String(format: " (%.4f … %.4f)", $0.low, $0.high) } ?? "")
    ),
    (
      "equal-error rate",
      percent(figures.equalErrorRate) + percent(intervals?.equalErrorRate)
        + String(format: " at threshold %.4f", figures.equalErrorThreshold)
    ),
  ]
  for (index, (rate, point)) in figures.atFalseAcceptRate.enumerated() {
    let supported = Double(figures.differentPairCount) * rate >= 3
    rows.append(
      (
        "TAR at FAR \(rateText(rate))",
        percent(point.trueAcceptRate) + percent(intervals?.atFalseAcceptRate[index].trueAcceptRate)
          + String(format: " at threshold %.4f", point.threshold) + (supported ? "" : ", too few pairs to be sure")
      ))
  }
  rows.append(
    (
      "best accuracy",
      percent(figures.bestAccuracy) + percent(intervals?.bestAccuracy)
        + String(format: " at threshold %.4f", figures.bestAccuracyThreshold)
    ))
  if let folds = report.folds {
    rows.append(
      (
        "\(folds.folds) folds",
        "accuracy \(percent(folds.accuracy)) ± \(percent(folds.accuracyStandardError)), "
          + "VAL \(percent(folds.val)) ± \(percent(folds.valStandardError)) at FAR \(percent(folds.valFAR))"
      ))
  }
  return table(rows)
}

/// `0.001` as `1e-3`.
func rateText(_ rate: Double) -> String {
  let exponent = log10(rate).rounded()
  return abs(pow(10, exponent) - rate) < 1e-9 * rate && rate < 1 ? "1e\(Int(exponent))" : "\(rate)"
}
