import Foundation
import SiameseFiles

/// One of Omniglot's run folders: a drawing of each of twenty characters, and twenty more to be named.
///
/// ```
/// run01/class_labels.txt      run01/test/item01.png run01/training/class08.png
/// ```
package struct OneShotRun: Sendable, Equatable {
  /// The known drawings, in order of path.
  package let training: [String]
  /// The drawings to be named, each with the index in `training` of the right answer.
  package let tests: [(path: String, answer: Int)]

  /// Whether both hold the same drawings and answers.
  package static func == (a: Self, b: Self) -> Bool {
    a.training == b.training && a.tests.map(\.path) == b.tests.map(\.path)
      && a.tests.map(\.answer) == b.tests.map(\.answer)
  }

  /// Reads the text of `class_labels.txt`, whose paths start at `directory`; `file` names it in errors.
  package init(classLabels text: TextLines, directory: String, file: String) throws(EvaluationError) {
    var pairs: [(test: String, answer: String)] = []
    for (index, line) in text.enumerated() {
      let fields = line.split(whereSeparator: \.isWhitespace).map(String.init)
      if fields.isEmpty { continue }
      guard fields.count == 2, fields.allSatisfy({ !$0.hasPrefix("/") && !$0.split(separator: "/").contains("..") })
      else {
        throw .line(
          file: file, number: index + 1, expected: "a test picture and its class, two relative paths",
          found: String(line))
      }
      pairs.append((fields[0], fields[1]))
    }
    guard pairs.count >= 2 else {
      throw .invalid(file, expected: "a list of at least two trials", found: "\(pairs.count)")
    }
    let training = Set(pairs.map(\.answer)).sorted()
    guard training.count >= 2 else { throw .invalid(file, expected: "of at least two classes", found: "one class") }
    self.training = training.map { directory + "/" + $0 }
    tests = pairs.map { (directory + "/" + $0.test, training.firstIndex(of: $0.answer)!) }
  }

  /// Reads every run folder in `directory`, in order of name.
  /// - Throws: `EvaluationError` or `FileError`.
  package static func runs(in directory: String) throws -> [OneShotRun] {
    let names = try FileManager.default.contentsOfDirectory(atPath: directory).sorted()
    let runs = try names.compactMap { name -> OneShotRun? in
      let file = "\(directory)/\(name)/class_labels.txt"
      guard FileManager.default.fileExists(atPath: file) else { return nil }
      return try OneShotRun(classLabels: TextLines(contentsOf: file), directory: directory, file: file)
    }
    guard !runs.isEmpty else {
      throw EvaluationError.missing(
        what: "run folders with a class_labels.txt", place: "'\(directory)'",
        remedy: "give the folder that holds run01, run02, …")
    }
    return runs
  }

  /// Every picture of the run: tests first, then training.
  package var paths: [String] { tests.map(\.path) + training }

  /// The tests named wrongly when `cost(test, training)` is smallest for the answer; a tie for the smallest is an error.
  package func errorCount(cost: (_ test: Int, _ training: Int) throws -> Float) rethrows -> Int {
    var errors = 0
    for (index, test) in tests.enumerated() {
      let costs = try training.indices.map { try cost(index, $0) }
      if !isDecided(costs, for: test.answer) { errors += 1 }
    }
    return errors
  }
}
