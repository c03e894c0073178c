import Foundation
import SiameseFiles
import SiameseImages
import SiameseTensors

/// Rows of labelled pictures, parted into those to learn from and those to measure on.
struct ClassSplit: Equatable {
  var training: [Int]
  var heldOut: [Int]

  /// Parts the rows of `labels` at random.
  ///
  /// - Parameter share: The share of classes held out, rounded, at least two where there are four or more.
  init(labels: [String], share: Double, seed: UInt64) {
    let classes = Set(labels).sorted()
    var random = SeededGenerator(seed: seed)
    let shuffled = classes.shuffled(using: &random)
    let wanted = Int((Double(classes.count) * share).rounded())
    let count = share == 0 ? 0 : min(max(wanted, 2), max(0, classes.count - 2))
    let out = Set(shuffled.prefix(count))
    training = labels.indices.filter { !out.contains(labels[$0]) }
    heldOut = labels.indices.filter { out.contains(labels[$0]) }
  }

  /// Parts the rows as a recipe says.
  /// - Throws: `TaskError` where the classes named are not there.
  init(labels: [String], heldOut: HeldOut, share: Double, seed: UInt64) throws {
    switch heldOut {
    case .classes: self = ClassSplit(labels: labels, share: share, seed: seed)
    case .pictures: self = ClassSplit(picturesOf: labels, share: share, seed: seed)
    case .named(let names, let file):
      let missing = names.subtracting(labels).sorted()
      guard missing.count < names.count else {
        throw TaskError(
          .badInput,
          "\(file): names \(names.count) classes to hold out, of which the pictures show none ('\(missing[0])' and "
            + "others); a class is called by its folder's path below the data folder")
      }
      training = labels.indices.filter { !names.contains(labels[$0]) }
      self.heldOut = labels.indices.filter { names.contains(labels[$0]) }
    }
  }

  /// Parts each class' pictures at random, at least two on either side where there are four or more; smaller classes are
  /// for training alone.
  private init(picturesOf labels: [String], share: Double, seed: UInt64) {
    var random = SeededGenerator(seed: seed)
    var out = Set<Int>()
    for (_, rows) in Dictionary(grouping: labels.indices, by: { labels[$0] }).sorted(by: { $0.key < $1.key })
    where rows.count >= 4 {
      let wanted = Int((Double(rows.count) * share).rounded())
      out.formUnion(rows.shuffled(using: &random).prefix(min(max(wanted, 2), rows.count - 2)))
    }
    training = labels.indices.filter { !out.contains($0) }
    heldOut = labels.indices.filter(out.contains)
  }

  /// Half of each class' rows, the first ones in order, and the others; a class of one row is on the first side only.
  static func halves(of labels: [String]) -> (first: [Int], second: [Int]) {
    let byClass = Dictionary(grouping: labels.indices) { labels[$0] }
    var first: [Int] = [], second: [Int] = []
    for (_, rows) in byClass.sorted(by: { $0.key < $1.key }) {
      let count = (rows.count + 1) / 2
      first += rows.prefix(count)
      second += rows.dropFirst(count)
    }
    return (first.sorted(), second.sorted())
  }
}

/// What a run of fine-tuning is measured on.
public enum HeldOut: Sendable, Equatable, CustomStringConvertible {
  /// Some classes, drawn at random, that training never sees.
  case classes
  /// Some pictures of every class of four or more.
  case pictures
  /// The classes that a file names.
  case named(Set<String>, file: String)

  /// `classes`, `pictures`, or the path of a file: one class a line, or a `pairs.txt` in the form of Labeled Faces in the
  /// Wild, whose people are then held out.
  /// - Throws: `TaskError` or `ImageError` where the file is missing or holds neither.
  public init(_ text: String) throws {
    switch text {
    case "classes": self = .classes
    case "pictures": self = .pictures
    default:
      guard FileManager.default.fileExists(atPath: text) else {
        throw TaskError(
          .missingInput, "'\(text)' is neither 'classes', 'pictures' nor a file that names the classes to hold out")
      }
      let lines = try TextLines(contentsOf: text)
        .map { $0.trimmingCharacters(in: .whitespaces) }.filter { !$0.isEmpty && !$0.hasPrefix("#") }
      let isPairs =
        lines.count > 1 && lines[0].split(whereSeparator: \.isWhitespace).allSatisfy { Int($0) != nil }
        && [3, 4].contains(lines[1].split(whereSeparator: \.isWhitespace).count)
      let names = isPairs ? try FacePairs(contentsOf: text).pairs.flatMap { [$0.first.name, $0.second.name] } : lines
      guard Set(names).count >= 2 else {
        throw TaskError(
          .badInput, "\(text): should name at least two classes to hold out, one a line, found \(Set(names).count)")
      }
      self = .named(Set(names), file: text)
    }
  }

  /// `classes`, `pictures`, or the names of the classes, one a line.
  public var description: String {
    switch self {
    case .classes: "classes"
    case .pictures: "pictures"
    case .named(let names, _): names.sorted().joined(separator: "\n")
    }
  }
}
