import ArgumentParser
import SiameseKit

/// What is measured: a features file, or pictures run through a network.
struct MeasuredOptions: ParsableArguments {
  @Option(help: ArgumentHelp("Embeddings with labels, as siamese embed writes them.", valueName: "features"))
  var features: String?

  @OptionGroup var network: PretrainedOptions

  @Option(
    help: ArgumentHelp("A folder of pictures, one folder a class; or a .csv list of identity,path.", valueName: "dir"))
  var data: String?

  @Option(
    help: ArgumentHelp(
      "squared-l2, l2, l1, cosine, angle, dot or rbf:SIGMA; by default the model's own, else cosine.", valueName: "name"
    ))
  var distance: String?

  @Flag(help: "Stop at the first picture that cannot be read, instead of leaving it out and counting it.")
  var strict = false

  @Option(help: ArgumentHelp("Draws episodes, splits and samples.", valueName: "n"))
  var seed: UInt64 = 0

  @OptionGroup(title: "Computing") var compute: ComputeOptions

  /// The network's file, where one is named.
  func networkPath() throws -> String {
    guard network.backbone != nil || network.model != nil else {
      throw ValidationError("Give what to measure: --features file, or --model or --backbone with --data.")
    }
    return try network.path
  }

  func validateInput() throws {
    guard features != nil else {
      _ = try networkPath()
      guard data != nil else { throw ValidationError("Give the pictures: --data folder.") }
      return
    }
    guard network.backbone == nil, data == nil else {
      throw ValidationError(
        "Give either --features, or a network with --data, not both; --model beside --features says how to compare.")
    }
    guard network.adjustments.isEmpty else {
      throw ValidationError(
        "--layer, --architecture, --preprocess, --input-size and --views say how a network takes pictures; with --features leave them out."
      )
    }
  }

  /// Everything that is read.
  var inputs: [String?] { [features, network.model, network.backbone, data] }

  /// Reads or embeds what was named; with the model, where one is named.
  func measure() throws -> (evaluator: Evaluator, model: SiameseModel?) {
    if let path = features {
      let features = try Features(contentsOf: path)
      let model = try network.model.map { try SiameseModel(contentsOf: $0) }
      let distance = try distance(recorded: model?.distance ?? features.measure(), of: path)
      return (try Evaluator(features, distance: distance, seed: seed, threads: compute.threads), model)
    }
    let list = try labelledPictures(data!)
    let (backbone, model) = try open()
    let bar = ProgressBar()
    let (features, skipped) = try Embedder(backbone, options: compute.embedding).embed(
      list, strict: strict, progress: bar.update)
    bar.finish()
    report(skipped)
    let distance = try distance(recorded: model?.distance, of: networkPath())
    return (try Evaluator(features, distance: distance, seed: seed, threads: compute.threads), model)
  }

  func evaluator() throws -> Evaluator { try measure().evaluator }

  /// The network, and the model that it is of, where `--model` names one.
  func open() throws -> (backbone: Backbone, model: SiameseModel?) {
    guard let path = network.model else { return (try network.open(), nil) }
    _ = try networkPath()
    let model = try SiameseModel(contentsOf: path, adjustments: network.adjustments.make())
    return (model.backbone, model)
  }

  /// The distance asked for, which must be the one recorded where there is one.
  func distance(recorded: Measure?, of path: String) throws -> Measure {
    guard let recorded else { return try Measure(Distance(name: distance ?? "cosine")) }
    if let distance, try Distance(name: distance).name != recorded.name {
      throw TaskError(
        .wrongArguments,
        "--distance \(distance): \(path) was made for \(recorded), and thresholds and search use it; "
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
        .wrongArguments,
        "these features are compared by joint layers (\(name)), which are in the model; name it beside them "
          + "(--features file --model model.h5), or measure the pictures (--model model.h5 --data folder)")
    }
    return Measure(try Distance(name: name))
  }
}
