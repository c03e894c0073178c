import SiameseFiles
import SiameseImages
import SiameseKeras
import SiameseMetricLearning
import SiameseTensors

/// Everything that determines the weights which a run of fine-tuning ends with.
///
/// A checkpoint keeps it, and only a run for which all of it is the same goes on from there: with another share held out,
/// say, classes that the weights have learned from would count as unseen.
struct RunConditions: Codable, Equatable, Sendable {
  /// The network that training starts from.
  struct Network: Codable, Equatable, Sendable {
    /// The SHA-256 of the file of weights; nil where they are drawn at random by the seed.
    var hash: String?
    var architecture: String?
    var layer: String
    var inputShape: [Int]
    var preprocessing: Preprocessing
    /// The copies that the finished model averages over, as `--views` takes them.
    var testTimeAugmentation: String?
  }

  /// The pictures that could be read.
  struct Pictures: Codable, Equatable, Sendable {
    var count: Int
    var classCount: Int
    /// The SHA-256 of all paths and labels, in order.
    var hash: String
  }

  /// Which pictures training learns from.
  struct Split: Codable, Equatable, Sendable {
    /// `classes`, `pictures`, or the SHA-256 of the names of classes to hold out.
    var heldOut: String
    var heldOutShare: Double
    var choosingShare: Double
  }

  /// What a step minimises.
  struct Criterion: Codable, Equatable, Sendable {
    var loss: String
    var miner: String?
    var reducer: Reducer?
    var joint: PairHead?
    var distance: String
  }

  /// What becomes of pictures on their way into a batch.
  struct Batches: Codable, Equatable, Sendable {
    var augmentation: String
    var augmentedCopies: Int?
    var withinParents: Bool
  }

  /// How networks run where they are not trained: another way of computing rounds otherwise.
  struct Running: Codable, Equatable, Sendable {
    /// Pictures in one run of the network at most.
    var batch: Int?
    /// The instructions that may be used; nil for all that the processor has.
    var instructionSet: String?
    /// Whether algorithms are chosen by measuring.
    var isTuned: Bool
  }

  var network: Network
  var pictures: Pictures
  var split: Split
  var head: HeadDesign
  var unfreeze: Unfreezing
  var criterion: Criterion
  var batches: Batches
  var running: Running
  /// Steps, optimiser, rates and the rest; with the run's seed, threads and precision.
  var training: FineTuningOptions
}

extension RunConditions {
  /// What determines the run of `tuner` on these pictures, whose plain features are `plain`.
  /// - Throws: `TaskError` where the backbone's file cannot be read.
  init(_ tuner: FineTuner, _ plain: Features) throws {
    let (backbone, recipe) = (tuner.backbone, tuner.recipe)
    network = Network(
      hash: backbone.isUntrained ? nil : try fileHash(backbone.path), architecture: backbone.architecture,
      layer: backbone.layer, inputShape: backbone.inputShape, preprocessing: backbone.preprocessing,
      testTimeAugmentation: backbone.views?.description)
    pictures = Pictures(
      count: plain.count, classCount: Set(plain.labels).count,
      hash: Self.hash(zip(plain.paths, plain.labels).flatMap { [$0, $1] }))
    split = Split(
      heldOut: Self.words(recipe.heldOut), heldOutShare: recipe.heldOutShare, choosingShare: recipe.selectionShare)
    (head, unfreeze) = (recipe.head, recipe.unfreeze)
    criterion = Criterion(
      loss: recipe.loss, miner: recipe.miner, reducer: recipe.reducer, joint: recipe.joint,
      distance: recipe.distance.name)
    batches = Batches(
      augmentation: recipe.augmentation.description, augmentedCopies: recipe.augmentedCopies,
      withinParents: recipe.withinParents)
    running = Running(
      batch: tuner.compute.batch, instructionSet: tuner.compute.instructionSet?.rawValue,
      isTuned: tuner.compute.tuning != .fixed)
    training = recipe.training
    (training.seed, training.threads, training.precision) = (
      recipe.seed, tuner.threads, tuner.compute.precision.planned
    )
  }

  private static func words(_ heldOut: HeldOut) -> String {
    switch heldOut {
    case .classes: "classes"
    case .pictures: "pictures"
    case .named(let names, _): "\(names.count) named classes (SHA-256 \(hash(names.sorted())))"
    }
  }

  private static func hash(_ texts: [String]) -> String {
    let hash = SHA256()
    for text in texts { hash.update(text + "\0") }
    return hash.hexadecimal()
  }
}
