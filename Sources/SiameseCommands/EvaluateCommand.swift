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

/// What is measured: a features file, or pictures run through a network.
struct MeasuredOptions: ParsableArguments {
  @Option(help: ArgumentHelp("Embeddings with labels, as siamese embed writes them.", valueName: "features"))
  var features: String?

  @Option(help: ArgumentHelp("A model that siamese-finetune wrote.", valueName: "model.h5"))
  var model: String?

  @Option(help: ArgumentHelp("A Keras file of pretrained weights.", valueName: "weights.h5"))
  var backbone: String?

  @Option(help: ArgumentHelp("A folder of pictures, one folder a class; or a .csv list of identity,path.", valueName: "dir"))
  var data: String?

  @Option(help: ArgumentHelp("Average embeddings over changed copies too, as 8:affine:rotate=6:shift=0.03; by default the model's own.", valueName: "list"))
  var views: String?

  @Option(help: ArgumentHelp("squared-l2, l2, l1, cosine, angle, dot or rbf:SIGMA; by default the model's own, else cosine.", valueName: "name"))
  var distance: String?

  @Flag(help: "Stop at the first picture that cannot be read, instead of leaving it out and counting it.")
  var strict = false

  @Option(help: ArgumentHelp("Draws episodes, splits and samples.", valueName: "n"))
  var seed: UInt64 = 0

  @Option(help: ArgumentHelp("Threads; by default one a core.", valueName: "n"))
  var threads: Int?

  /// The network's file, where one is named.
  func networkPath() throws -> String {
    switch (model, backbone) {
    case (let path?, nil), (nil, let path?): return path
    case (nil, nil): throw ValidationError("Give what to measure: --features file, or --model or --backbone with --data.")
    case (.some, .some): throw ValidationError("Give either --backbone or --model, not both.")
    }
  }

  func validateInput() throws {
    if features != nil {
      guard backbone == nil, data == nil else {
        throw ValidationError("Give either --features, or a network with --data, not both; --model beside --features says how to compare.")
      }
    } else {
      _ = try networkPath()
      guard data != nil else { throw ValidationError("Give the pictures: --data folder.") }
    }
    guard threads ?? 1 > 0 else { throw ValidationError("--threads must be at least 1, found \(threads!).") }
  }

  func pictures(_ data: String) throws -> LabelledPictures {
    data.lowercased().hasSuffix(".csv") ? try LabelledPictures(list: data) : try LabelledPictures(folder: data)
  }

  /// Reads or embeds what was named.
  func evaluator() throws -> Evaluator {
    if let path = features {
      let features = try Features(contentsOf: path)
      let recorded = try model.map { try SiameseModel(contentsOf: $0).distance } ?? features.measure()
      return try Evaluator(features, distance: measure(recorded: recorded, of: path), seed: seed, threads: threads)
    }
    let path = try networkPath()
    let list = try pictures(data!)
    let (backbone, recorded) = try open(path)
    let bar = ProgressBar()
    let (features, skipped) = try Embedder(backbone, options: EmbeddingOptions(threads: threads))
      .embed(list, strict: strict, progress: bar.update)
    bar.finish()
    report(skipped)
    return try Evaluator(features, distance: measure(recorded: recorded, of: path), seed: seed, threads: threads)
  }

  /// The network, and how it compares.
  func open(_ path: String) throws -> (backbone: Backbone, distance: Measure?) {
    let model = model == nil ? nil : try SiameseModel(contentsOf: path)
    var backbone = try model?.backbone ?? Backbone(contentsOf: path)
    if let views { backbone.views = try Views(views) }
    return (backbone, model?.distance)
  }

  /// The distance asked for, which must be the one recorded where there is one.
  func measure(recorded: Measure?, of path: String) throws -> Measure {
    guard let recorded else { return try Measure(Distance(name: distance ?? "cosine")) }
    if let distance, try Distance(name: distance).name != recorded.name {
      throw TaskError(
        .wrongArguments, "--distance \(distance): \(path) was made for \(recorded), and thresholds and search use it; "
          + "leave --distance out")
    }
    return recorded
  }
}

extension Features {
  /// How a features file says that its rows are compared; nil where it does not say.
  /// - Throws: `TaskError` where joint layers compare them, which are in the model and not in the file.
  func measure() throws -> Measure? {
    guard let name = attributes["distance"] else { return nil }
    guard !name.hasPrefix("joint ") else {
      throw TaskError(
        .wrongArguments, "these features are compared by joint layers (\(name)), which are in the model; name it beside them "
          + "(--features file --model model.h5), or measure the pictures (--model model.h5 --data folder)")
    }
    return Measure(try Distance(name: name))
  }
}

/// Where figures go.
struct FigureOptions: ParsableArguments {
  @Flag(help: "Print the figures as JSON.")
  var json = false

  @Option(help: ArgumentHelp("Write the figures to this file as JSON.", valueName: "file.json"))
  var metrics: String?

  /// Prints `text` or JSON, and writes the file where one is asked for.
  func publish(_ figures: some Encodable, _ text: () -> String) throws {
    if let metrics { try writeFile(jsonData(figures), to: metrics) }
    if json { try printJSON(figures) } else { print(text()) }
  }
}
