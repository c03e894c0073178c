import Foundation
import SiameseEvaluation
import SiameseFiles
import SiameseImages
import SiameseMetricLearning
import SiameseSupportVectors
import SiameseTensors

/// Measures embeddings whose classes are known.
///
/// ```swift
/// let evaluator = try Evaluator(Features(contentsOf: "faces.h5"), distance: .cosine)
/// try evaluator.verification().figures.equalErrorRate
/// try evaluator.oneShot(ways: 20, shots: 1).accuracy
/// ```
public struct Evaluator: Sendable {
  /// What is measured.
  public let features: Features
  /// The measure of training, thresholds and search: all figures are figures of it.
  public let distance: Measure
  /// Draws episodes, splits, samples and bootstrap rounds.
  public var seed: UInt64
  /// Threads that measure; by default one a core.
  public var threads: Int
  /// The class of each row, as a position among `classes`.
  package let labels: [Int]
  /// The distinct labels, in order.
  public let classes: [String]

  /// - Throws: `TaskError` where rows lack labels or hold NaN or infinite values.
  public init(_ features: Features, distance: Measure, seed: UInt64 = 0, threads: Int? = nil) throws {
    guard features.count >= 2 else {
      throw TaskError(.badInput, "measuring needs at least two pictures, found \(features.count)")
    }
    if let row = features.labels.firstIndex(of: "") {
      throw TaskError(
        .badInput,
        "measuring needs the class of every picture, and row \(row + 1)"
          + (features.paths[row].isEmpty ? "" : " ('\(features.paths[row])')")
          + " has none; put each class in a folder of its own")
    }
    if let bad = features.embeddings.elements.firstIndex(where: { !$0.isFinite }) {
      let row = bad / max(1, features.width)
      throw TaskError(
        .badInput,
        "the embedding in row \(row + 1) ('\(features.paths[row])') holds NaN or an infinite value; look at "
          + "that picture or at the weights")
    }
    self.features = features
    self.distance = distance
    if case .joint(let joint) = distance, joint.width != features.width {
      throw TaskError(
        .badInput,
        "joint layers compare embeddings of \(joint.width) numbers, and these have \(features.width); take the features "
          + "that siamese embed makes with the same model")
    }
    self.seed = seed
    self.threads = threads ?? ProcessInfo.processInfo.activeProcessorCount
    (classes, labels) = features.indexedLabels()
  }

  func withWorkers<Value>(_ body: (WorkerThreads) throws -> Value) rethrows -> Value {
    let workers = WorkerThreads(count: threads)
    defer { workers.stop() }
    return try body(workers)
  }
}

/// What `siamese evaluate verification` reports.
public struct VerificationReport: Sendable, Encodable {
  /// Rates, thresholds and the ROC curve over all pairs, or those asked for.
  public let figures: Verification
  /// 95 % intervals over identities drawn with replacement; nil where none were asked for.
  public let intervals: VerificationIntervals?
  /// By the folds of a `pairs.txt`; nil where none was given.
  public let folds: FoldedVerification?
  /// The number of pictures.
  public let pictures: Int
  /// The number of classes.
  public let classes: Int
  /// What the embeddings were compared by.
  public let distance: Measure

  private enum CodingKeys: String, CodingKey { case intervals, folds, pictures, classes, distance }

  /// Encodes the figures, with what else was measured beside them.
  public func encode(to encoder: any Encoder) throws {
    try figures.encode(to: encoder)
    var values = encoder.container(keyedBy: CodingKeys.self)
    try values.encodeIfPresent(intervals, forKey: .intervals)
    try values.encodeIfPresent(folds, forKey: .folds)
    try values.encode(pictures, forKey: .pictures)
    try values.encode(classes, forKey: .classes)
    try values.encode(distance, forKey: .distance)
  }
}

extension Evaluator {
  /// Tells pairs of one class from pairs of two.
  ///
  /// - Parameters:
  ///   - pairLimit: measures on at most as many pairs of each kind, drawn at random; nil for all pairs.
  ///   - roundCount: bootstrap rounds for the intervals; 0 for none.
  ///   - pairs: given, only its pairs are compared, and its folds reported as well.
  /// - Throws: `TaskError`, or the error of the room concerned, saying what does not fit or cannot be read.
  public func verification(
    rates: [Double] = Verification.standardRates, pairLimit: Int? = nil, roundCount: Int = 1000, pairs: FacePairs? = nil
  ) throws -> VerificationReport {
    try withWorkers { workers in
      let blocks = DistanceBlocks(distance, features.embeddings)
      var folds: FoldedVerification?
      let sample: PairSample
      let distances: [Float]
      var all: PairDistances?
      if let pairs {
        let rows = try rowPairs(pairs)
        sample = PairSample(pairs: rows.flatMap { $0 }, labels: labels)
        distances = sample.distances(blocks)
        var rest = distances[...]
        let byFold = zip(rows, pairs.folds).map { rows, fold in
          defer { rest = rest.dropFirst(rows.count) }
          return zip(rest.prefix(rows.count), fold).map { (distance: $0, same: $1.isSame) }
        }
        if byFold.count >= 2 { folds = try FoldedVerification(byFold) }
      } else {
        sample = PairSample(labels: labels, limit: pairLimit ?? PairSample.standardLimit, seed: seed)
        let complete = sample.count == sample.sameTotal + sample.differentTotal
        distances = roundCount > 0 || pairLimit != nil || complete ? sample.distances(blocks) : []
        if pairLimit == nil, !complete {
          all = PairDistances.allPairs(features.embeddings, labels: labels, distance: distance, workers: workers)
        }
      }
      guard let figures = Verification(all ?? sample.pairDistances(distances), rates: rates) else {
        throw EvaluationError.oneKindOfPairs(same: sample.sameTotal, different: sample.differentTotal)
      }
      let intervals =
        roundCount == 0
        ? nil
        : VerificationIntervals(
          IdentityBootstrap(
            sample, distances: distances, shares: all == nil ? (1, 1) : sample.shares, rates: rates,
            roundCount: roundCount, seed: seed, workers: workers),
          rates: rates)
      return VerificationReport(
        figures: figures, intervals: intervals, folds: folds, pictures: features.count, classes: classes.count,
        distance: distance)
    }
  }

