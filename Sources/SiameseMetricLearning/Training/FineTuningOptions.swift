import Foundation
import SiameseInference
import SiameseTraining

/// How a run of training goes: batches, optimiser, schedule, when to look and when to stop.
package struct FineTuningOptions: Sendable, Hashable, Codable {
  /// What a collapse leads to.
  package enum OnCollapse: String, Sendable, Hashable, Codable, CaseIterable {
    /// Says so and goes on.
    case warn
    /// Says so, goes back to the last good state and lowers the learning rate.
    case restart
    case stop
  }

  /// Steps of training.
  package var stepCount = 1000
  /// Classes in a batch, P.
  package var classesPerBatch = 8
  /// Pictures of each class in a batch, K.
  package var picturesPerClass = 4
  /// Rows at a time where the batch does not fit in memory; nil takes it whole.
  package var chunk: Int?
  /// The rule that moves weights.
  package var rule: Optimizer.Rule = .adam()
  /// How the learning rate runs over the steps.
  package var schedule = LearningRateSchedule(peak: 3e-4)
  /// The share of each weight that a step takes away, times the learning rate.
  package var weightDecay: Float = 0
  /// The backbone's learning rate, as a share of the head's.
  package var backboneRate: Float = 0.1
  /// Each backbone layer's learning rate as a share of the next one's, counted from the head: discriminative rates.
  package var layerDecay: Float = 1
  /// Steps after which a further quarter of the unfrozen backbone starts to move, the quarter nearest the head first;
  /// 0 moves all from the start.
  package var gradualSteps = 0
  /// The learning rate of proxies and joint layers, as a share of the head's.
  package var lossRate: Float = 1
  /// Shortens longer gradients to this length.
  package var clip: Float?
  /// The decay of a moving average of the weights, which is then what is validated and kept.
  package var averageDecay: Float?
  /// Batch normalisation of the backbone; a new head always learns its statistics.
  package var normalization = BatchNormalizationMode.frozen
  /// Parts of the network whose activations are computed again in the backward pass; nil keeps all activations.
  package var recomputation: Int?
  /// The numbers between layers.
  package var precision = Precision.float32
  /// Steps from one validation to the next.
  package var validationInterval = 100
  /// Validations without a better figure after which to stop; nil goes on to the end.
  package var patience: Int?
  /// What a collapse leads to.
  package var onCollapse = OnCollapse.warn
  /// How often a run goes back before it stops.
  package var restartLimit = 3
  /// Threads of forward and backward passes.
  package var threads = 2
  /// What every random choice follows from.
  package var seed: UInt64 = 1

  /// A thousand steps of Adam.
  package init() {}

  /// Sets rule and schedule from the words of options: `adam`, `adamw`, `sgd`, `nesterov`, `rmsprop`; `constant`, `cosine`,
  /// `decay-from:STEP`, `one-cycle`.
  /// - Throws: `MetricLearningError` naming the word that is not understood.
  package mutating func set(optimizer: String, schedule: String, rate: Float, warmUp: Int = 0) throws {
    guard rate > 0, rate.isFinite else {
      throw MetricLearningError.badOption(name: "learning rate", found: "\(rate)", expected: "above 0")
    }
    switch optimizer {
    case "adam": rule = .adam()
    case "adamw": rule = .adamW()
    case "sgd": rule = .sgd(momentum: 0.9)
    case "nesterov": rule = .sgd(momentum: 0.9, nesterov: true)
    case "rmsprop": rule = .rmsprop()
    default:
      throw MetricLearningError.unknownName(
        kind: "optimizer", found: optimizer, known: ["adam", "adamw", "sgd", "nesterov", "rmsprop"])
    }
    let shape: LearningRateSchedule.Shape
    let parts = schedule.split(separator: ":", maxSplits: 1).map(String.init)
    switch (parts.first ?? "", parts.count > 1 ? Int(parts[1]) : nil) {
    case ("constant", nil): shape = .constant
    case ("cosine", nil): shape = .cosine(stepCount: stepCount)
    case ("one-cycle", nil): shape = .oneCycle(stepCount: stepCount)
    case ("decay-from", let step?) where step >= 0 && step < stepCount:
      shape = .exponentialDecay(from: step, to: stepCount)
    default:
      throw MetricLearningError.unknownName(
        kind: "schedule", found: schedule,
        known: ["constant", "cosine", "one-cycle", "decay-from:STEP (a step before the last)"])
    }
    self.schedule = LearningRateSchedule(peak: rate, shape, warmUpStepCount: warmUp)
  }

  /// - Throws: `MetricLearningError.badOption` naming the number that makes no sense.
  package func validate() throws {
    func require(_ condition: Bool, _ name: String, _ found: some Any, _ expected: String) throws {
      if !condition { throw MetricLearningError.badOption(name: name, found: "\(found)", expected: expected) }
    }
    try require(stepCount >= 0, "number of steps", stepCount, "0 or more")
    try require(backboneRate >= 0 && backboneRate.isFinite, "learning rate of the backbone", backboneRate, "0 or more")
    try require(layerDecay > 0 && layerDecay <= 1, "layer decay", layerDecay, "above 0 and at most 1")
    try require(weightDecay >= 0 && weightDecay < 1, "weight decay", weightDecay, "from 0 to below 1")
    try require(lossRate >= 0 && lossRate.isFinite, "learning rate of joint layers and proxies", lossRate, "0 or more")
    try require(clip.map { $0 > 0 } ?? true, "gradient length", clip ?? 0, "above 0")
    try require(
      averageDecay.map { $0 > 0 && $0 < 1 } ?? true, "decay of the average", averageDecay ?? 0, "between 0 and 1")
    try require(validationInterval > 0, "validation interval", validationInterval, "1 or more")
    try require(patience.map { $0 > 0 } ?? true, "patience", patience ?? 0, "1 or more")
    try require(recomputation.map { $0 > 1 } ?? true, "number of parts to recompute", recomputation ?? 0, "2 or more")
    try require(threads > 0, "threads", threads, "1 or more")
  }
}
