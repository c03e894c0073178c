import Foundation
import SiameseEvaluation
import SiameseFiles
import SiameseImages
import SiameseMetricLearning
import SiameseReports
import SiameseTensors

/// Fills a report from embeddings, and from training where there was some.
///
/// ```swift
/// var builder = ReportBuilder(after: evaluator)
/// builder.before = plainEvaluator
/// try builder.page(title: "faces.h5").html
/// ```
public struct ReportBuilder: Sendable {
  /// The embeddings the report is about.
  public var after: Evaluator
  /// What they are compared with: the backbone's own features of the same pictures.
  public var before: Evaluator?
  /// What training recorded at each step; empty where there was none.
  public var training: [StepRecord] = []
  /// How it was made, in the order to be shown.
  public var provenance: [(name: String, value: String)] = []
  /// The command that repeats it.
  public var command: String?
  /// A threshold to draw in; by default where equal errors are.
  public var threshold: Float?
  /// Classes that training saw: the verdict says how many of those measured are among them.
  public var trainedClasses: [String] = []
  /// Pictures on the maps, drawn at random where there are more.
  public var mapLimit = 1000

  /// A report about `after`, compared with `before` where given.
  public init(after: Evaluator, before: Evaluator? = nil) {
    self.after = after
    self.before = before
  }

  /// The page, with thumbnails of the pictures that can be read.
  /// - Throws: `TaskError`, or the error of the room concerned, saying what does not fit or cannot be read.
  public func page(title: String) throws -> ReportPage { ReportPage(try content(title: title)) }

  /// The values the page shows.
  package func content(title: String) throws -> ReportContent {
    let reportAfter = try after.verification(roundCount: 200)
    let reportBefore = try before?.verification(roundCount: 200)
    var content = ReportContent(
      title: title, verdict: verdict(reportBefore, reportAfter), distance: after.distance.name)
    content.curves = curves
    if let before, let reportBefore { content.stages.append(stage("before", before, reportBefore, threshold: nil)) }
    content.stages.append(stage(before == nil ? "this model" : "after", after, reportAfter, threshold: threshold))

    let shown = sampled(after.features.count)
    let points = after.distance.points(after.features.embeddings).gatheringRows(shown)
    content.maps = [
      .init(
        name: "PCA",
        note: "The two directions of largest variance: distances on paper are true, but most of them unseen.",
        positions: Maps.principalComponents(points)),
      .init(
        name: "t-SNE", note: "Neighbours stay together: look for groups, not at the distances between them.",
        positions: Maps.stochasticNeighbours(points)),
      .init(
        name: "PaCMAP", note: "Neighbours stay together, and groups keep roughly the places they have to one another.",
        positions: Maps.pairwiseControlled(points, neighbours: neighbourCount(among: shown))),
    ]
    let neighbours = NeighbourTable(after)
    // Pictures of the strips come first, then those of the maps that are not among them.
    content.labels = shown.map { after.features.labels[$0] }
    content.captions = shown.map { caption($0) }
    var places = Dictionary(uniqueKeysWithValues: shown.enumerated().map { ($1, $0) })
    var pictured = shown
    func place(_ row: Int) -> Int {
      if let known = places[row] { return known }
      places[row] = pictured.count
      pictured.append(row)
      content.labels.append(after.features.labels[row])
      content.captions.append(caption(row))
      return pictured.count - 1
    }
    content.hardestPositives = neighbours.hardestPositives.map {
      .init(first: place($0.first), second: place($0.second), distance: $0.distance)
    }
    content.hardestNegatives = neighbours.hardestNegatives.map {
      .init(first: place($0.first), second: place($0.second), distance: $0.distance)
    }
    content.classes = neighbours.classRows
    content.confusion = neighbours.confusion
    content.thumbnails = try thumbnails(pictured)
    content.provenance = provenance
    content.command = command
    return content
  }

  private func verdict(_ before: VerificationReport?, _ after: VerificationReport) -> String {
    // A number and its sign stay on one line.
    func percent(_ share: Double) -> String { String(format: "%.1f\u{00A0}%%", share * 100) }
    let seen = Set(trainedClasses).intersection(self.after.classes).count
    let known = seen == 0 ? "" : ", \(seen == after.classes ? "all" : "\(seen)") of them seen in training"
    let now = after.figures.equalErrorRate
    let interval =
      after.intervals?.equalErrorRate.map { " (95\u{00A0}%: \(percent($0.low)) to \(percent($0.high)))" } ?? ""
    guard let before else {
      return
        "On \(after.pictures) pictures of \(after.classes) classes\(known)\(known.isEmpty ? "" : ","), equal errors stand at \(percent(now))\(interval)."
    }
    let then = before.figures.equalErrorRate
    let scope = "on \(after.pictures) pictures of \(after.classes) classes\(known)"
    if now < then { return "Equal errors fell from \(percent(then)) to \(percent(now))\(interval), \(scope)." }
    if now > then { return "Equal errors rose from \(percent(then)) to \(percent(now))\(interval), \(scope)." }
    return "Equal errors stayed at \(percent(now))\(interval), \(scope)."
  }

