import SiameseFiles
import SiameseTensors

/// The rows of an open-set test: which are enrolled, and which are held against the gallery.
package struct OpenSetSplit: Sendable, Equatable {
  /// Pictures of known classes that are enrolled.
  package let gallery: [Int]
  /// Other pictures of known classes.
  package let known: [Int]
  /// Pictures of classes held out, of which the gallery holds no picture.
  package let unknown: [Int]

  /// Holds out a share of the classes as unknown; half the pictures of each known class go to the gallery.
  /// - Throws: `EvaluationError` where that leaves one side empty.
  package init(labels: [Int], unknownShare: Double = 0.5, seed: UInt64) throws(EvaluationError) {
    guard unknownShare > 0, unknownShare < 1 else {
      throw .invalid("the share of unknown classes", expected: "between 0 and 1", found: "\(unknownShare)")
    }
    var random = SeededGenerator(seed: seed)
    let members = Dictionary(grouping: labels.indices) { labels[$0] }
    let classes = members.keys.sorted().shuffled(using: &random)
    let able = classes.filter { members[$0]!.count >= 2 }
    guard classes.count >= 4, able.count >= 2 else {
      throw .tooFewClasses(needed: 4, found: able.count, picturesEach: 2, grouped: false)
    }
    let unknownCount = min(classes.count - 2, max(1, Int((Double(classes.count) * unknownShare).rounded())))
    // A class of one picture can only be unknown.
    let unknownClasses = Set((classes.filter { members[$0]!.count < 2 } + able).prefix(unknownCount))
    var (gallery, known, unknown) = ([Int](), [Int](), [Int]())
    for label in classes {
      let rows = members[label]!.shuffled(using: &random)
      if unknownClasses.contains(label) {
        unknown += rows
      } else if rows.count >= 2 {
        gallery += rows.prefix((rows.count + 1) / 2)
        known += rows.dropFirst((rows.count + 1) / 2)
      }
    }
    (self.gallery, self.known, self.unknown) = (gallery.sorted(), known.sorted(), unknown.sorted())
  }
}

/// Detection and identification of known classes among probes that include unknown ones.
public struct OpenSet: Sendable, Equatable, Encodable {
  /// Probes of enrolled classes.
  public let knownProbes: Int
  /// Probes of classes that are not enrolled.
  public let unknownProbes: Int
  /// The share of (known, unknown) probes of which the known one looks more known, ties half.
  public let areaUnderCurve: Double
  /// For each rate asked: the share of known probes accepted *and* named rightly at the loosest threshold that accepts
  /// at most that share of unknown probes.
  public let detectionAndIdentification: [String: Double]
  /// For each rate asked: the share of known probes accepted, whether named rightly or not.
  public let detection: [String: Double]
  /// The share of known probes named rightly, whatever the threshold.
  public let identificationRate: Double

  private enum CodingKeys: String, CodingKey {
    case knownProbes = "known_probes", unknownProbes = "unknown_probes", areaUnderCurve = "auroc"
    case detectionAndIdentification = "detection_and_identification_at_far", detection = "detection_at_far"
    case identificationRate = "identification_rate"
  }

  /// - Parameters:
  ///   - known, unknown: how strange each probe looks, smaller is more known.
  ///   - named: whether each known probe's best candidate is the right one.
  package init(known: [Float], named: [Bool], unknown: [Float], rates: [Double] = [1e-2, 1e-1]) throws(EvaluationError)
  {
    precondition(known.count == named.count, "every known probe is named rightly or wrongly")
    guard let figures = Verification(PairDistances(same: known, different: unknown), rates: rates) else {
      throw .invalid(
        "an open-set test", expected: "made of known and unknown probes",
        found: "\(known.count) and \(unknown.count)")
    }
    knownProbes = known.count
    unknownProbes = unknown.count
    areaUnderCurve = figures.areaUnderCurve
    identificationRate = Double(named.count { $0 }) / Double(named.count)
    var (detected, identified) = ([String: Double](), [String: Double]())
    for (rate, point) in figures.atFalseAcceptRate {
      detected[rateName(rate)] = point.trueAcceptRate
      let right = zip(known, named).count { $0 <= point.threshold && $1 }
      identified[rateName(rate)] = Double(right) / Double(known.count)
    }
    (detection, detectionAndIdentification) = (detected, identified)
  }
}

/// Probes compared with a gallery: nearest picture, and so nearest class.
package struct GalleryMatches: Sendable {
  /// For each probe, the distance to the nearest picture of every class, `[P, C]`.
  package let byClass: [[Float]]
  /// The label of each class, ascending.
  package let classes: [Int]

  /// Compares the probes, rows of `blocks`, with the gallery's pictures, its columns.
  package init(_ blocks: DistanceBlocks, galleryLabels: [Int]) {
    let index = ClassIndex(galleryLabels)
    let (classes, place) = (index.classes, index.indices)
    self.classes = classes
    var line = [Float](repeating: 0, count: galleryLabels.count)
    byClass = (0..<blocks.rowCount).map { row in
      blocks.writeRow(row, into: &line)
      var nearest = [Float](repeating: .infinity, count: classes.count)
      for (j, value) in line.enumerated() { nearest[place[j]] = min(nearest[place[j]], blocks.restore(value)) }
      return nearest
    }
  }

  /// The distance to the nearest picture of all, and its class's label.
  package func nearest(_ probe: Int) -> (distance: Float, label: Int) {
    let index = byClass[probe].indices.min { byClass[probe][$0] < byClass[probe][$1] } ?? 0
    return (byClass[probe][index], classes[index])
  }
}
