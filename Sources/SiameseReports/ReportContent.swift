import Foundation
import SiameseTensors

/// Everything a report shows, as plain values: whoever has them fills it, and `ReportPage` draws it.
///
/// Parts that are empty are left out of the page.
public struct ReportContent: Sendable {
  /// A line over steps of training.
  public struct Curve: Sendable {
    public let name: String
    /// What is counted along the bottom: `step`.
    public let over: String
    public let points: [(x: Double, y: Double)]
    /// Whether y is a share, to be labelled in percent.
    public let isShare: Bool
    /// Where the best model was found.
    public let best: Double?

    public init(name: String, over: String, points: [(x: Double, y: Double)], isShare: Bool, best: Double? = nil) {
      (self.name, self.over, self.points, self.isShare, self.best) = (name, over, points, isShare, best)
    }
  }

  /// The figures of one model: before fine-tuning, say, or after.
  public struct Stage: Sendable {
    public let name: String
    /// Distances of pairs of one class, and of two; a sample will do.
    public let same: [Float]
    public let different: [Float]
    public let threshold: Float?
    /// ROC curve, ascending.
    public let curve: [(falseAcceptRate: Double, trueAcceptRate: Double)]
    /// Label and value of each headline figure.
    public let figures: [(name: String, value: String)]

    public init(
      name: String, same: [Float], different: [Float], threshold: Float?,
      curve: [(falseAcceptRate: Double, trueAcceptRate: Double)], figures: [(name: String, value: String)]
    ) {
      (self.name, self.same, self.different, self.threshold) = (name, same, different, threshold)
      (self.curve, self.figures) = (curve, figures)
    }
  }

  /// How often pictures of one class (row) are closest to one of another (column).
  public struct Confusion: Sendable {
    public let classes: [String]
    public let counts: [[Int]]

    public init(classes: [String], counts: [[Int]]) { (self.classes, self.counts) = (classes, counts) }
  }

  /// The embedding in two dimensions.
  public struct Map: Sendable {
    public let name: String
    /// What the picture can and cannot be read for, in a sentence.
    public let note: String
    public let positions: [(x: Float, y: Float)]

    public init(name: String, note: String, positions: [(x: Float, y: Float)]) {
      (self.name, self.note, self.positions) = (name, note, positions)
    }
  }

  /// All thumbnails in one picture, square cells row by row.
  public struct Thumbnails: Sendable {
    public let data: Data
    /// `image/jpeg` or `image/png`.
    public let mediaType: String
    public let cell: Int
    public let columns: Int
    public let count: Int

    public init(data: Data, mediaType: String, cell: Int, columns: Int, count: Int) {
      (self.data, self.mediaType, self.cell, self.columns, self.count) = (data, mediaType, cell, columns, count)
    }
  }

  /// Two pictures that the model takes for what they are not.
  public struct Pair: Sendable {
    public let first: Int
    public let second: Int
    public let distance: Float

    public init(first: Int, second: Int, distance: Float) {
      (self.first, self.second, self.distance) = (first, second, distance)
    }
  }

  public struct ClassRow: Sendable {
    public let name: String
    public let pictures: Int
    /// The share of its pictures whose nearest neighbour is of another class.
    public let error: Double
    /// Mean distance within the class, and to the nearest picture of another.
    public let within: Float
    public let nearestOther: Float
    public let nearestClass: String

    public init(name: String, pictures: Int, error: Double, within: Float, nearestOther: Float, nearestClass: String) {
      (self.name, self.pictures, self.error, self.within) = (name, pictures, error, within)
      (self.nearestOther, self.nearestClass) = (nearestOther, nearestClass)
    }
  }

  public var title: String
  /// The outcome in one sentence.
  public var verdict: String
  /// The name of the distance, for axes.
  public var distance: String
  public var curves: [Curve] = []
  public var stages: [Stage] = []
  public var confusion: Confusion?
  public var maps: [Map] = []
  /// The class of each picture of the maps and pairs, and what is said of it when pointed at.
  public var labels: [String] = []
  public var captions: [String] = []
  public var thumbnails: Thumbnails?
  public var hardestPositives: [Pair] = []
  public var hardestNegatives: [Pair] = []
  public var classes: [ClassRow] = []
  /// How it was made: files, hashes, options, versions.
  public var provenance: [(name: String, value: String)] = []
  /// The command that repeats it.
  public var command: String?

  public init(title: String, verdict: String, distance: String) {
    (self.title, self.verdict, self.distance) = (title, verdict, distance)
  }
}
