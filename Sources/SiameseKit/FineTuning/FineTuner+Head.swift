import SiameseGraph
import SiameseInference
import SiameseMetricLearning
import SiameseTensors

/// Features of augmented variants of some pictures, and the row of the picture that each is a variant of.
struct AugmentedFeatures {
  var source: [Int]
  /// `[N, D]`.
  var embeddings: Tensor
}

extension FineTuner {
  /// The backbone's features of augmented variants of the training pictures, to which a closed-form head is fitted too:
  /// what augmentation changes is spread within classes, which the head then discounts.
  func augmentedFeatures(
    _ plain: Features, rows: [Int], progress: ProgressHandler?
  ) throws -> AugmentedFeatures? {
    guard recipe.augmentation.isRandom, let copies = recipe.augmentedCopies, copies > 0,
      recipe.head.startsFromClosedForm
    else { return nil }
    let pictures = TrainingPictures(
      paths: rows.map { plain.paths[$0] }, backbone: backbone, augmentation: recipe.augmentation, keptCopies: nil)
    let runner = try NetworkRunner(backbone.graph, parameters: backbone.parameters, options: compute.running)
    let seed = recipe.seed
    let count = rows.count
    let made = try runner.run(
      count: count * copies, stopsAtFailure: true, phase: "embedding augmented copies", progress: progress
    ) { index, row in
      try pictures.fill(row, index % count, seed: seed &* 0x9E37_79B9 &+ UInt64(index))
    }
    if let failure = made.failures.first { throw failure.error }
    return AugmentedFeatures(
      source: (0..<count * copies).map { rows[$0 % count] },
      embeddings: made.outputs[0].reshaped([count * copies, made.outputs[0].rowWidth]))
  }

  /// The head fitted to the features of `rows`, and to those of their augmented variants.
  func head(
    _ plain: Features, rows: [Int], _ variants: AugmentedFeatures?
  ) throws -> Head {
    let labels = plain.indexedLabels().indices
    var features = plain.embeddings.gatheringRows(rows)
    var classes = rows.map { labels[$0] }
    if let variants {
      let wanted = Set(rows)
      let kept = variants.source.indices.filter { wanted.contains(variants.source[$0]) }
      features = Tensor(
        shape: [rows.count + kept.count, features.rowWidth],
        elements: features.elements + variants.embeddings.gatheringRows(kept).elements)
      classes += kept.map { labels[variants.source[$0]] }
    }
    return try recipe.head.fit(features: features, labels: classes, seed: recipe.seed)
  }

  /// The network that closed forms give, no gradient step made.
  func fitted(_ plain: Features, rows: [Int], _ variants: AugmentedFeatures?) throws -> TrainedNetwork {
    let head = try head(plain, rows: rows, variants)
    var result = try network(with: head)
    result.joint = try startingJoint(behind: head, plain, rows: rows)
    return result
  }

  /// Joint layers to start from: what the meetings say by themselves, as a probability on the training pictures.
  func startingJoint(behind head: Head, _ plain: Features, rows: [Int]) throws -> JointLayers? {
    guard let design = recipe.joint else { return nil }
    let start = try JointLayers(
      design, width: head.width, parameters: design.initialParameters(width: head.width, seed: recipe.seed))
    let embeddings = try TrainingInputs(head: head.graph(), features: plain.embeddings)
      .embed(rows, parameters: ParameterStore(head.parameters), threads: threads)
    return start.calibrated(on: embeddings, labels: plain.selecting(rows).indexedLabels().indices, seed: recipe.seed)
  }

  /// The backbone with a head behind it, and all their weights.
  func network(with head: Head) throws -> TrainedNetwork {
    let backbone = try backbone.makingRoom(for: head.design)
    let (graph, headStart) = try head.attached(to: backbone.graph, behind: backbone.graph.outputs[0])
    var store = backbone.parameters
    for (path, tensor) in head.parameters { store.set(path, tensor) }
    return TrainedNetwork(graph: graph, headStart: headStart, parameters: store, summary: TrainingSummary())
  }
}
