import Foundation
import SiameseFiles
import SiameseGraph
import SiameseImages
import SiameseMetricLearning
import SiameseSupportVectors
import SiameseTensors

/// Fine-tunes a backbone on labelled pictures and says what that gained on classes it never saw.
///
/// ```swift
/// let tuner = FineTuner(try Backbone(contentsOf: "weights.h5"), recipe: FineTuningRecipe())
/// let result = try tuner.run(LabelledPictures(folder: "faces"))
/// result.before.verification.equalErrorRate   // plain features, unseen people
/// result.after.verification.equalErrorRate
/// try result.model.write(to: "faces.h5")
/// ```
public struct FineTuner {
  /// The network to start from.
  public let backbone: Backbone
  /// What is to be done with it.
  public let recipe: FineTuningRecipe
  /// How it uses the machine.
  public let compute: EmbeddingOptions

  /// Prepares nothing yet: the work is in `run`.
  public init(_ backbone: Backbone, recipe: FineTuningRecipe, compute: EmbeddingOptions = EmbeddingOptions()) {
    self.backbone = backbone
    self.recipe = recipe
    self.compute = compute
  }

  var threads: Int { compute.threads ?? ProcessInfo.processInfo.activeProcessorCount }

  /// Embeds, parts the classes, trains on one part and measures on the other.
  ///
  /// - Parameters:
  ///   - strict: Whether a picture that cannot be read ends the run; otherwise it is left out and named in the result.
  ///   - report: Hears of every step; false ends training there, and the run goes on to measure and keep what it has.
  /// - Throws: `TaskError` where there are too few classes; what reading pictures and training throw.
  public func run(
    _ pictures: LabelledPictures, strict: Bool = false, progress: ProgressHandler? = nil,
    report: (StepRecord) throws -> Bool = { _ in true }
  ) throws -> FineTuningResult {
    // Test-time augmentation is for the finished model: what it learns from is single pictures.
    var single = backbone
    single.views = nil
    let (plain, skipped) = try Embedder(single, options: compute).embed(pictures, strict: strict, progress: progress)
    let split = try ClassSplit(
      labels: plain.labels, heldOut: recipe.heldOut, share: recipe.heldOutShare, seed: recipe.seed)
    try check(plain.labels, split)
    let unseen = split.heldOut.map { plain.labels[$0] }
    func quality(_ embeddings: Tensor, _ distance: Measure) throws -> EmbeddingQuality {
      try EmbeddingQuality(
        embeddings, labels: unseen, distance: distance, ways: recipe.ways, trialCount: recipe.trialCount,
        seed: recipe.seed)
    }
    let before = try quality(plain.embeddings.gatheringRows(split.heldOut), .distance(recipe.distance))
    let trained = try train(plain, rows: split.training, progress: progress, report: report)

    let embedded = try Embedder(tuned(trained), options: compute).embed(
      LabelledPictures(paths: plain.paths, labels: plain.labels), strict: true
    ) { update in
      var update = update
      update.phase = "embedding again"
      progress?(update)
    }.features.embeddings
    func measure(_ joint: JointLayers?) -> Measure { joint.map { .joint($0) } ?? .distance(recipe.distance) }
    let after = try quality(embedded.gatheringRows(split.heldOut), measure(trained.joint))
    var training = trained.summary
    if training.steps > 0, let start = trained.start {
      let fitted = try embeddings(of: start.head, plain, rows: split.heldOut)
      training.heldOutErrorAtStart = try quality(fitted, measure(start.joint)).verification.equalErrorRate
      training.heldOutErrorAtEnd = after.verification.equalErrorRate
    }
    var machine = KernelSVM(kernel: .rbf(), c: 10)
    machine.threads = threads
    let svm =
      try recipe.trainsSVM
      ? SVMQuality(embedded, before: plain.embeddings, labels: plain.labels, machine: machine, c: 10) : nil
    var model = try model(trained, classes: Set(split.training.map { plain.labels[$0] }).sorted(), after: after)
    // Scored on half of the pictures; what is kept has seen them all.
    if recipe.trainsSVM { model.svm = try machine.fit(embedded, plain.labels) }
    return FineTuningResult(
      model: model,
      features: Features(
        embeddings: embedded, labels: plain.labels, paths: plain.paths,
        attributes: [
          "layer": trained.graph.nodes[trained.graph.outputs[0]].name, "distance": measure(trained.joint).name,
        ]),
      plainFeatures: plain, heldOutRows: split.heldOut, before: before, after: after, svm: svm, training: training,
      skipped: skipped,
      warnings: warnings(plain.labels, split),
      trainingClasses: Set(split.training.map { plain.labels[$0] }).count, heldOutClasses: Set(unseen).count)
  }

