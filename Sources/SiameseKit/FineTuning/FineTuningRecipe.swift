import Images
import MetricLearning

/// How a backbone is to be fine-tuned: the head, what moves, the loss, and how long.
///
/// The defaults fit a handful of pictures of some dozens of classes: a closed-form head, then a head trained from there
/// with batch-hard triplets, kept only if it does better on classes held out for that choice.
public struct FineTuningRecipe: Sendable {
  /// The layers between the backbone's features and the embedding.
  public var head = HeadDesign()
  /// How much of the network training may move.
  public var unfreeze = Unfreezing.head
  /// The loss, as `Objective` reads it: `triplet:0.2`, `triplet:soft`, `multi-similarity`.
  public var loss = "triplet:0.2"
  /// Which pairs and triplets of a batch count; nil for what suits the loss.
  public var miner: String?
  /// The measure of training, thresholds and search.
  public var distance = Distance.cosine
  /// Joint layers in which two embeddings meet, as `absdiff,product:64,1`; nil for none.
  public var joint: PairHead?
  public var jointTarget = PairTarget.absolute
  /// How batches are drawn, weights move, and when training looks and stops.
  package var training = FineTuningOptions()
  /// What happens to training pictures before each step.
  public var augmentation = Augmentation.none
  /// How many augmented variants of each picture the frozen layers are computed for; nil runs them anew every step.
  public var augmentedCopies: Int?
  /// Whether batches are drawn within one parent folder, such as an alphabet.
  public var withinParents = false
  /// The share of classes that training never sees, on which before and after are measured.
  public var heldOutShare = 0.25
  /// The share of the remaining classes that choose when to stop, before training goes over all of them.
  public var selectionShare = 0.2
  /// One-shot trials: how many classes each shows, and how many trials there are.
  public var ways = 10
  public var trialCount = 400
  /// Whether a kernel machine is trained on the embeddings of half of each class' pictures and scored on the others.
  public var trainsSVM = false
  public var seed: UInt64 = 1

  public init() {
    training.stepCount = 300
    training.validationInterval = 50
    training.schedule = .init(peak: 1e-3)
  }
}

extension FineTuningRecipe {
  /// Sets how batches are drawn and how weights move, from the words of options.
  /// - Throws: `MetricLearningError` naming the word or number that makes no sense.
  public mutating func setTraining(
    steps: Int, classesPerBatch: Int = 8, picturesPerClass: Int = 4, optimizer: String = "adam",
    schedule: String = "constant", rate: Float = 1e-3, warmUp: Int = 0, backboneRate: Float = 0.1, weightDecay: Float = 0
  ) throws {
    training.stepCount = steps
    training.classesPerBatch = classesPerBatch
    training.picturesPerClass = picturesPerClass
    training.backboneRate = backboneRate
    training.weightDecay = weightDecay
    training.validationInterval = max(1, min(50, steps / 6))
    if steps > 0 { try training.set(optimizer: optimizer, schedule: schedule, rate: rate, warmUp: warmUp) }
    try training.validate()
    _ = try Objective(loss: loss, miner: miner, distance: distance)
  }
}
