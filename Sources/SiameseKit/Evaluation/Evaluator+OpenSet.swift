import SiameseEvaluation
import SiameseImages
import SiameseMetricLearning
import SiameseSupportVectors
import SiameseTensors

/// Three ways of telling unknown classes from known ones, side by side.
public struct OpenSetReport: Sendable, Encodable {
  /// Unknown is what lies far from every enrolled picture.
  public let distanceThreshold: OpenSet
  /// Unknown is what lies outside the region of a one-class kernel machine.
  public let oneClassSVM: OpenSet
  /// Unknown is what the extreme-value distribution of every enrolled class makes unlikely.
  public let extremeValue: OpenSet
  /// Classes enrolled.
  public let knownClasses: Int
  /// Classes held out as unknown.
  public let unknownClasses: Int

  private enum CodingKeys: String, CodingKey {
    case distanceThreshold = "distance_threshold", oneClassSVM = "one_class_svm", extremeValue = "extreme_value"
    case knownClasses = "known_classes", unknownClasses = "unknown_classes"
  }
}

extension Evaluator {
  /// Holds out a share of the classes as unknown, enrolls half of the others' pictures, and asks of every other
  /// picture whether and as whom it is known.
  /// - Throws: `TaskError`, or the error of the room concerned, saying what does not fit or cannot be read.
  public func openSet(unknownShare: Double = 0.5, rates: [Double] = [1e-2, 1e-1], nu: Double = 0.1) throws
    -> OpenSetReport
  {
    let split = try OpenSetSplit(labels: labels, unknownShare: unknownShare, seed: seed)
    let gallery = features.embeddings.gatheringRows(split.gallery)
    let galleryLabels = split.gallery.map { labels[$0] }
    func matches(_ rows: [Int]) -> GalleryMatches {
      GalleryMatches(
        DistanceBlocks(distance, features.embeddings.gatheringRows(rows), gallery), galleryLabels: galleryLabels)
    }
    let (known, unknown) = (matches(split.known), matches(split.unknown))
    let named = split.known.indices.map { known.nearest($0).label == labels[split.known[$0]] }
    func measure(_ known: [Float], _ unknown: [Float]) throws -> OpenSet {
      try OpenSet(known: known, named: named, unknown: unknown, rates: rates)
    }

    let rows = distance.points(features.embeddings)
    var machine = KernelSVM(machine: .oneClass(nu: nu))
    machine.threads = threads
    let region = try machine.fit(rows.gatheringRows(split.gallery))
    func outside(_ indices: [Int]) throws -> [Float] {
      try region.decisionFunction(rows.gatheringRows(indices)).elements.map { -$0 }
    }

    let length = distance.length
    let extremes = ExtremeValueCalibration(
      DistanceBlocks(distance, gallery).restoring(by: length), labels: galleryLabels)
    func strangeness(_ matches: GalleryMatches) -> [Float] {
      matches.byClass.map { extremes.strangeness($0.map(length)) }
    }
    return OpenSetReport(
      distanceThreshold: try measure(
        split.known.indices.map { known.nearest($0).distance },
        split.unknown.indices.map { unknown.nearest($0).distance }),
      oneClassSVM: try measure(outside(split.known), outside(split.unknown)),
      extremeValue: try measure(strangeness(known), strangeness(unknown)),
      knownClasses: Set(galleryLabels).count, unknownClasses: Set(split.unknown.map { labels[$0] }).count)
  }

  /// Compares this model's embeddings (A) with another's (B) of the same pictures, on the same pairs.
  /// - Throws: `TaskError` where the pictures are not the same.
  public func comparison(
    with other: Evaluator, rates: [Double] = Verification.standardRates, roundCount: Int = 1000
  ) throws -> VerificationComparison {
    guard features.count == other.features.count, features.labels == other.features.labels else {
      throw TaskError(
        .badInput,
        "two models are compared on the same pictures in the same order, found \(features.count) and "
          + "\(other.features.count) rows" + (features.count == other.features.count ? " with other labels" : ""))
    }
    let sample = PairSample(labels: labels, seed: seed)
    return try withWorkers { workers in
      try VerificationComparison(
        sample, a: sample.distances(distance, features.embeddings),
        b: sample.distances(other.distance, other.features.embeddings), rates: rates, roundCount: roundCount,
        seed: seed,
        workers: workers)
    }
  }

  /// Thresholds at the rates asked, and what a distance says about a pair; on the pairs of `pairs` where given.
  /// - Throws: `TaskError`, or the error of the room concerned, saying what does not fit or cannot be read.
  public func calibration(rates: [Double] = [1e-3], pairs: FacePairs? = nil, roundCount: Int = 1000) throws
    -> Calibration
  {
    let sample =
      try pairs.map { PairSample(pairs: try rowPairs($0).flatMap { $0 }, labels: labels) }
      ?? PairSample(labels: labels, seed: seed)
    return try withWorkers { workers in
      try Calibration(
        sample, distances: sample.distances(distance, features.embeddings), distance: distance.name, rates: rates,
        pictureCount: features.count, roundCount: roundCount, seed: seed, workers: workers)
    }
  }
}
