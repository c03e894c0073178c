import ArgumentParser
import SiameseKit

struct EvaluateOpenSetCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "open-set",
    abstract: "Whether strangers are told from people on file.",
    discussion: """
      Holds out a share of the classes as strangers, puts half of the pictures of the others on file, and asks of every \
      other picture whether it is known and who it is: by a threshold on the distance, by a one-class kernel machine, and \
      by the extreme-value distribution of each class on file. Reports AUROC, and the share of known pictures detected \
      and named rightly when 1 % of the strangers are let in.

      EXAMPLES
        siamese evaluate open-set --model faces.h5 --data people
        siamese evaluate open-set --features faces.npy --unknown 0.25 --json
      """)

  @OptionGroup var measured: MeasuredOptions
  @OptionGroup var figures: FigureOptions

  @Option(help: ArgumentHelp("The share of the classes that are strangers.", valueName: "share"))
  var unknown: Double = 0.5

  func validate() throws { try measured.validateInput() }

  func run() throws {
    try requireWritable([figures.output], inputs: measured.inputs)
    let report = try measured.evaluator().openSet(unknownShare: unknown)
    try figures.publish(report) {
      func line(_ set: OpenSet) -> String {
        "AUROC \(percent(set.areaUnderCurve)), detected and named \(percent(set.detectionAndIdentification["0.01"] ?? 0)) "
          + "at FAR 1e-2, \(percent(set.detectionAndIdentification["0.1"] ?? 0)) at 1e-1"
      }
      return table([
        (
          "probes",
          "\(report.distanceThreshold.knownProbes) of \(report.knownClasses) known classes, "
            + "\(report.distanceThreshold.unknownProbes) of \(report.unknownClasses) unknown"
        ),
        ("named rightly", percent(report.distanceThreshold.identificationRate) + " of the known"),
        ("distance threshold", line(report.distanceThreshold)),
        ("one-class SVM", line(report.oneClassSVM)),
        ("extreme value", line(report.extremeValue)),
      ])
    }
  }
}
