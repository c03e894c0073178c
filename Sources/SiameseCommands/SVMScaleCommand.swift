import ArgumentParser
import SiameseKit

struct SVMScaleCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "scale",
    abstract: "Write scaled features, for tools that cannot scale by themselves.",
    discussion: """
      'svm train --scaling' stores scaling with the machine and needs none of this. Where another tool is to read the \
      features, this writes them scaled; --fit names the file whose columns settle the scaling, so that training and test \
      rows are scaled alike.

      EXAMPLES
        siamese svm scale train.h5 --scaling standardise --output train.libsvm
        siamese svm scale test.h5 --fit train.h5 --scaling standardise --output test.libsvm
      """)

  @Argument(help: ArgumentHelp("The rows to scale.", valueName: "features"))
  var features: String

  @Option(help: ArgumentHelp("l2, standardise or min-max.", valueName: "name"))
  var scaling: FeatureScaling = .standardise

  @Option(help: ArgumentHelp("The rows that settle the scaling; by default the same.", valueName: "features"))
  var fit: String?

  @Option(name: .shortAndLong, help: ArgumentHelp("Where to write.", valueName: "features"))
  var output: String

  func run() throws {
    _ = try FeatureFormat(path: output)
    try requireWritable(Output.features("--output", output), inputs: [features, fit])
    var features = try Features(contentsOf: features)
    let reference = try fit.map { try Features(contentsOf: $0) } ?? features
    features.embeddings = try scaling.apply(to: features.embeddings, fittedOn: reference.embeddings)
    try features.write(to: output)
    logLine("\(output): \(features.count) rows of \(features.width) columns")
  }
}
