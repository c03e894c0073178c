import SiameseInference
import SiameseMetricLearning
import SiameseTraining

extension RunConditions {
  /// One thing that determines a run: the option that sets it, and its value in words.
  private struct Condition {
    let option: String
    let words: (RunConditions) -> String

    init(_ option: String, _ words: @escaping (RunConditions) -> String) {
      (self.option, self.words) = (option, words)
    }

    /// A value that may be left out.
    init<Value>(_ option: String, optional value: @escaping (RunConditions) -> Value?) {
      self.init(option) { value($0).map { "\($0)" } ?? "not given" }
    }
  }

  private static var conditions: [Condition] {
    networkConditions + dataConditions + modelConditions + trainingConditions
  }

  private static var networkConditions: [Condition] {
    [
      Condition("--backbone") { $0.network.hash.map { "a file of SHA-256 \($0)" } ?? "random weights" },
      Condition("--architecture", optional: { $0.network.architecture }),
      Condition("--layer") { $0.network.layer },
      Condition("--input-size") { $0.network.inputShape.map(String.init).joined(separator: " × ") },
      Condition("--preprocess") { $0.network.preprocessing.rawValue },
      Condition("--views", optional: { $0.network.testTimeAugmentation }),
    ]
  }

  private static var dataConditions: [Condition] {
    [
      Condition("--data") { conditions in
        let pictures = conditions.pictures
        return
          "\(pictures.count) pictures of \(pictures.classCount) classes (paths and labels of SHA-256 \(pictures.hash))"
      },
      Condition("--split") { $0.split.heldOut },
      Condition("--hold-out") { "\($0.split.heldOutShare)" },
      Condition("--choose-on") { "\($0.split.choosingShare)" },
      Condition("--augment") { $0.batches.augmentation },
      Condition("--augment-copies", optional: { $0.batches.augmentedCopies }),
      Condition("--within-parents") { $0.batches.withinParents ? "given" : "not given" },
      Condition("--batch", optional: { $0.running.batch }),
      Condition("--isa", optional: { $0.running.instructionSet }),
      Condition("--tune") { $0.running.isTuned ? "given" : "not given" },
    ]
  }

  private static var modelConditions: [Condition] {
    [
      Condition("--head") { $0.head.description },
      Condition("--unfreeze") { $0.unfreeze.description },
      Condition("--loss") { $0.criterion.loss },
      Condition("--miner", optional: { $0.criterion.miner }),
      Condition("--reducer", optional: { $0.criterion.reducer?.rawValue }),
      Condition("--joint", optional: { $0.criterion.joint }),
      Condition("--distance") { $0.criterion.distance },
    ]
  }

  private static var trainingConditions: [Condition] {
    [
      Condition("--steps") { "\($0.training.stepCount)" },
      Condition("--classes-per-batch") { "\($0.training.classesPerBatch)" },
      Condition("--pictures-per-class") { "\($0.training.picturesPerClass)" },
      Condition("--chunk", optional: { $0.training.chunk }),
      Condition("--optimizer") { "\($0.training.rule)" },
      Condition("--schedule") { "\($0.training.schedule.shape)" },
      Condition("--rate") { "\($0.training.schedule.peak)" },
      Condition("--warm-up") { "\($0.training.schedule.warmUpStepCount)" },
      Condition("--weight-decay") { "\($0.training.weightDecay)" },
      Condition("--backbone-rate") { "\($0.training.backboneRate)" },
      Condition("--layer-decay") { "\($0.training.layerDecay)" },
      Condition("--gradual") { "\($0.training.gradualSteps)" },
      Condition("--loss-rate") { "\($0.training.lossRate)" },
      Condition("--clip", optional: { $0.training.clip }),
      Condition("--average", optional: { $0.training.averageDecay }),
      Condition("--batch-norm") { $0.training.normalization.rawValue },
      Condition("--recompute", optional: { $0.training.recomputation }),
      Condition("the steps between validations", { "\($0.training.validationInterval)" }),
      Condition("--patience", optional: { $0.training.patience }),
      Condition("--on-collapse") { $0.training.onCollapse.rawValue },
      Condition("the number of restarts", { "\($0.training.restartLimit)" }),
      Condition("--threads") { "\($0.training.threads)" },
      Condition("--precision") { $0.training.precision == .bfloat16 ? "bf16" : "f32" },
      Condition("--seed") { "\($0.training.seed)" },
    ]
  }

  /// What differs in `other`: for each option one clause with its value here and there, as `--seed was 1 and is 2`.
  func differences(in other: RunConditions) -> [String] {
    Self.conditions.compactMap { condition in
      let (before, now) = (condition.words(self), condition.words(other))
      return before == now ? nil : "\(condition.option) was \(before) and is \(now)"
    }
  }
}
