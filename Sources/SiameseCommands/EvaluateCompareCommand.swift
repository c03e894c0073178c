import ArgumentParser
import Foundation
import SiameseKit

struct EvaluateCompareCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "compare",
    abstract: "Whether one model is better than another, on the same pairs.",
    discussion: """
      A and B are models or weights (with --data), or features files of the same pictures. Both are measured on the same \
      pairs and the same redrawn people, so that their difference is far surer than either figure; p is the two-sided \
      share of rounds that speak against it. Options such as --layer and --input-size go for both networks.

      EXAMPLES
        siamese evaluate compare weights.h5 faces.h5 --data people
        siamese evaluate compare before.npy after.npy --metrics difference.json
      """)

  @Argument(help: "The first model or features file.")
  var a: String

  @Argument(help: "The second.")
  var b: String

  @Option(help: ArgumentHelp("A folder of pictures, one folder a class, for models.", valueName: "dir"))
  var data: String?

  @Option(help: ArgumentHelp("For features and backbones that record none; by default cosine.", valueName: "name"))
  var distance: String?

  @Option(help: ArgumentHelp("Bootstrap rounds.", valueName: "n"))
  var rounds: Int = 1000

  @Option(help: ArgumentHelp("Draws the rounds.", valueName: "n"))
  var seed: UInt64 = 0

  @OptionGroup var adjustments: AdjustmentOptions
  @OptionGroup var figures: FigureOptions
  @OptionGroup(title: "Computing") var compute: ComputeOptions

  func validate() throws {
    guard 1...1_000_000 ~= rounds else { throw ValidationError("--rounds must be 1 to 1000000, found \(rounds).") }
    guard data != nil || adjustments.isEmpty else {
      throw ValidationError(
        "--layer, --architecture, --preprocess, --input-size and --views say how networks take pictures; without --data leave them out."
      )
    }
  }

  func run() throws {
    try requireWritable([figures.output], inputs: [a, b, data])
    let result = try evaluator(a).comparison(with: evaluator(b), roundCount: rounds)
    try figures.publish(result) {
      func line(_ figure: VerificationComparison.Figure) -> String {
        "\(percent(figure.a)) → \(percent(figure.b)), \(figure.difference >= 0 ? "+" : "−")"
          + "\(percent(abs(figure.difference)))\(percent(figure.interval)), p = \(String(format: "%.3f", figure.probability))"
      }
      return table(
        [
          ("pairs", "\(grouped(result.pairs)) of \(grouped(result.identities)) classes"),
          ("equal-error rate", line(result.equalErrorRate)),
          ("area under curve", line(result.areaUnderCurve)),
        ]
          + Verification.standardRates.compactMap { rate in
            result.tarAtFAR["\(rate < 1e-3 ? "0.0001" : "\(rate)")"].map { ("TAR at FAR \(rateText(rate))", line($0)) }
          })
    }
  }

  /// A features file, or a network run over the pictures.
  private func evaluator(_ path: String) throws -> Evaluator {
    if let data {
      let list = try labelledPictures(data)
      let (backbone, record) = try Backbone.open(path, adjustments.make())
      let bar = ProgressBar()
      let (features, skipped) = try Embedder(backbone, options: compute.embedding)
        .embed(list, strict: true, progress: bar.update)
      bar.finish()
      report(skipped)
      return try Evaluator(
        features, distance: record?.measure ?? Measure(Distance(name: distance ?? "cosine")), seed: seed,
        threads: compute.threads)
    }
    let features = try Features(contentsOf: path)
    return try Evaluator(
      features, distance: features.measure() ?? Measure(Distance(name: distance ?? "cosine")), seed: seed,
      threads: compute.threads)
  }
}
