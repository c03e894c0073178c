import ArgumentParser
import SiameseKit

struct VerifyCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "verify",
    abstract: "Say whether two pictures show the same thing.",
    discussion: """
      Embeds both pictures with a fine-tuned model, measures the distance it was trained for, and compares that with the \
      threshold stored in it: the strictest that siamese calibrate found, or where equal errors are. Prints the distance, \
      the threshold, the decision and, for a calibrated model or one with joint layers, the probability. With joint layers \
      the distance is their similarity turned round, below 0 for what is more likely the same. Exit status is 0 either way.

      EXAMPLES
        siamese verify --model faces.h5 a.png b.png
        siamese verify --model faces.h5 --json a.png b.png
      """)

  @OptionGroup var network: ModelOptions

  @Option(help: ArgumentHelp("A threshold of your own instead of the model's.", valueName: "distance"))
  var threshold: Float?

  @Option(help: ArgumentHelp("Use the threshold calibrated for this false-accept rate.", valueName: "rate"))
  var far: Double?

  @Flag(help: "Print JSON: distance, threshold, same, measure, probability.")
  var json = false

  @Argument(help: "The two pictures.")
  var pictures: [String]

  @OptionGroup(title: "Computing") var compute: ComputeOptions

  func validate() throws {
    guard pictures.count == 2 else { throw ValidationError("Give two pictures, found \(pictures.count).") }
  }

  private struct Decision: Encodable {
    let distance: Float, threshold: Float, same: Bool, measure: String, probability: Double?
  }

  func run() throws {
    let model = try network.open()
    let limit = try threshold ?? model.decisionThreshold(falseAcceptRate: far)
    let embedder = try model.embedder(options: compute.embedding)
    let embeddings = try pictures.map { try embedder.embed(Picture(contentsOf: $0)) }
    let distance = model.distance(embeddings[0], embeddings[1])
    let decision = Decision(
      distance: distance, threshold: limit, same: distance <= limit, measure: model.distance.name,
      probability: model.probability(atDistance: distance))
    if json { return try printJSON(decision) }
    print(
      "\(decision.same ? "same" : "different")  \(model.distance.name) distance \(distance), threshold \(limit)"
        + (decision.probability.map { ", probability \(percent($0, digits: 1))" } ?? ""))
  }
}
