import Foundation
import SiameseMetricLearning

/// Training's log as JSON lines, one a step, written as they come.
package final class TrainingLog {
  private let file: FileHandle
  private let path: String

  /// Starts the file anew, or goes on at its end.
  /// - Throws: `TaskError` where the file cannot be written.
  package init(path: String, appending: Bool) throws {
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

  /// Adds the record's line.
  /// - Throws: `TaskError` where the file cannot be written.
  package func write(_ record: StepRecord) throws {
    do { try file.write(contentsOf: Data((record.jsonLine + "\n").utf8)) } catch {
      throw TaskError(.inputOutput, "'\(path)' cannot be written: \(error.localizedDescription)")
    }
  }
}