  private var curves: [ReportContent.Curve] {
    guard training.count > 1 else { return [] }
    let best = training.last { $0.isBest == true }.map { Double($0.step) }
    func curve(_ name: String, isShare: Bool = false, best: Double? = nil, _ value: (StepRecord) -> Double?)
      -> ReportContent.Curve
    {
      .init(
        name: name, over: "step",
        points: training.compactMap { record in value(record).map { (Double(record.step), $0) } },
        isShare: isShare, best: best)
    }
    return [
      curve("loss") { $0.loss },
      curve("equal errors on validation classes", isShare: true, best: best) { $0.validation },
      curve("active share of pairs or triplets", isShare: true) { $0.activeShare },
    ].filter { $0.points.count > 1 }
  }

  private func stage(
    _ name: String, _ evaluator: Evaluator, _ report: VerificationReport, threshold: Float?
  ) -> ReportContent.Stage {
    let sample = PairSample(labels: evaluator.labels, limit: 20_000, seed: evaluator.seed)
    let distances = sample.distances(evaluator.distance, evaluator.features.embeddings)
    func percent(_ share: Double) -> String { String(format: "%.2f %%", share * 100) }
    var figures = [
      ("equal-error rate", percent(report.figures.equalErrorRate)),
      ("area under the ROC curve", String(format: "%.4f", report.figures.areaUnderCurve)),
    ]
    for rate in [1e-3, 1e-2] {
      if let point = report.figures.point(atFalseAcceptRate: rate) {
        figures.append(("recognised at FAR \(rate == 1e-3 ? "0.1" : "1") %", percent(point.trueAcceptRate)))
      }
    }
    figures.append(("best accuracy on pairs", percent(report.figures.bestAccuracy)))
    return .init(
      name: name, same: distances.indices.filter { sample.isSame($0) }.map { distances[$0] },
      different: distances.indices.filter { !sample.isSame($0) }.map { distances[$0] },
      threshold: threshold ?? report.figures.equalErrorThreshold,
      curve: report.figures.curve.map { ($0.falseAcceptRate, $0.trueAcceptRate) }, figures: figures)
  }

  /// Half as many again as a class has pictures, so that a class is not alone on the map; at least ten.
  private func neighbourCount(among rows: [Int]) -> Int {
    let sizes = Dictionary(grouping: rows) { after.labels[$0] }.values.map(\.count).sorted()
    return min(max(10, (sizes.isEmpty ? 0 : sizes[sizes.count / 2]) * 3 / 2), 30)
  }

  private func sampled(_ count: Int) -> [Int] {
    guard count > mapLimit else { return Array(0..<count) }
    var random = SeededGenerator(seed: after.seed)
    return (0..<count).shuffled(using: &random).prefix(mapLimit).sorted()
  }

  private func caption(_ row: Int) -> String {
    let name = after.features.paths[row].pathName
    return name.isEmpty ? after.features.labels[row] : "\(after.features.labels[row]) · \(name)"
  }

  /// All pictures as one JPEG of square cells; a picture that cannot be read leaves its cell grey, none at all leaves nil.
  private func thumbnails(_ rows: [Int]) throws -> ReportContent.Thumbnails? {
    let cell = rows.count > 600 ? 48 : 74
    let columns = max(1, Int(Double(rows.count).squareRoot().rounded(.up)))
    let height = (rows.count + columns - 1) / columns
    var sheet = Picture(width: columns * cell, height: max(1, height) * cell, red: 128, green: 128, blue: 128)
    var readable = 0
    for (index, row) in rows.enumerated() where !after.features.paths[row].isEmpty {
      guard let picture = try? Picture(contentsOf: after.features.paths[row]) else { continue }
      let scale = Double(cell) / Double(max(picture.width, picture.height))
      let (w, h) = (max(1, Int(Double(picture.width) * scale)), max(1, Int(Double(picture.height) * scale)))
      let small = picture.resized(width: w, height: h, filter: .box)
      let (left, top) = (index % columns * cell + (cell - w) / 2, index / columns * cell + (cell - h) / 2)
      for y in 0..<h {
        let to = 3 * ((top + y) * sheet.width + left)
        sheet.pixels.replaceSubrange(to..<to + 3 * w, with: small.pixels[3 * y * w..<3 * (y + 1) * w])
      }
      readable += 1
    }
    guard readable > 0 else { return nil }
    return .init(
      data: try sheet.jpegData(quality: 72), mediaType: "image/jpeg", cell: cell, columns: columns, count: rows.count)
  }
}
