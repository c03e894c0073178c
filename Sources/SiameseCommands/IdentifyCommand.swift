import ArgumentParser
import Foundation
import SiameseKit

struct IdentifyCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "identify",
    abstract: "Say who of a gallery a picture shows, or that it shows nobody known.",
    discussion: """
      The model must be the one that made the gallery. Ranks everybody in the gallery by the distance of their nearest \
      picture, with the probability that it is the same where the model is calibrated. The best candidate is named if it \
      lies within the model's threshold; else the answer is unknown.

      EXAMPLES
        siamese identify --model faces.h5 --gallery people.gallery visitor.png
        siamese identify --model faces.h5 --gallery people.gallery --far 1e-3 --json *.png
      """)

  @OptionGroup var network: ModelOptions

  @Option(help: ArgumentHelp("The gallery.", valueName: "file"))
  var gallery: String

  @Option(help: ArgumentHelp("Candidates to show.", valueName: "n"))
  var top: Int = 3

  @Option(help: ArgumentHelp("Use the threshold calibrated for this false-accept rate.", valueName: "rate"))
  var far: Double?

  @Option(help: ArgumentHelp("A threshold of your own instead of the model's.", valueName: "distance"))
  var threshold: Float?

  @Argument(help: "The pictures.")
  var pictures: [String]

  @OptionGroup var figures: FigureOptions
  @OptionGroup(title: "Computing") var compute: ComputeOptions

  func validate() throws {
    guard 1...1000 ~= top else { throw ValidationError("--top must be 1 to 1000, found \(top).") }
    guard far == nil || threshold == nil else { throw ValidationError("Give either --far or --threshold, not both.") }
    guard !pictures.isEmpty else { throw ValidationError("Give at least one picture.") }
  }

  func run() throws {
    try requireWritable([figures.output], inputs: [network.model, gallery] + pictures)
    let found = try Recogniser(model: network.open(), gallery: gallery, options: compute.embedding)
      .identify(pictures, count: top, falseAcceptRate: far, threshold: threshold)
    try figures.publish(found) {
      found.map { answer in
        let candidates = answer.candidates.map { candidate in
          (
            "  \(candidate.identity)",
            String(format: "distance %.4f", candidate.distance)
              + (candidate.probability.map { ", probability \(percent($0, digits: 1))" } ?? "")
          )
        }
        return "\(answer.path): \(answer.identity ?? "unknown")"
          + String(format: " (threshold %.4f)\n", answer.threshold) + table(candidates)
      }.joined(separator: "\n")
    }
  }
}
