import Foundation
import SiameseMetricLearning

/// What a checkpoint says about the run that it belongs to.
///
/// A run has two rounds: one on some of the classes, to choose how long to train, and one on all of them.
struct RunProvenance: Codable, Equatable {
  enum Round: String, Codable { case choosing, final }
  var round: Round
  /// What fixes the outcome, by the name of its option.
  var options: [String: String]
  /// What the choosing round found, once it is over.
  var chosenSteps: Int?
  var errorAtStart: Double?
  var errorAtBest: Double?
  var choosingSeconds: Double?

  var text: String {
    get throws {
      let encoder = JSONEncoder()
      encoder.outputFormatting = [.sortedKeys]
      return String(decoding: try encoder.encode(self), as: UTF8.self)
    }
  }

  /// Reads what `text` wrote, and checks that the run had these options.
  /// - Throws: `TaskError` naming the options that differ.
  init(_ text: String, path: String, options: [String: String]) throws {
    guard let found = try? JSONDecoder().decode(RunProvenance.self, from: Data(text.utf8)) else {
      throw TaskError(.badInput, "'\(path)' is a checkpoint of something else than a fine-tuning run; give another --checkpoint")
    }
    let different = Set(found.options.keys).union(options.keys).filter { found.options[$0] != options[$0] }.sorted()
    guard different.isEmpty else {
      let list = different.map { "\($0) was \(found.options[$0] ?? "not given") and is \(options[$0] ?? "not given")" }
      throw TaskError(
        .wrongArguments, "'\(path)' belongs to a run with other options: \(list.joined(separator: ", ")); resume with those, "
          + "or start anew without --resume")
    }
    self = found
  }

  init(round: Round, options: [String: String], choice: TrainingSummary? = nil) {
    (self.round, self.options) = (round, options)
    chosenSteps = choice?.steps
    errorAtStart = choice?.selectionErrorAtStart
    errorAtBest = choice?.selectionErrorAtBest
    choosingSeconds = choice?.seconds
  }
}

/// Training's log as JSON lines, one a step, written as they come.
public final class TrainingLog {
  private let file: FileHandle
  private let path: String

  /// Starts the file anew, or goes on at its end.
  /// - Throws: `TaskError` where the file cannot be written.
  public init(path: String, appending: Bool) throws {
    self.path = path
    if !appending || !FileManager.default.fileExists(atPath: path) {
      try writeFile(Data(), to: path)
    }
    guard let file = FileHandle(forWritingAtPath: path) else {
      throw TaskError(.inputOutput, "'\(path)' cannot be written; check the folder and its permissions")
    }
    self.file = file
    try file.seekToEnd()
  }

  public func write(_ record: StepRecord) throws {
    do { try file.write(contentsOf: Data((record.jsonLine + "\n").utf8)) } catch {
      throw TaskError(.inputOutput, "'\(path)' cannot be written: \(error.localizedDescription)")
    }
  }
}
