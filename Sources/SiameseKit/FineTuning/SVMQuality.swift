import SiameseSupportVectors
import SiameseTensors

/// How well a kernel machine names pictures of classes it knows: trained on half of each class' pictures, scored on the
/// others.
public struct SVMQuality: Sendable, Encodable {
  /// The share of test pictures named rightly.
  public let accuracy: Double
  /// The same machine's accuracy on the backbone's features, without fine-tuning.
  public let accuracyBefore: Double
  /// Pictures it was trained on.
  public let trainingPictures: Int
  /// Pictures it was scored on.
  public let testPictures: Int
  /// Classes of all pictures.
  public let classes: Int
  /// Training pictures that decide.
  public let supportVectors: Int
  /// The dual objective where optimisation stopped.
  public let objective: Double
  /// The name of the kernel.
  public let kernel: String
  /// The price of slack.
  public let c: Double

  private enum CodingKeys: String, CodingKey {
    case accuracy, accuracyBefore = "accuracy_before", trainingPictures = "training_pictures"
    case testPictures = "test_pictures", classes, supportVectors = "support_vectors", objective, kernel, c
  }

  /// - Throws: `TaskError` where there are fewer than two classes with two pictures each.
  init(_ embeddings: Tensor, before: Tensor, labels: [String], machine: KernelSVM, c: Double) throws {
    let (first, second) = ClassSplit.halves(of: labels)
    guard Set(second.map { labels[$0] }).count >= 2 else {
      throw TaskError(
        .badInput, "--svm needs at least two classes with two pictures each; without it the run goes through")
    }
    func fit(_ rows: Tensor) throws -> (machine: TrainedSVM, accuracy: Double) {
      let trained = try machine.fit(rows.gatheringRows(first), first.map { labels[$0] })
      let named = try trained.predict(rows.gatheringRows(second))
      let hits = zip(named, second).count { $0 == labels[$1] }
      return (trained, Double(hits) / Double(second.count))
    }
    let after = try fit(embeddings)
    accuracy = after.accuracy
    accuracyBefore = try fit(before).accuracy
    trainingPictures = first.count
    testPictures = second.count
    classes = Set(labels).count
    supportVectors = after.machine.supportVectorCount
    objective = after.machine.objective
    kernel = machine.kernel.name
    self.c = c
  }
}
