import ArgumentParser
import SiameseKit

struct EvaluateCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "evaluate",
    abstract: "Measure a model or a features file: verification, retrieval, one-shot, open set; compare two.",
    discussion: """
      Every figure is one of the distance that belongs to the model: what training, thresholds and search use. Figures \
      go to standard output; --json prints them as JSON, --metrics writes them to a file. Docs/Metrics.md says what each \
      key means.

      EXAMPLES
        siamese evaluate verification --model faces.h5 --data people
        siamese evaluate verification --features faces.npy --metrics figures.json
        siamese evaluate one-shot --runs one_shot_runs --baseline modified-hausdorff
        siamese evaluate compare before.npy after.npy
      """,
    subcommands: [
      EvaluateVerificationCommand.self, EvaluateRetrievalCommand.self, EvaluateOneShotCommand.self,
      EvaluateOpenSetCommand.self, EvaluateCompareCommand.self,
    ])
}
