import SiameseMetricLearning
import SiameseTraining

/// How batches are drawn and how weights move, in the words and numbers of options.
package struct TrainingWords: Sendable, Equatable {
  /// Steps of training; 0 trains nothing.
  package var steps = 300
  /// Classes in a batch, P, and pictures of each, K.
  package var classesPerBatch = 8, picturesPerClass = 4
  /// `adam`, `adamw`, `sgd`, `nesterov` or `rmsprop`.
  package var optimizer = "adam"
  /// `constant`, `cosine`, `one-cycle` or `decay-from:STEP`.
  package var schedule = "cosine"
  /// The head's learning rate; nil for what suits the head's start.
  package var rate: Float?
  /// Steps over which the learning rate rises to its peak.
  package var warmUp = 0
  /// The backbone's learning rate as a share of the head's.
  package var backboneRate: Float = 0.1
  /// The share of each weight that a step takes away, times the learning rate.
  package var weightDecay: Float = 0
  /// The learning rate of joint layers and of a loss's proxies as a share of the head's; nil for what suits them.
  package var lossRate: Float?

  /// What is said where no option is given.
  package init() {}
}

/// How training unfolds, in the words and numbers of options.
package struct ProgressionWords: Sendable, Equatable {
  /// Each backbone layer's learning rate as a share of the next one's, counted from the head.
  package var layerDecay: Float = 1
  /// Steps after which a further quarter of the unfrozen backbone starts to move; 0 moves all from the start.
  package var gradualSteps = 0
  /// The length that longer gradients are shortened to.
  package var clip: Float?
  /// The decay of a moving average of the weights, which is then what is kept.
  package var average: Float?
  /// Batch normalisation in the backbone: `frozen`, `batch` or `statisticsOnly`.
  package var batchNormalization = "frozen"
  /// Pictures of a batch that are computed at a time; nil computes all at once.
  package var chunk: Int?
  /// Parts of the network whose activations are computed again in the backward pass; nil keeps all activations.
  package var recompute: Int?
  /// Validations without a better figure after which training stops.
  package var patience: Int?
  /// What a collapse leads to: `warn`, `restart` or `stop`.
  package var onCollapse = "warn"

  /// What is said where no option is given.
  package init() {}
}

extension FineTuningRecipe {
  /// Sets how batches are drawn and how weights move.
  /// - Throws: `MetricLearningError` naming the word or number that makes no sense.
  package mutating func set(_ words: TrainingWords) throws {
    training.stepCount = words.steps
    training.classesPerBatch = words.classesPerBatch
    training.picturesPerClass = words.picturesPerClass
    training.backboneRate = words.backboneRate
    training.weightDecay = words.weightDecay
    training.lossRate = words.lossRate ?? (joint == nil ? 1 : 10)
    training.validationInterval = max(1, min(50, words.steps / 6))
    // From a closed form small steps: it is good already. A random start has far to go.
    let usual: Float = head.hidden.isEmpty && head.start != .orthogonal ? 1e-4 : 1e-3
    if words.steps > 0 {
      try training.set(
        optimizer: words.optimizer, schedule: words.schedule, rate: words.rate ?? usual, warmUp: words.warmUp)
    }
    try training.validate()
    if joint != nil {
      _ = try (PairTarget(loss: loss), Miner(miner ?? "all"))
    } else {
      _ = try Objective(loss: loss, miner: miner, distance: distance, reducer: reducer)
    }
  }

  /// Sets how training unfolds.
  /// - Throws: `MetricLearningError` naming the word that is not understood.
  package mutating func set(_ words: ProgressionWords) throws {
    guard let mode = BatchNormalizationMode(rawValue: words.batchNormalization) else {
      throw MetricLearningError.unknownName(
        kind: "mode of batch normalisation", found: words.batchNormalization,
        known: BatchNormalizationMode.allCases.map(\.rawValue))
    }
    guard let reaction = FineTuningOptions.OnCollapse(rawValue: words.onCollapse) else {
      throw MetricLearningError.unknownName(
        kind: "answer to a collapse", found: words.onCollapse,
        known: FineTuningOptions.OnCollapse.allCases.map(\.rawValue))
    }
    training.layerDecay = words.layerDecay
    training.gradualSteps = words.gradualSteps
    training.clip = words.clip
    training.averageDecay = words.average
    training.normalization = mode
    training.chunk = words.chunk
    training.recomputation = words.recompute
    training.patience = words.patience
    training.onCollapse = reaction
  }
}
