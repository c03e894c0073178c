import ArgumentParser
import Foundation
import SiameseFiles
import SiameseKit

struct ReportCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "report",
    abstract: "Make one page that shows how good a model is, where it errs, and how it was made.",
    discussion: """
      Writes a self-contained page: the verdict in a sentence, histograms of distances with the threshold, the ROC curve, \
      the most confused classes, maps of the embedding, the hardest pictures, a table class by class, and how it was made. \
      With --before, weights or features of the same pictures, both are shown side by side.

      EXAMPLES
        siamese report --model faces.h5 --data people --output report.html
        siamese report --model faces.h5 --before weights.h5 --data people --output report.html
        siamese report --features after.h5 --before before.h5 --output report.html
      """)

  @OptionGroup var measured: MeasuredOptions

  @Option(help: ArgumentHelp("Weights, a model or features of the same pictures to compare with.", valueName: "file"))
  var before: String?

  @Option(help: ArgumentHelp("Title of the page; by default the model's or file's name.", valueName: "text"))
  var title: String?

  @Option(name: .shortAndLong, help: ArgumentHelp("Where to write the page.", valueName: "report.html"))
  var output: String

  func validate() throws { try measured.validateInput() }

  func run() throws {
    try requireWritable([Output("--output", output)], inputs: measured.inputs + [before])
    let (after, model) = try measured.measure()
    var builder = ReportBuilder(after: after, before: try before.map { try earlier($0, like: after) })
    let path = try measured.features ?? measured.networkPath()
    if let model {
      builder.threshold = try? model.decisionThreshold()
      builder.trainedClasses = model.record.classes
    }
    builder.provenance = try provenance(path, after, model?.record)
    builder.command = typedCommand()
    let page = try builder.page(title: title ?? path.pathName)
    try writeFile(Data(page.html.utf8), to: output)
    logLine("\(output): \(grouped(page.html.utf8.count / 1024)) KiB")
  }

  private func earlier(_ path: String, like after: Evaluator) throws -> Evaluator {
    let features: Features
    var recorded: Measure?
    if let data = measured.data, (try? FeatureFormat(path: path)) != .npy {
      let (backbone, record) = try Backbone.open(path)
      recorded = record?.measure
      let bar = ProgressBar()
      features = try Embedder(backbone, options: measured.compute.embedding)
        .embed(labelledPictures(data), strict: measured.strict, progress: bar.update).features
      bar.finish()
    } else {
      features = try Features(contentsOf: path)
    }
    guard features.labels == after.features.labels else {
      throw TaskError(
        .badInput,
        "\(path): should hold the same pictures in the same order, \(after.features.count) rows, found "
          + "\(features.count)" + (features.count == after.features.count ? " with other labels" : ""))
    }
    return try Evaluator(
      features, distance: recorded ?? features.measure() ?? after.distance,
      seed: measured.seed, threads: measured.compute.threads)
  }

  private func provenance(_ path: String, _ after: Evaluator, _ record: ModelRecord?) throws -> [(
    name: String, value: String
  )] {
    var lines: [(name: String, value: String)] = [
      (measured.features != nil ? "features" : measured.network.model != nil ? "model" : "backbone", path),
      ("SHA-256", try fileHash(path)),
    ]
    if let data = measured.data { lines.append(("pictures", data)) }
    lines += [
      ("pictures measured", "\(after.features.count) of \(after.classes.count) classes"),
      ("embedding", "\(after.features.width) numbers, compared by \(after.distance)"),
    ]
    if let record {
      lines += record.provenance.sorted { $0.key < $1.key }.map {
        ($0.key.replacingOccurrences(of: "_", with: " "), $0.value)
      }
    }
    return lines + [("measured with seed", "\(measured.seed)"), ("siamese", toolVersion)]
  }
}

/// The command as it was typed, without the folder of the executable.
func typedCommand() -> String {
  let name = (CommandLine.arguments.first.map { $0.pathName }) ?? "siamese"
  return ([name] + CommandLine.arguments.dropFirst().map(shellQuoted)).joined(separator: " ")
}

/// An argument as a shell takes it.
func shellQuoted(_ argument: String) -> String {
  let plain = argument.unicodeScalars.allSatisfy {
    $0.isASCII && (CharacterSet.alphanumerics.contains($0) || "-_./=:,+@%".unicodeScalars.contains($0))
  }
  return plain && !argument.isEmpty ? argument : "'" + argument.replacingOccurrences(of: "'", with: "'\\''") + "'"
}
