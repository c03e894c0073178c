import SiameseFiles
import SiameseMetricLearning
import SiameseTensors

/// How well embeddings tell classes apart that training never saw: verification over all pairs, and one-shot naming.
public struct EmbeddingQuality: Sendable, Encodable {
  /// Over all pairs.
  public let verification: Verification
  /// N-way one-shot trials: the closest of N single pictures names a further one; ties count as errors.
  public let oneShot: TrialResult
  /// Classes in a trial.
  public let ways: Int

  init(_ embeddings: Tensor, labels: [String], distance: Measure, ways: Int, trialCount: Int, seed: UInt64) throws {
    let index = ClassIndex(labels)
    let (classes, indices) = (index.classes, index.indices)
    let workers = WorkerThreads(count: 2)
    defer { workers.stop() }
    let pairs = PairDistances.allPairs(embeddings, labels: indices, distance: distance, workers: workers)
    guard let verification = Verification(pairs) else {
      throw TaskError(
        .badInput,
        "measuring needs at least two classes with two pictures each among those held out, found \(classes.count) "
          + "classes; give more classes, or hold out a larger share")
    }
    let pictureCounts = Dictionary(grouping: indices) { $0 }.mapValues(\.count)
    self.verification = verification
    self.ways = min(ways, pictureCounts.values.count { $0 >= 2 })
    let episodes = try Episode.draw(
      max(1, trialCount / max(1, self.ways)), ways: self.ways, shots: 1, labels: indices, seed: seed)
    oneShot = try TrialResult(
      episodes, .nearestNeighbour { distance(embeddings.row($0), embeddings.row($1)) })
  }

  private enum CodingKeys: String, CodingKey { case ways }

  /// Both sets of figures side by side: `equal_error_rate`, `auc`, `tar_at_far`, …, `error`, `accuracy`, `trials`, `ways`.
  public func encode(to encoder: any Encoder) throws {
    try verification.encode(to: encoder)
    try oneShot.encode(to: encoder)
    var values = encoder.container(keyedBy: CodingKeys.self)
    try values.encode(ways, forKey: .ways)
  }
}
