import Foundation
import SiameseGraph
import SiameseInference
import SiameseMetricLearning
import SiameseFiles
import SiameseTensors

/// A network with its new weights, and how they came about.
struct TrainedNetwork {
  var graph: Graph
  var parameters: ParameterStore
  var joint: JointLayers?
  var summary: TrainingSummary
  /// What training started from, where there was any; the backbone was as it is in its file.
  var start: (head: Head, joint: JointLayers?)?
}

extension FineTuner {
  /// Fits the head to the features of `rows`, and trains from there.
  ///
  /// How long is chosen on some of the classes, which a first round of training leaves out; a second round then goes over
  /// all of them for as many steps. Where no step was better than the start, the head stays as fitted.
  func train(
    _ plain: Features, rows: [Int], progress: ProgressHandler?, report: (StepRecord) throws -> Bool
  ) throws -> TrainedNetwork {
    let variants = try augmentedFeatures(plain, rows: rows, progress: progress)
    guard recipe.unfreeze != .none, recipe.training.stepCount > 0 else {
      return try fitted(plain, rows: rows, variants)
    }
    let labels = rows.map { plain.labels[$0] }
    let choice = ClassSplit(labels: labels, share: recipe.selectionShare, seed: recipe.seed &+ 1)
    let chosen = choice.heldOut.map { rows[$0] }
    let classCount = Set(chosen.map { plain.labels[$0] }).count
    let options = provenanceOptions(plain)
    let saved = try savedRun(options)
    func round(
      _ kind: RunProvenance.Round, _ training: FineTuningOptions, rows: [Int], choosing: [Int]?, choice: TrainingSummary? = nil
    ) throws -> TrainedNetwork {
      try steps(
        training, plain, rows: rows, variants, choosing: choosing,
        checkpoint: RunProvenance(round: kind, options: options, choice: choice),
        resuming: saved?.provenance.round == kind ? saved?.checkpoint : nil, progress: progress, report: report)
    }
    guard classCount >= 2, Set(choice.training.map { labels[$0] }).count >= 2 else {
      return try round(.final, recipe.training, rows: rows, choosing: nil)
    }
    let first: TrainingSummary
    if let done = saved?.provenance, done.round == .final, let chosenSteps = done.chosenSteps {
      first = TrainingSummary(
        steps: chosenSteps, seconds: done.choosingSeconds ?? 0, selectionErrorAtStart: done.errorAtStart,
        selectionErrorAtBest: done.errorAtBest)
    } else {
      let network = try round(
        .choosing, recipe.training, rows: choice.training.map { rows[$0] }, choosing: chosen)
      guard network.summary.ending != "interrupted" else { return network }
      first = network.summary
    }
    guard first.steps > 0 else {
      var result = try fitted(plain, rows: rows, variants)
      result.summary = first
      return result
    }
    var training = recipe.training
    training.stepCount = first.steps
    var second = try round(.final, training, rows: rows, choosing: nil, choice: first)
    second.summary.selectionErrorAtStart = first.selectionErrorAtStart
    second.summary.selectionErrorAtBest = first.selectionErrorAtBest
    second.summary.seconds += first.seconds
    return second
  }

