import ArgumentParser
import Foundation
import SiameseFiles
import SiameseKit

/// `siamese finetune`, and the executable `siamese-finetune`: the whole job.
public struct FinetuneCommand: ParsableCommand {
  /// What help says.
  public static let configuration = CommandConfiguration(
    commandName: "finetune",
    abstract: "Fine-tune a pretrained network with siamese training, and say what that gained on classes it never saw.",
    discussion: """
      Embeds every picture with the backbone, parts the classes (not the pictures) into those to learn from and those to \
      measure on, fits a head to the first, trains it with the chosen loss, and reports verification and one-shot figures \
      on the second, before and after. The model is one .h5 file that Keras opens too.

      The data folder has one folder a class; nested folders are classes named by their path.

      By default the head is a closed form (signed square root, then within-class covariance normalisation), and training \
      starts from there; it is kept only if it does better on some of the training classes, set aside for that choice.

      --precision bf16 embeds and trains in bfloat16 where the processor has it: steps take about two thirds of the time and \
      half the memory. Weights, their gradients, the optimiser, embeddings and the loss stay float32.

      EXAMPLES
        siamese-finetune --backbone weights.h5 --data faces --output faces.h5
        siamese-finetune --backbone weights.h5 --data faces --output faces.h5 \\
          --export-features faces-features.h5 --svm --metrics metrics.json
        siamese-finetune --backbone weights.h5 --data faces --output faces.h5 --joint 'absdiff,product:64,1'
        siamese-finetune --backbone weights.h5 --data glyphs --output glyphs.h5 --unfreeze all --steps 800 \\
          --loss multi-similarity --augment rotate:10,crop:0.9 --precision bf16
        siamese-finetune --architecture conv4 --from-scratch --data letters --output letters.h5 --steps 2000 \\
          --loss multi-similarity --within-parents --augment rotate:10,quarter-turns
      """)

  @OptionGroup var network: TrainableNetworkOptions

  @Option(
    help: ArgumentHelp(
      "The pictures: a folder with one folder a class, or a .csv list of identity,path.", valueName: "dir"))
  var data: String

  @Option(
    name: .shortAndLong,
    help: ArgumentHelp("Where to write the model: .h5, or .keras for the network alone.", valueName: "model.h5"))
  var output: String

  @Option(help: ArgumentHelp("Write every picture's new embedding to a features file.", valueName: "features"))
  var exportFeatures: String?

  @Option(
    help: ArgumentHelp(
      "Write the trained network alone too, as a plain Keras file for --backbone; its last layer is called features.",
      valueName: "weights.h5"))
  var exportBackbone: String?

  @Flag(help: "Train a kernel machine on the embeddings of half of each class' pictures and score it on the others.")
  var svm = false

  @Option(help: ArgumentHelp("Write all figures as JSON.", valueName: "metrics.json"))
  var metrics: String?

  @Option(
    name: .customLong("report"),
    help: ArgumentHelp(
      "Write a page that shows what was gained on unseen classes, and where it errs.", valueName: "report.html"))
  var reportPath: String?

  @Flag(help: "Stop at the first picture that cannot be read, instead of leaving it out and counting it.")
  var strict = false

  @OptionGroup(title: "Training") var training: TrainingOptionGroup
  @OptionGroup(title: "Computing") var compute: ComputeOptions

  /// For parsing.
  public init() {}

