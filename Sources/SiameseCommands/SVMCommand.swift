import ArgumentParser
import SiameseKit

/// `siamese svm …`: kernel machines on features files.
struct SVMCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "svm",
    abstract: "Train and use kernel machines on features files.",
    discussion: """
      Takes any features file: .h5, .npy with its .tsv, .csv or .libsvm. Machines are kept in .h5 files, or, under any \
      other name, in LIBSVM's own model format, which svm-predict and scikit-learn's wrapper read.

      EXAMPLES
        siamese svm train features.h5 --output machine.h5 --kernel rbf --c 10 --gamma scale
        siamese svm predict machine.h5 others.h5
        siamese svm search features.h5 --costs 1 10 100 --gammas 0.001 0.01
        siamese svm check-kernel features.h5 --kernel sigmoid
      """,
    subcommands: [
      SVMTrainCommand.self, SVMPredictCommand.self, SVMScaleCommand.self, SVMSearchCommand.self,
      SVMCheckKernelCommand.self,
    ]
  )
}