  /// The trained network with its record.
  private func model(_ trained: TrainedNetwork, classes: [String], after: EmbeddingQuality) throws -> SiameseModel {
    var record = ModelRecord(distance: recipe.distance, preprocessing: backbone.preprocessing, classes: classes)
    record.joint = trained.joint
    record.views = backbone.views
    record.equalErrorThreshold = after.verification.equalErrorThreshold
    record.thresholds = after.verification.atFalseAcceptRate.map { _, point in
      .init(
        falseAcceptRate: point.falseAcceptRate, trueAcceptRate: point.trueAcceptRate, distance: point.threshold)
    }
    record.provenance = [
      "tool_version": toolVersion, "backbone": backbone.path.pathName,
      "feature_layer": backbone.layer, "loss": recipe.loss,
      "unfreeze": recipe.unfreeze.description, "joint": recipe.joint?.description ?? "none",
      "seed": String(recipe.seed), "steps": String(trained.summary.steps),
      "precision": compute.precision.rawValue,
    ]
    if !backbone.isUntrained { record.provenance["backbone_sha256"] = try fileHash(backbone.path) }
    return SiameseModel(backbone: tuned(trained), record: record)
  }

  /// The embeddings of `rows` by a head behind the backbone as it was.
  private func embeddings(of head: Head, _ plain: Features, rows: [Int]) throws -> Tensor {
    guard backbone.views != nil else {
      return try TrainingInputs(head: head.graph(), features: plain.embeddings)
        .embed(rows, parameters: ParameterStore(head.parameters), threads: threads)
    }
    // With test-time augmentation each view passes the head by itself, before the mean is taken.
    return try Embedder(tuned(network(with: head)), options: compute).embed(
      LabelledPictures(paths: rows.map { plain.paths[$0] }, labels: rows.map { plain.labels[$0] }), strict: true
    ).features.embeddings
  }

  private func tuned(_ trained: TrainedNetwork) -> Backbone {
    var result = Backbone(
      path: backbone.path, architecture: backbone.architecture, graph: trained.graph, parameters: trained.parameters,
      preprocessing: backbone.preprocessing)
    result.views = backbone.views
    result.headLayers = trained.headLayers
    return result
  }

  private func warnings(_ labels: [String], _ split: ClassSplit) -> [String] {
    func singletons(_ rows: [Int]) -> [String] {
      Dictionary(grouping: rows) { labels[$0] }.filter { $0.value.count == 1 }.keys.sorted()
    }
    func sentence(_ names: [String], _ one: String, _ many: String) -> String? {
      names.isEmpty
        ? nil
        : "\(names.count) \(names.count == 1 ? "class has" : "classes have") a single picture and "
          + (names.count == 1 ? one : many) + " (" + names.prefix(3).joined(separator: ", ")
          + (names.count > 3 ? ", …)" : ")")
    }
    return [
      sentence(singletons(split.training), "takes no part in training", "take no part in training"),
      sentence(singletons(split.heldOut), "is measured as a stranger only", "are measured as strangers only"),
    ].compactMap { $0 }
  }

  private func check(_ labels: [String], _ split: ClassSplit) throws {
    let classes = Set(labels)
    guard classes.count >= (recipe.heldOut == .classes ? 4 : 2) else {
      throw TaskError(
        .badInput,
        "fine-tuning needs at least \(recipe.heldOut == .classes ? "4 classes, two to learn from and two to measure on" : "2 classes"); found \(classes.count)"
          + (classes.count == 1 ? " ('\(classes.first!)'); put each class in a folder of its own" : ""))
    }
    let counts = Dictionary(grouping: split.training) { labels[$0] }.mapValues(\.count)
    guard counts.values.count(where: { $0 >= 2 }) >= 2 else {
      throw TaskError(
        .badInput,
        "fine-tuning needs at least two classes of two pictures or more to learn from; found "
          + "\(counts.values.count { $0 >= 2 }) among \(counts.count) training classes")
    }
  }
}

/// What a run of fine-tuning gives.
public struct FineTuningResult: Sendable {
  /// The trained network with its distance and thresholds.
  public let model: SiameseModel
  /// Every picture's new embedding.
  public let features: Features
  /// Every picture's embedding by the backbone as it was, in the same order.
  public let plainFeatures: Features
  /// The rows of classes that training never saw.
  public let heldOutRows: [Int]
  /// On held-out classes: the backbone's features, and the fine-tuned embedding.
  public let before: EmbeddingQuality
  /// On held-out classes, the fine-tuned embedding.
  public let after: EmbeddingQuality
  /// How well a kernel machine does on the embeddings; nil where none was asked for.
  public let svm: SVMQuality?
  /// How training went.
  public let training: TrainingSummary
  /// Pictures that could not be read.
  public let skipped: [SkippedPicture]
  /// What the pictures lack, in sentences with counts.
  public let warnings: [String]
  /// How training went.
  public let trainingClasses: Int
  /// Classes measured on.
  public let heldOutClasses: Int
}