  /// Does the whole job.
  /// - Throws: what ends the command, for its message and exit status.
  public func run() throws {
    let recipe = try training.recipe(svm: svm, fromScratch: network.fromScratch)
    if recipe.joint != nil, output.pathExtension != "h5" {
      throw ValidationError(
        "--joint needs an output that ends in .h5, the format that keeps joint layers, found '\(output)'.")
    }
    if let exportFeatures { _ = try FeatureFormat(path: exportFeatures) }
    try requireWritable(
      [
        Output("--output", output), Output("--export-backbone", exportBackbone), Output("--metrics", metrics),
        Output("--report", reportPath),
      ] + Output.features("--export-features", exportFeatures) + training.outputs,
      inputs: [network.pretrained.backbone, network.pretrained.model, data] + training.inputs)
    let pictures = try labelledPictures(data)
    let backbone = try network.open(seed: recipe.seed)
    let bar = ProgressBar()
    let interrupted = InterruptFlag()
    let log = try training.log.map { try TrainingLog(path: $0, appending: training.resume) }
    let board = try training.tensorboard.map { try TensorBoardLog(folder: $0) }
    let result = try FineTuner(backbone, recipe: recipe, compute: compute.embedding).run(
      pictures, strict: strict, progress: bar.update
    ) { record in
      if let warning = record.warning {
        bar.finish()
        logLine("warning: \(warning)")
      }
      try log?.write(record)
      try board?.write(record)
      return !interrupted.isSet
    }
    bar.finish()
    report(result.skipped)
    for warning in result.warnings { logLine("warning: \(warning)") }
    try result.model.write(to: output)
    if let exportBackbone { try result.model.writeBackbone(to: exportBackbone) }
    if let exportFeatures {
      var features = result.features
      features.attributes["model"] = output
      try features.write(to: exportFeatures)
    }
    let figures = FineTuningFigures(result, backbone: backbone, recipe: recipe)
    if let metrics { try writeFile(jsonData(figures), to: metrics) }
    if let reportPath { try writeReport(result, to: reportPath) }
    printSummary(result)
    if interrupted.isSet { throw ExitCode(130) }
  }

  private func writeReport(_ result: FineTuningResult, to path: String) throws {
    func evaluator(_ features: Features, _ distance: Measure) throws -> Evaluator {
      try Evaluator(
        features.selecting(result.heldOutRows), distance: distance, threads: compute.threads)
    }
    var builder = ReportBuilder(
      after: try evaluator(result.features, result.model.distance),
      before: try evaluator(result.plainFeatures, .distance(result.model.record.distance)))
    builder.training = result.training.records
    builder.provenance =
      [("pictures", data), ("model", output)]
      + result.model.record.provenance.sorted { $0.key < $1.key }
      .map { ($0.key.replacingOccurrences(of: "_", with: " "), $0.value) }
    builder.command = typedCommand()
    try writeFile(Data(builder.page(title: output.pathName).html.utf8), to: path)
  }

  private func printSummary(_ result: FineTuningResult) {
    func percent(_ x: Double) -> String { String(format: "%5.1f %%", x * 100) }
    let training = result.training
    // By pictures, the classes on both sides are the same.
    let unseen = self.training.split == "pictures" ? "classes with unseen pictures" : "unseen classes"
    print("\(result.trainingClasses) classes to learn from, \(result.heldOutClasses) \(unseen) to measure on")
    if training.steps > 0 { print("trained \(training.steps) steps in \(String(format: "%.1f", training.seconds)) s") }
    if let verdict = training.verdict {
      print(verdict)
    } else if training.steps == 0 {
      print("the head is a closed form; nothing was trained")
    }
    print("")
    print("on \(unseen)".padding(toLength: 27, withPad: " ", startingAt: 0) + "before     after")
    func row(_ name: String, _ before: Double, _ after: Double) {
      print(name.padding(toLength: 24, withPad: " ", startingAt: 0) + "  " + percent(before) + "   " + percent(after))
    }
    let (before, after) = (result.before, result.after)
    row("equal-error rate", before.verification.equalErrorRate, after.verification.equalErrorRate)
    row("area under ROC", before.verification.areaUnderCurve, after.verification.areaUnderCurve)
    row("\(after.ways)-way one-shot accuracy", before.oneShot.accuracy, after.oneShot.accuracy)
    if let svm = result.svm { row("SVM, held-out pictures", svm.accuracyBefore, svm.accuracy) }
    print("")
    print("model     \(output)")
    if let exportBackbone { print("backbone  \(exportBackbone)") }
    if let exportFeatures { print("features  \(exportFeatures)") }
    if let metrics { print("metrics   \(metrics)") }
    if let reportPath { print("report    \(reportPath)") }
  }
}