  /// The rows of each fold's pairs, found by the last two parts of their paths without extension.
  func rowPairs(_ pairs: FacePairs) throws -> [[(Int, Int)]] {
    func stem(_ path: String) -> String {
      let parts = path.pathWithoutExtension.split(separator: "/")
      return parts.suffix(2).joined(separator: "/")
    }
    let rows = Dictionary(
      features.paths.indices.map { (stem(features.paths[$0]), $0) }, uniquingKeysWith: { a, _ in a })
    func row(_ picture: FacePairs.Picture) throws -> Int {
      let name = stem(picture.path())
      guard let row = rows[name] else {
        throw EvaluationError.missing(
          what: "the picture '\(name)' that the pairs name", place: "the data set",
          remedy: "give the folder whose subfolders are the people of the list")
      }
      return row
    }
    return try pairs.folds.map { try $0.map { (try row($0.first), try row($0.second)) } }
  }

  /// Ranks every picture's class among all others, or among the pictures of `gallery`.
  /// - Throws: `TaskError`, or the error of the room concerned, saying what does not fit or cannot be read.
  public func retrieval(among gallery: Features? = nil) throws -> Retrieval {
    try withWorkers { workers in
      let found: Retrieval?
      if let gallery {
        guard gallery.width == features.width else {
          throw TaskError(
            .badInput,
            "the gallery's embeddings should have \(features.width) numbers as the queries', found \(gallery.width)")
        }
        let index = ClassIndex(features.labels, classes: classes)
        found = Retrieval(
          queries: features.embeddings, labels: labels, references: gallery.embeddings,
          referenceLabels: gallery.labels.map { index[$0] ?? -1 }, distance: distance, seed: seed, workers: workers)
      } else {
        found = Retrieval(features.embeddings, labels: labels, distance: distance, seed: seed, workers: workers)
      }
      guard let found else {
        throw TaskError(
          .badInput, "no class has a second picture to be found; retrieval needs one class of two pictures")
      }
      return found
    }
  }

  /// How an episode's pictures are named.
  public enum OneShotClassifier: String, Sendable, CaseIterable {
    case nearest, prototype, joint, svm
  }

  /// N-way K-shot episodes; ties count as errors.
  ///
  /// - Parameters:
  ///   - classifier: `nearest` and `prototype` compare as the model does; `joint` says that this be by joint layers.
  ///   - byGroup: draws the ways of an episode from one parent folder of the classes (one alphabet).
  /// - Throws: `TaskError` for `joint` where the model has no joint layers; `EvaluationError` for too few classes.
  public func oneShot(
    ways: Int, shots: Int, queries: Int = 1, episodes: Int = 400, classifier: OneShotClassifier = .nearest,
    byGroup: Bool = false
  ) throws -> TrialResult {
    let groups = ClassIndex(classes.map(\.pathFolder)).indices
    let drawn = try Episode.draw(
      episodes, ways: ways, shots: shots, queries: queries, labels: labels,
      groups: byGroup ? labels.map { groups[$0] } : nil, seed: seed)
    let (embeddings, distance) = (features.embeddings, distance)
    switch (classifier, distance) {
    case (.joint, .distance):
      throw TaskError(
        .wrongArguments,
        "these embeddings are compared by \(distance), not by joint layers; give a --model that was trained "
          + "with --joint, or another classifier")
    case (.joint, .joint(let joint)), (.nearest, .joint(let joint)):
      // An episode's pairs at once: layer by layer they are matrix products.
      return try TrialResult(
        drawn,
        .costs { episode in
          let similarities = joint.similarities(
            embeddings.gatheringRows(episode.queries.map(\.row)),
            embeddings.gatheringRows(episode.support.flatMap { $0 }))
          return episode.queries.indices.map { query in
            let line = similarities.row(query)
            return (0..<ways).map { way in -line.dropFirst(way * shots).prefix(shots).max()! }
          }
        })
    case (.nearest, .distance):
      return try TrialResult(drawn, .nearestNeighbour { distance(embeddings.row($0), embeddings.row($1)) })
    case (.prototype, _):
      return try TrialResult(drawn, .prototype(embeddings: embeddings) { distance($0, $1) })
    case (.svm, _):
      let rows = distance.points(embeddings)
      return try TrialResult(drawn, .costs { try supportVectorCosts($0, rows) })
    }
  }
}

/// 0 for the way that a linear kernel machine, trained on the episode's own shots, names; 1 for the others.
private func supportVectorCosts(_ episode: Episode, _ rows: Tensor) throws -> [[Float]] {
  var machine = KernelSVM(kernel: .linear, c: 10)
  machine.threads = 1
  let known = episode.support.enumerated().flatMap { way, rows in rows.map { (row: $0, way: way) } }
  let trained = try machine.fit(rows.gatheringRows(known.map(\.row)), known.map { "\($0.way)" })
  return try trained.predict(rows.gatheringRows(episode.queries.map(\.row))).map { name in
    episode.support.indices.map { "\($0)" == name ? 0 : 1 }
  }
}
