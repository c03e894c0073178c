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
  /// The loss, as `Objective` reads it: `triplet:0.2`, `triplet:soft`, `multi-similarity`.
  ///
  /// A closed-form start leaves no violated margin among the training pictures; only a soft margin still pulls.
  public var loss = "triplet:soft"
  /// Joint layers that say how alike two embeddings are; `loss` is then their target, as `PairTarget` reads it: `pair-bce`,
  /// `triplet:soft`, `triplet:MARGIN`.
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
  public var trialCount = 400
  /// Whether a kernel machine is trained on the embeddings of half of each class' pictures and scored on the others.
  public var trainsSVM = false
  public var seed: UInt64 = 1
  /// Where the run saves itself, every `checkpointInterval` steps and when it is interrupted.
  public var checkpoint: String?
  public var checkpointInterval = 100
  /// Whether to go on from the checkpoint, if there is one.
  public var resumes = false

  public init() {
    training.stepCount = 300
    training.validationInterval = 50
    training.schedule = .init(peak: 1e-4, .cosine(stepCount: 300))
  }
}

extension FineTuningRecipe {
  /// Sets how batches are drawn and how weights move, from the words of options.
  /// - Throws: `MetricLearningError` naming the word or number that makes no sense.
  public mutating func setTraining(
    steps: Int, classesPerBatch: Int = 8, picturesPerClass: Int = 4, optimizer: String = "adam",
    schedule: String = "cosine", rate: Float? = nil, warmUp: Int = 0, backboneRate: Float = 0.1, weightDecay: Float = 0,
    lossRate: Float? = nil
  ) throws {
    training.stepCount = steps
    training.classesPerBatch = classesPerBatch
    training.picturesPerClass = picturesPerClass
    training.backboneRate = backboneRate
    training.weightDecay = weightDecay
    training.lossRate = lossRate ?? (joint == nil ? 1 : 10)
    training.validationInterval = max(1, min(50, steps / 6))
    // From a closed form small steps: it is good already. A random start has far to go.
    let usual: Float = head.hidden.isEmpty && head.start != .orthogonal ? 1e-4 : 1e-3
    if steps > 0 { try training.set(optimizer: optimizer, schedule: schedule, rate: rate ?? usual, warmUp: warmUp) }
    try training.validate()
    if joint != nil { _ = try (PairTarget(loss: loss), Miner(miner ?? "all")) } else { _ = try Objective(loss: loss, miner: miner, distance: distance, reducer: reducer) }
  }

  /// Sets how training unfolds, from the words and numbers of options.
  /// - Throws: `MetricLearningError` naming the word that is not understood.
  public mutating func setProgression(
    layerDecay: Float = 1, gradualSteps: Int = 0, clip: Float? = nil, average: Float? = nil,
    batchNormalization: String = "frozen", chunk: Int? = nil, recompute: Int? = nil,
    patience: Int? = nil, onCollapse: String = "warn"
  ) throws {
    guard let mode = BatchNormalizationMode(rawValue: batchNormalization) else {
      throw MetricLearningError.unknownName(
        kind: "mode of batch normalisation", found: batchNormalization,
        known: BatchNormalizationMode.allCases.map(\.rawValue))
    }
    guard let reaction = FineTuningOptions.OnCollapse(rawValue: onCollapse) else {
      throw MetricLearningError.unknownName(
        kind: "answer to a collapse", found: onCollapse, known: FineTuningOptions.OnCollapse.allCases.map(\.rawValue))
    }
    training.layerDecay = layerDecay
    training.gradualSteps = gradualSteps
    training.clip = clip
    training.averageDecay = average
    training.normalization = mode
    training.chunk = chunk
    training.recomputation = recompute
    training.patience = patience
    training.onCollapse = reaction
  }
}
