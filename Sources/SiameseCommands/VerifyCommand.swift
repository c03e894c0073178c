import ArgumentParser
import SiameseKit

struct VerifyCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "verify",
    abstract: "Say whether two pictures show the same thing.",
    discussion: """
      Embeds both pictures with a fine-tuned model, measures the distance it was trained for, and compares that with the \
      threshold stored in it. Prints the distance, the threshold and the decision. Exit status is 0 either way.

      EXAMPLES
        siamese verify --model faces.h5 a.png b.png
        siamese verify --model faces.h5 --json a.png b.png
      """)

  @Option(help: ArgumentHelp("A model that siamese-finetune wrote.", valueName: "model.h5"))
  var model: String

  @Option(help: ArgumentHelp("A threshold of your own instead of the model's.", valueName: "distance"))
  var threshold: Float?

  @Flag(help: "Print JSON: distance, threshold, same, measure.")
  var json = false

  @Argument(help: "The two pictures.")
  var pictures: [String]

  func validate() throws {
    guard pictures.count == 2 else { throw ValidationError("Give two pictures, found \(pictures.count).") }
  }

  private struct Decision: Encodable {
    let distance: Float, threshold: Float, same: Bool, measure: String
  }

  func run() throws {
    let model = try SiameseModel(contentsOf: model)
    guard let limit = threshold ?? model.threshold else {
      throw TaskError(.badInput, "\(self.model): holds no threshold; give one with --threshold, or fine-tune with classes held out")
    }
    let embedder = try model.embedder()
    let embeddings = try pictures.map { try embedder.embed(Picture(contentsOf: $0)) }
    let distance = model.distance(embeddings[0], embeddings[1])
    let decision = Decision(distance: distance, threshold: limit, same: distance <= limit, measure: model.distance.name)
    if json { return try printJSON(decision) }
    print("\(decision.same ? "same" : "different")  \(model.distance.name) distance \(distance), threshold \(limit)")
  }
}
