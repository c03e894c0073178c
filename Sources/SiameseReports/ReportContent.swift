import Foundation
import SiameseTensors

/// Everything a report shows, as plain values: whoever has them fills it, and `ReportPage` draws it.
///
/// Parts that are empty are left out of the page.
package struct ReportContent: Sendable {
  /// A line over steps of training.
  package struct Curve: Sendable {
    /// What the line shows.
    package let name: String
    /// What is counted along the bottom: `step`.
    package let over: String
    /// The line, in order of x.
    package let points: [(x: Double, y: Double)]
    /// Whether y is a share, to be labelled in percent.
    package let isShare: Bool
    /// Where the best model was found.
    package let best: Double?

    /// A line over steps.
    package init(name: String, over: String, points: [(x: Double, y: Double)], isShare: Bool, best: Double? = nil) {
      (self.name, self.over, self.points, self.isShare, self.best) = (name, over, points, isShare, best)
    }
  }

  /// The figures of one model: before fine-tuning, say, or after.
  package struct Stage: Sendable {
    /// What the model is called on the page.
    package let name: String
    /// Distances of pairs of one class; a sample will do.
    package let same: [Float]
    /// Distances of pairs of two classes.
    package let different: [Float]
    /// The distance that decides, to be drawn in; nil for none.
    package let threshold: Float?
    /// ROC curve, ascending.
    package let curve: [(falseAcceptRate: Double, trueAcceptRate: Double)]
    /// Label and value of each headline figure.
    package let figures: [(name: String, value: String)]

    /// One model's figures.
    package init(
      name: String, same: [Float], different: [Float], threshold: Float?,
      curve: [(falseAcceptRate: Double, trueAcceptRate: Double)], figures: [(name: String, value: String)]
    ) {
      (self.name, self.same, self.different, self.threshold) = (name, same, different, threshold)
      (self.curve, self.figures) = (curve, figures)
    }
  }

  /// How often pictures of one class (row) are closest to one of another (column).
  package struct Confusion: Sendable {
    /// The classes, in the order of rows and columns.
    package let classes: [String]
    /// Pictures by class, and by class of their nearest neighbour.
    package let counts: [[Int]]

    /// Counts of pictures by two classes.
    package init(classes: [String], counts: [[Int]]) { (self.classes, self.counts) = (classes, counts) }
  }

  /// The embedding in two dimensions.
  package struct Map: Sendable {
    /// The method.
    package let name: String
    /// What the picture can and cannot be read for, in a sentence.
    package let note: String
    /// Where each picture lies, in the order of `ReportContent.labels`.
    package let positions: [(x: Float, y: Float)]

    /// A map by a method.
    package init(name: String, note: String, positions: [(x: Float, y: Float)]) {
      (self.name, self.note, self.positions) = (name, note, positions)
    }
  }

  /// All thumbnails in one picture, square cells row by row.
  package struct Thumbnails: Sendable {
    /// The file's bytes.
    package let data: Data
    /// `image/jpeg` or `image/png`.
    package let mediaType: String
    /// The width and height of a cell in pixels.
    package let cell: Int
    /// The cells in a row.
    package let columns: Int
    /// The number of thumbnails.
    package let count: Int

    /// Thumbnails in one picture.
    package init(data: Data, mediaType: String, cell: Int, columns: Int, count: Int) {
      (self.data, self.mediaType, self.cell, self.columns, self.count) = (data, mediaType, cell, columns, count)
    }
  }

  /// Two pictures that the model takes for what they are not.
  package struct Pair: Sendable {
    /// One picture, as a place in `ReportContent.labels`.
    package let first: Int
    /// The other picture, as a place in `ReportContent.labels`.
    package let second: Int
    /// How far apart the model puts them.
    package let distance: Float

    /// Two pictures and their distance.
    package init(first: Int, second: Int, distance: Float) {
      (self.first, self.second, self.distance) = (first, second, distance)
    }
  }

  /// How well one class is told from the others.
  package struct ClassRow: Sendable {
    /// The class.
    package let name: String
    /// The number of its pictures.
    package let pictures: Int
    /// The share of its pictures whose nearest neighbour is of another class.
    package let error: Double
    /// Mean distance within the class.
    package let within: Float
    /// Mean distance to the nearest picture of another class.
    package let nearestOther: Float
    /// The class of the picture that comes closest of all.
    package let nearestClass: String

    /// One class's figures.
    package init(name: String, pictures: Int, error: Double, within: Float, nearestOther: Float, nearestClass: String) {
      (self.name, self.pictures, self.error, self.within) = (name, pictures, error, within)
      (self.nearestOther, self.nearestClass) = (nearestOther, nearestClass)
    }
  }

  /// The heading.
  package var title: String
  /// The outcome in one sentence.
  package var verdict: String
  /// The name of the distance, for axes.
  package var distance: String
  /// How training went.
  package var curves: [Curve] = []
  /// The models compared, in order of time.
  package var stages: [Stage] = []
  /// Which classes are taken for one another; nil to leave it out.
  package var confusion: Confusion?
  /// The embedding drawn in two dimensions, by several methods.
  package var maps: [Map] = []
  /// The class of each picture of the maps and pairs.
  package var labels: [String] = []
  /// What is said of each picture when pointed at, in the order of `labels`.
  package var captions: [String] = []
  /// The pictures themselves, in the order of `labels`; nil where they cannot be read.
  package var thumbnails: Thumbnails?
  /// Pictures of one class that lie farthest apart.
  package var hardestPositives: [Pair] = []
  /// Pictures of two classes that lie closest.
  package var hardestNegatives: [Pair] = []
  /// The classes, hardest first.
  package var classes: [ClassRow] = []
  /// How it was made: files, hashes, options, versions.
  package var provenance: [(name: String, value: String)] = []
  /// The command that repeats it.
  package var command: String?

  /// A report of a heading and a sentence, to be filled.
  package init(title: String, verdict: String, distance: String) {
    (self.title, self.verdict, self.distance) = (title, verdict, distance)
  }
}
