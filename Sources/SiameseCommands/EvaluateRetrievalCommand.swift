import ArgumentParser
import Foundation
import SiameseKit

struct EvaluateRetrievalCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "retrieval",
    abstract: "How well a picture's class is found among other pictures.",
    discussion: """
      Every picture is looked up among all others, or among those of --gallery. Reports precision@1, R-precision, MAP@R, \
      mAP, the cumulative match for ranks 1 to 50, and how far k-means clusters agree with the classes (NMI, and AMI, \
      which is adjusted for chance). Pictures whose class has no other picture are left out and counted. Equal to \
      pytorch-metric-learning's AccuracyCalculator on the same embeddings.

      EXAMPLES
        siamese evaluate retrieval --model faces.h5 --data people
        siamese evaluate retrieval --features queries.npy --gallery gallery.npy --json
      """)

  @OptionGroup var measured: MeasuredOptions
  @OptionGroup var figures: FigureOptions

  @Option(
    help: ArgumentHelp("Look up among these embeddings instead of among the other pictures.", valueName: "features"))
  var gallery: String?

  func validate() throws { try measured.validateInput() }

  func run() throws {
    try requireWritable([figures.output], inputs: measured.inputs + [gallery])
    let gallery = try gallery.map { try Features(contentsOf: $0) }
    let found = try measured.evaluator().retrieval(among: gallery)
    try figures.publish(found) {
      var rows = [
        ("queries", "\(grouped(found.queryCount)), \(grouped(found.loneQueryCount)) more are alone in their class"),
        ("precision@1", percent(found.precisionAt1)),
        ("R-precision", percent(found.rPrecision)),
        ("MAP@R", percent(found.meanAveragePrecisionAtR)),
        ("mAP", percent(found.meanAveragePrecision)),
      ]
      for rank in [5, 10, 50] { rows.append(("found by rank \(rank)", percent(found.cumulativeMatch[rank - 1]))) }
      if let nmi = found.normalizedMutualInformation, let ami = found.adjustedMutualInformation {
        rows.append(("clusters", String(format: "NMI %.4f, AMI %.4f", nmi, ami)))
      }
      return table(rows)
    }
  }
}