  /// What fixes the weights that a run ends with.
  private func provenanceOptions(_ plain: Features) -> [String: String] {
    var options = [
      "backbone": backbone.path.pathName, "pictures": String(plain.count),
      "classes": String(Set(plain.labels).count), "loss": recipe.loss, "miner": recipe.miner ?? "default",
      "split": recipe.heldOut.description, "reducer": recipe.reducer?.rawValue ?? "default",
      "joint": recipe.joint?.description ?? "none",
      "distance": recipe.distance.name, "unfreeze": recipe.unfreeze.description, "seed": String(recipe.seed),
      "augment": "\(recipe.augmentation)", "threads": String(threads),
      "precision": compute.precision.rawValue,
    ]
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys]
    options["head"] = (try? encoder.encode(recipe.head)).map { String(decoding: $0, as: UTF8.self) }
    options["training"] = (try? encoder.encode(recipe.training)).map { String(decoding: $0, as: UTF8.self) }
    return options
  }

  /// The checkpoint to go on from, if the recipe asks for that and there is one.
  private func savedRun(_ options: [String: String]) throws -> (checkpoint: Checkpoint, provenance: RunProvenance)? {
    guard recipe.resumes, let path = recipe.checkpoint, FileManager.default.fileExists(atPath: path) else { return nil }
    let checkpoint = try Checkpoint(contentsOf: path)
    return (checkpoint, try RunProvenance(checkpoint.provenance, path: path, options: options))
  }

  /// The backbone's features of augmented variants of the training pictures, to which a closed-form head is fitted too:
  /// what augmentation changes is spread within classes, which the head then discounts.
  private func augmentedFeatures(
    _ plain: Features, rows: [Int], progress: ProgressHandler?
  ) throws -> (source: [Int], embeddings: Tensor)? {
    guard recipe.augmentation.isRandom, let copies = recipe.augmentedCopies, copies > 0, recipe.head.hidden.isEmpty,
      ClosedForm(rawValue: recipe.head.start.rawValue) != nil
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
    return (
      (0..<count * copies).map { rows[$0 % count] },
      made.outputs[0].reshaped([count * copies, made.outputs[0].rowWidth])
    )
  }

  /// The head fitted to the features of `rows`, and to those of their augmented variants.
  private func head(
    _ plain: Features, rows: [Int], _ variants: (source: [Int], embeddings: Tensor)?
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
  private func fitted(_ plain: Features, rows: [Int], _ variants: (source: [Int], embeddings: Tensor)?) throws -> TrainedNetwork {
    let head = try head(plain, rows: rows, variants)
    var result = try network(with: head)
    result.joint = try startingJoint(behind: head, plain, rows: rows)
    return result
  }

  /// Joint layers to start from: what the meetings say by themselves, as a probability on the training pictures.
  private func startingJoint(behind head: Head, _ plain: Features, rows: [Int]) throws -> JointLayers? {
    guard let design = recipe.joint else { return nil }
    let start = try JointLayers(
      design, width: head.width, parameters: design.initialParameters(width: head.width, seed: recipe.seed))
    let embeddings = try TrainingInputs(head: head.graph(), features: plain.embeddings)
      .embed(rows, parameters: ParameterStore(head.parameters), threads: threads)
    return start.calibrated(on: embeddings, labels: plain.selecting(rows).indexedLabels().indices, seed: recipe.seed)
  }

  /// What a step minimises: the loss of the embeddings, or that of the joint layers.
  private func criterion(classCount: Int, head: Head, joint: JointLayers?) throws -> any BatchCriterion {
    guard let joint else {
      return ObjectiveCriterion(
        try Objective(loss: recipe.loss, miner: recipe.miner, distance: recipe.distance, reducer: recipe.reducer), classCount: classCount,
        width: head.width, seed: recipe.seed)
    }
    return try PairCriterion(
      joint.head, target: PairTarget(loss: recipe.loss), miner: Miner(recipe.miner ?? "all"), distance: recipe.distance,
      width: head.width, initial: joint.parameters, threads: threads, seed: recipe.seed)
  }

  /// The backbone with a head behind it, and all their weights.
  func network(with head: Head) throws -> TrainedNetwork {
    let backbone = try backbone.makingRoomForHead()
    let graph = try head.attached(to: backbone.graph, behind: backbone.graph.outputs[0])
    var store = backbone.parameters
    for (path, tensor) in head.parameters { store.set(path, tensor) }
    return TrainedNetwork(graph: graph, parameters: store, summary: TrainingSummary())
  }

  /// One round of training on `rows`; with `choosing`, rows of other classes, the best weights are kept.
  private func steps(
    _ options: FineTuningOptions, _ plain: Features, rows: [Int],
    _ variants: (source: [Int], embeddings: Tensor)?, choosing: [Int]?, checkpoint: RunProvenance, resuming: Checkpoint?,
    progress: ProgressHandler?, report: (StepRecord) throws -> Bool
  ) throws -> TrainedNetwork {
    let head = try head(plain, rows: rows, variants)
    var result = try network(with: head)
    let trainable = try recipe.unfreeze.trainable(in: result.graph, headStart: backbone.graph.nodes.count)
    let inputs = try trainable.backbone.isEmpty && recipe.augmentation == .none
      ? TrainingInputs(head: head.graph(), features: plain.embeddings)
      : TrainingInputs(
        result.graph, parameters: result.parameters, trainable: Set(trainable.backbone.joined() + trainable.head),
        pictures: TrainingPictures(
          paths: plain.paths, backbone: backbone, augmentation: recipe.augmentation, keptCopies: recipe.augmentedCopies),
        options: compute, progress: progress)

    // Mirror images and quarter turns may count as classes of their own, in rows after the pictures'.
    let turned = (0..<recipe.augmentation.classFactor).flatMap { turn in
      rows.map {
        (
          row: $0 + turn * plain.count, label: recipe.augmentation.furtherClassName(turn, of: plain.labels[$0]),
          // A turned alphabet is an alphabet of its own: letters turned by different angles are easily told apart.
          family: "\(plain.labels[$0].pathFolder)\n\(turn)"
        )
      }
    }
    let index = ClassIndex(turned.map(\.label))
    var options = options
    options.seed = recipe.seed
    options.threads = threads
    options.precision = compute.precision.planned
    let start = try startingJoint(behind: head, plain, rows: rows)
    result.start = (head, start)
    let criterion = try criterion(classCount: index.classes.count, head: head, joint: start)
    func measure(_ state: [String: Tensor]) throws -> Measure {
      try start.map { .joint(try JointLayers($0.head, width: $0.width, parameters: state)) } ?? .distance(recipe.distance)
    }
    let run = try FineTuning(
      inputs.graph, parameters: result.parameters, trainable: trainable, labels: index.indices,
      parents: recipe.withinParents ? parents(turned.map(\.family)) : nil, criterion: criterion, options: options,
      batch: { places, seed in try inputs.batch(places.map { turned[$0].row }, seed) },
      validate: choosing.map { chosen in
        let chosenLabels = plain.selecting(chosen).indexedLabels().indices
        return { [threads] parameters in
          let embeddings = try inputs.embed(chosen, parameters: parameters, threads: threads)
          let team = WorkerThreads(count: threads)
          defer { team.stop() }
          let pairs = PairDistances.allPairs(
            embeddings, labels: chosenLabels, distance: try measure(criterion.state), workers: team)
          return Verification(pairs)?.equalErrorRate ?? .infinity
        }
      })
    if let resuming { try run.restore(resuming) }
    let provenance = try checkpoint.text
    var records: [StepRecord] = []
    let outcome = try run.run { record in
      var record = record
      record.round = checkpoint.round.rawValue
      records.append(record)
      progress?(
        ProgressUpdate(
          phase: choosing == nil ? "fine-tuning" : "choosing how long", completed: record.step, total: options.stepCount,
          unit: "steps", detail: record.summary))
      let goesOn = try report(record)
      if let path = recipe.checkpoint,
        !goesOn || record.step % recipe.checkpointInterval == 0 || record.step == options.stepCount
      {
        try run.checkpoint(provenance: provenance).write(to: path)
      }
      return goesOn
    }
    result.parameters = outcome.parameters
    if case .joint(let trained) = try measure(outcome.criterionState) {
      // Similarities that were only compared with one another have no zero yet.
      result.joint = try PairTarget(loss: recipe.loss) == .absolute ? trained : trained.calibrated(
        on: inputs.embed(rows, parameters: outcome.parameters, threads: threads),
        labels: plain.selecting(rows).indexedLabels().indices, seed: recipe.seed)
    }
    result.summary = TrainingSummary(
      steps: outcome.bestStep, seconds: outcome.seconds, selectionErrorAtStart: outcome.startFigure,
      selectionErrorAtBest: outcome.bestFigure, ending: outcome.ending.words, records: records)
    return result
  }

  /// The index of each picture's family: the folder above its class' own, as it is or turned.
  private func parents(_ names: [String]) -> [Int] {
    ClassIndex(names).indices
  }
}

extension FineTuning.Ending {
  var words: String {
    switch self {
    case .finished: "finished"
    case .interrupted: "interrupted"
    case .noImprovement: "no improvement"
    case .collapsed(let reason): reason
    }
  }
}

extension StepRecord {
  /// The figures worth watching, in words.
  var summary: String {
    String(format: "loss %.4f, active %.0f %%, %.0f pictures/s", loss, activeShare * 100, imagesPerSecond)
  }
}
