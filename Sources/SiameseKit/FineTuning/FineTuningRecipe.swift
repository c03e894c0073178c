import SiameseImages
import SiameseMetricLearning
import SiameseTraining

/// How a backbone is to be fine-tuned: the head, what moves, the loss, and how long.
///
/// The defaults fit a handful of pictures of some dozens of classes: a closed-form head, then a head trained from there
/// with batch-hard triplets, kept only if it does better on classes held out for that choice.
public struct FineTuningRecipe: Sendable {
  /// The layers between the backbone's features and the embedding.
  public var head = HeadDesign()
  /// How much of the network training may move.
  public var unfreeze = Unfreezing.head
  /// The loss, as `--loss` takes it: `triplet:0.2`, `triplet:soft`, `multi-similarity`.
  ///
  /// A closed-form start leaves no violated margin among the training pictures; only a soft margin still pulls.
  public var loss = "triplet:soft"
  /// Joint layers that say how alike two embeddings are; `loss` is then their target: `pair-bce`,
  /// `triplet:soft` or `triplet:MARGIN`.
  public var joint: PairHead?
  /// Which pairs and triplets of a batch count; nil for what suits the loss.
  public var miner: String?
  /// How the losses of many pairs or triplets become one; nil as the loss's paper does.
  public var reducer: Reducer?
  /// The measure of training, thresholds and search.
  public var distance = Distance.cosine
  /// How batches are drawn, weights move, and when training looks and stops.
  package var training = FineTuningOptions()
  /// What happens to training pictures before each step.
  public var augmentation = Augmentation.none
  /// How many augmented variants of each picture the frozen layers are computed for, and a closed-form head is fitted to
  /// beside the picture itself; nil runs frozen layers anew every step and fits to pictures as they are.
  public var augmentedCopies: Int?
  /// Whether batches are drawn within one parent folder, such as an alphabet.
  public var withinParents = false
  /// What before and after are measured on.
  public var heldOut = HeldOut.classes
  /// The share of classes, or of each class' pictures, that training never sees.
  public var heldOutShare = 0.25
  /// The share of the remaining classes that choose when to stop, before training goes over all of them.
  public var selectionShare = 0.2
  /// One-shot trials: how many classes each shows, and how many trials there are.
  public var ways = 10
  /// One-shot trials, at least.
  public var trialCount = 400
  /// Whether a kernel machine is trained on the embeddings of half of each class' pictures and scored on the others.
  public var trainsSVM = false
  /// What every random choice follows from.
  public var seed: UInt64 = 1
  /// Where the run saves itself, every `checkpointInterval` steps and when it is interrupted.
  public var checkpoint: String?
  /// Steps from one checkpoint to the next.
  public var checkpointInterval = 100
  /// Whether to go on from the checkpoint, if there is one.
  public var resumes = false

  /// The defaults: 300 steps at most.
  public init() {
    training.stepCount = 300
    training.validationInterval = 50
    training.schedule = .init(peak: 1e-4, .cosine(stepCount: 300))
  }
}
