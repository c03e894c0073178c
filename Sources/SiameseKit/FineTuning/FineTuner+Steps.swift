import SiameseFiles
import SiameseGraph
import SiameseMetricLearning
import SiameseTensors

/// A row to learn from: a picture, perhaps turned or mirrored into a further class.
private struct TrainingRow {
  /// Its place: the picture's, and for further classes as many rows again for each.
  var row: Int
  var label: String
  /// What batches within one parent are drawn from.
  var family: String
}

extension FineTuner {
  /// One round of training; with classes that choose, the best weights are kept.
  func steps(
    _ round: TrainingRound, _ plain: Features, _ variants: AugmentedFeatures?, progress: ProgressHandler?,
    report: (StepRecord) throws -> Bool
  ) throws -> TrainedNetwork {
    let head = try head(plain, rows: round.rows, variants)
    var result = try network(with: head)
    let trainable = try recipe.unfreeze.trainable(in: result.graph, headStart: result.headStart)
    let inputs =
      try trainable.backbone.isEmpty && recipe.augmentation == .none
      ? TrainingInputs(head: head.graph(), features: plain.embeddings)
      : TrainingInputs(
        result.graph, parameters: result.parameters, trainable: trainable.paths,
        pictures: TrainingPictures(
          paths: plain.paths, backbone: backbone, augmentation: recipe.augmentation, keptCopies: recipe.augmentedCopies),
        options: compute, progress: progress)
    let rows = trainingRows(round.rows, plain)
    let classes = Set(rows.map(\.label)).sorted()
    let places = Dictionary(uniqueKeysWithValues: classes.enumerated().map { ($1, $0) })
    let start = try startingJoint(behind: head, plain, rows: round.rows)
    result.start = (head, start)
    let criterion = try criterion(classCount: classes.count, head: head, joint: start)
    func measure(_ state: [String: Tensor]) throws -> Measure {
      try start.map { .joint(try JointLayers($0.head, width: $0.width, parameters: state)) }
        ?? .distance(recipe.distance)
    }
    var options = round.options
    (options.seed, options.threads, options.precision) = (recipe.seed, threads, compute.precision.planned)
    let run = try FineTuning(
      inputs.graph, parameters: result.parameters, trainable: trainable,
      rows: TrainingRows(
        labels: rows.map { places[$0.label] ?? 0 }, parents: recipe.withinParents ? parents(rows.map(\.family)) : nil
      ) { places, seed in try inputs.batch(places.map { rows[$0].row }, seed) },
      criterion: criterion, options: options,
      validate: round.choosing.map { chosen in
        { try equalErrorRate(of: chosen, plain, inputs, parameters: $0, distance: measure(criterion.state)) }
      })
    if let resuming = round.resuming { try run.restore(resuming) }
    let (outcome, records) = try follow(run, round, progress: progress, report: report)
    result.parameters = outcome.parameters
    if case .joint(let trained) = try measure(outcome.criterionState) {
      // Similarities that were only compared with one another have no zero yet.
      result.joint =
        try PairTarget(loss: recipe.loss) == .absolute
        ? trained
        : trained.calibrated(
          on: inputs.embed(round.rows, parameters: outcome.parameters, threads: threads),
          labels: plain.selecting(round.rows).indexedLabels().indices, seed: recipe.seed)
    }
    result.isInterrupted = outcome.ending == .interrupted
    result.summary = TrainingSummary(
      steps: outcome.bestStep, seconds: outcome.seconds, selectionErrorAtStart: outcome.startFigure,
      selectionErrorAtBest: outcome.bestFigure, ending: outcome.ending.words, records: records)
    return result
  }

  /// Runs to the end, or until `report` returns false, saving checkpoints on the way.
  private func follow(
    _ run: FineTuning, _ round: TrainingRound, progress: ProgressHandler?, report: (StepRecord) throws -> Bool
  ) throws -> (outcome: FineTuning.Outcome, records: [StepRecord]) {
    let provenance = try round.provenance?.text ?? ""
    var records: [StepRecord] = []
    let stepCount = round.options.stepCount
    let outcome = try run.run { record in
      var record = record
      record.round = round.kind.rawValue
      records.append(record)
      progress?(
        ProgressUpdate(
          phase: round.choosing == nil ? "fine-tuning" : "choosing how long", completed: record.step, total: stepCount,
          unit: "steps", detail: record.summary))
      let goesOn = try report(record)
      if let path = recipe.checkpoint,
        !goesOn || record.step % recipe.checkpointInterval == 0 || record.step == stepCount
      {
        try run.checkpoint(provenance: provenance).write(to: path)
      }
      return goesOn
    }
    return (outcome, records)
  }

  /// The equal-error rate over all pairs of `rows` under these weights; infinite where there are no pairs of both kinds.
  private func equalErrorRate(
    of rows: [Int], _ plain: Features, _ inputs: TrainingInputs, parameters: ParameterStore, distance: Measure
  ) throws -> Double {
    let embeddings = try inputs.embed(rows, parameters: parameters, threads: threads)
    let team = WorkerThreads(count: threads)
    defer { team.stop() }
    let pairs = PairDistances.allPairs(
      embeddings, labels: plain.selecting(rows).indexedLabels().indices, distance: distance, workers: team)
    return Verification(pairs)?.equalErrorRate ?? .infinity
  }

  /// The pictures in `rows`, and what augmentation makes of them as classes of their own: mirror images and quarter turns,
  /// in rows after the pictures'.
  private func trainingRows(_ rows: [Int], _ plain: Features) -> [TrainingRow] {
    (0..<recipe.augmentation.classFactor).flatMap { turn in
      rows.map { row in
        TrainingRow(
          row: row + turn * plain.count, label: recipe.augmentation.furtherClassName(turn, of: plain.labels[row]),
          // A turned alphabet is an alphabet of its own: letters turned by different angles are easily told apart.
          family: "\(plain.labels[row].pathFolder)\n\(turn)")
      }
    }
  }

  /// What a step minimises: the loss of the embeddings, or that of the joint layers.
  func criterion(classCount: Int, head: Head, joint: JointLayers?) throws -> any BatchCriterion {
    guard let joint else {
      return ObjectiveCriterion(
        try Objective(loss: recipe.loss, miner: recipe.miner, distance: recipe.distance, reducer: recipe.reducer),
        classCount: classCount, width: head.width, seed: recipe.seed)
    }
    return try PairCriterion(
      joint.head, target: PairTarget(loss: recipe.loss),
      drawing: PairDrawing(miner: Miner(recipe.miner ?? "all"), distance: recipe.distance), width: head.width,
      initial: joint.parameters, threads: threads, seed: recipe.seed)
  }

  /// The index of each picture's family: the folder above its class' own, as it is or turned.
  private func parents(_ names: [String]) -> [Int] {
    let places = Dictionary(uniqueKeysWithValues: Set(names).sorted().enumerated().map { ($1, $0) })
    return names.map { places[$0] ?? 0 }
  }
}
