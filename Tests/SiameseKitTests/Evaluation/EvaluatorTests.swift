import Foundation
import SiameseKit
import SiameseMetricLearning
import SiameseTensors
import SiameseTestSupport
import Testing

@Suite struct EvaluatorTests {
  /// Ten people in two groups, six pictures each, spread about centres.
  static func features(spread: Float = 0.5, seed: UInt64 = 1) -> Features {
    var random = SeededGenerator(seed: 5)
    let centres = (0..<10 * 8).map { _ in random.normal() }
    var noise = SeededGenerator(seed: seed)
    let labels = (0..<60).map { $0 / 6 }
    return Features(
      embeddings: Tensor(
        shape: [60, 8],
        elements: labels.flatMap { label in (0..<8).map { centres[label * 8 + $0] + spread * noise.normal() } }),
      labels: labels.map { "group\($0 / 5)/person\($0)" },
      paths: (0..<60).map { "group\($0 / 30)/person\($0 / 6)/person\($0 / 6)_000\($0 % 6 + 1).png" })
  }

  @Test func `verification reports all pairs with intervals around the figures`() throws {
    let report = try Evaluator(Self.features(), distance: .euclidean).verification(roundCount: 200)
    #expect(report.figures.samePairCount == 150 && report.figures.differentPairCount == 1620)
    let interval = try #require(report.intervals?.equalErrorRate)
    #expect(interval.low <= report.figures.equalErrorRate && report.figures.equalErrorRate <= interval.high)
    let json = try #require(JSONSerialization.jsonObject(with: JSONEncoder().encode(report)) as? [String: Any])
    for key in [
      "pictures", "classes", "distance", "auc", "equal_error_rate", "tar_at_far", "threshold_at_far", "intervals",
    ] {
      #expect(json[key] != nil, "lacks \(key)")
    }
  }

  @Test func `a list of pairs is followed, fold by fold`() throws {
    try withTemporaryFolder { folder in
      let lines = (0..<4).flatMap { fold in
        (1...2).map { "person\(fold)\t\($0)\t\($0 + 2)" }
          + (1...2).map { "person\(fold)\t\($0)\tperson\(fold + 5)\t\($0)" }
      }
      try "4\t2\n\(lines.joined(separator: "\n"))\n".write(
        toFile: folder + "/pairs.txt", atomically: true, encoding: .utf8)
      let report = try Evaluator(Self.features(), distance: .euclidean)
        .verification(roundCount: 0, pairs: FacePairs(contentsOf: folder + "/pairs.txt"))
      #expect(report.folds?.folds == 4 && report.folds?.pairs == 16)
      #expect(report.figures.samePairCount == 8 && report.intervals == nil)
    }
  }

  @Test func `episodes, within groups too, by every classifier`() throws {
    let evaluator = try Evaluator(Self.features(spread: 0.2), distance: .cosine)
    for classifier in Evaluator.OneShotClassifier.allCases where classifier != .joint {
      let found = try evaluator.oneShot(ways: 5, shots: 2, episodes: 20, classifier: classifier, byGroup: true)
      #expect(found.trials == 100 && found.accuracy > 0.9, "\(classifier)")
    }
    #expect(throws: EvaluationError.self) { try evaluator.oneShot(ways: 6, shots: 1, byGroup: true) }
  }

  /// Joint layers as they start: less alike the larger the difference.
  static func joint(_ text: String = "absdiff", width: Int = 8) throws -> Measure {
    let head = try PairHead(text)
    return .joint(try JointLayers(head, width: width, parameters: head.initialParameters(width: width, seed: 3)))
  }

  @Test(arguments: ["absdiff", "absdiff,product:16,1"])
  func `joint layers name an episode's pictures, and are missed where there are none`(layers: String) throws {
    let features = Self.features(spread: 0.2)
    let found = try Evaluator(features, distance: Self.joint("absdiff")).oneShot(
      ways: 5, shots: 2, episodes: 20, classifier: .joint)
    #expect(found.trials == 100 && found.accuracy > 0.9)
    // Batched, they say what they say pair by pair.
    let measure = try Self.joint(layers)
    let byPair = try Episode.draw(20, ways: 5, shots: 2, labels: (0..<60).map { $0 / 6 }, seed: 0)
    let (rows, expected) = (
      features.embeddings,
      try Evaluator(features, distance: measure).oneShot(ways: 5, shots: 2, episodes: 20, classifier: .joint)
    )
    #expect(try TrialResult(byPair, .nearestNeighbour { measure(rows.row($0), rows.row($1)) }).error == expected.error)
    let plain = try Evaluator(features, distance: .cosine)
    #expect(message { _ = try plain.oneShot(ways: 5, shots: 1, classifier: .joint) }.contains("trained with --joint"))
  }

  @Test(arguments: ["l2", "dot", "joint"]) func `strangers are told in three ways`(measure: String) throws {
    let distance = try measure == "joint" ? Self.joint() : Measure(Distance(name: measure))
    let report = try Evaluator(Self.features(spread: 0.2), distance: distance).openSet()
    #expect(report.knownClasses == 5 && report.unknownClasses == 5)
    // By dot products a long stranger looks known.
    if measure == "dot" { return #expect(report.extremeValue.areaUnderCurve > 0.5) }
    for set in [report.distanceThreshold, report.oneClassSVM, report.extremeValue] { #expect(set.areaUnderCurve > 0.9) }
  }

  @Test func `two models are compared on the same pictures only`() throws {
    let a = try Evaluator(Self.features(spread: 1.5, seed: 2), distance: .euclidean)
    let b = try Evaluator(Self.features(spread: 0.4, seed: 2), distance: .euclidean)
    let found = try a.comparison(with: b, roundCount: 100)
    #expect(found.equalErrorRate.difference < 0 && found.equalErrorRate.probability < 0.1)
    let fewer = try Evaluator(Self.features().selecting(Array(0..<30)), distance: .euclidean)
    #expect(throws: TaskError.self) { try a.comparison(with: fewer) }
  }

  @Test func `pictures without a class, and values that are no numbers, are named`() {
    var features = Self.features()
    features.labels[3] = ""
    #expect(
      message { _ = try Evaluator(features, distance: .cosine) }.contains("row 4 ('group0/person0/person0_0004.png')"))
    features = Self.features()
    features.embeddings.elements[17] = .nan
    #expect(message { _ = try Evaluator(features, distance: .cosine) }.contains("row 3"))
  }

  @Test func `calibration stands the model's own distance, and refuses what it cannot support`() throws {
    let evaluator = try Evaluator(Self.features(), distance: .euclidean)
    #expect(try evaluator.calibration(rates: [1e-2], roundCount: 50).distance == "l2")
    #expect(message { _ = try evaluator.calibration(rates: [1e-3]) }.contains("needs at least 3000 pairs"))
  }

  @Test func `a report is made from features alone`() throws {
    var builder = ReportBuilder(
      after: try Evaluator(Self.features(spread: 0.3), distance: .cosine),
      before: try Evaluator(Self.features(spread: 1), distance: .cosine))
    builder.command = "siamese report --features after.h5"
    let content = try builder.content(title: "test")
    #expect(content.verdict.hasPrefix("Equal errors fell from"))
    #expect(content.maps.map(\.name) == ["PCA", "t-SNE", "PaCMAP"] && content.maps[1].positions.count == 60)
    #expect(content.classes.count == 10 && (1...12).contains(content.hardestPositives.count))
    #expect(content.thumbnails == nil)
    #expect(try builder.page(title: "test").html.contains("siamese report --features after.h5"))
  }
}
