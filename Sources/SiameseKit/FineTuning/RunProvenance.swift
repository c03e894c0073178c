import Foundation
import SiameseMetricLearning

/// What a checkpoint says about the run that it belongs to.
///
/// A run has two rounds: one on some of the classes, to choose how long to train, and one on all of them.
struct RunProvenance: Codable, Equatable {
  enum Round: String, Codable { case choosing, final }
  var round: Round
  var conditions: RunConditions
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

  /// Reads what `text` wrote, and checks that the run was made under these conditions.
  /// - Throws: `TaskError` naming the options that differ.
  init(_ text: String, path: String, conditions: RunConditions) throws {
    guard let found = try? JSONDecoder().decode(RunProvenance.self, from: Data(text.utf8)) else {
      throw TaskError(
        .badInput,
        "'\(path)' is a checkpoint of something else than a fine-tuning run of this version; give another "
          + "--checkpoint, or start anew without --resume")
    }
    guard found.conditions == conditions else {
      let list = found.conditions.differences(in: conditions).joined(separator: ", ")
      throw TaskError(
        .wrongArguments,
        "'\(path)' belongs to a run with other options: \(list); resume with those, or start anew without "
          + "--resume")
    }
    self = found
  }

  init(round: Round, conditions: RunConditions, choice: TrainingSummary? = nil) {
    (self.round, self.conditions) = (round, conditions)
    chosenSteps = choice?.steps
    errorAtStart = choice?.selectionErrorAtStart
    errorAtBest = choice?.selectionErrorAtBest
    choosingSeconds = choice?.seconds
  }
}
