import ArgumentParser
import SiameseKit

/// Which network, and how it takes its pictures: shared by the commands that run one of any kind.
struct NetworkOptions: ParsableArguments {
  @OptionGroup var pretrained: PretrainedOptions

  var path: String { get throws { try pretrained.path } }
  func open() throws -> Backbone { try pretrained.open() }
  mutating func validate() throws { _ = try path }
}

/// Which fine-tuned model, and how it takes its pictures: shared by the commands that need its distance or thresholds.
struct ModelOptions: ParsableArguments {
  @Option(help: ArgumentHelp("A model that siamese-finetune wrote.", valueName: "model.h5"))
  var model: String

  @OptionGroup var adjustments: AdjustmentOptions

  func open() throws -> SiameseModel { try SiameseModel(contentsOf: model, adjustments: adjustments.make()) }
}

/// A network of a file, of either kind.
struct PretrainedOptions: ParsableArguments {
  @Option(help: ArgumentHelp("A Keras file of pretrained weights.", valueName: "weights.h5"))
  var backbone: String?

  @Option(help: ArgumentHelp("A model that siamese-finetune wrote, instead of a backbone.", valueName: "model.h5"))
  var model: String?

  @OptionGroup var adjustments: AdjustmentOptions

  var layer: String? { adjustments.layer }
  var architecture: String? { adjustments.architecture }
  var inputSize: Int? { adjustments.inputSize }

  /// The path given, of either kind.
  var path: String {
    get throws {
      switch (backbone, model) {
      case (let path?, nil), (nil, let path?): return path
      case (nil, nil): throw ValidationError("Give the network: --backbone weights.h5, or --model model.h5.")
      case (.some, .some): throw ValidationError("Give either --backbone or --model, not both.")
      }
    }
  }

  func open() throws -> Backbone { try Backbone.open(path, adjustments.make()).backbone }
}

/// How a network is to be taken where that is not as its file says: shared by every command that opens one.
struct AdjustmentOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "The layer whose output is the embedding, or several whose averages are concatenated, as fire8/concat+fire9/concat; by default the last features before the classifier, of a model what it gives.",
      valueName: "name"))
  var layer: String?

  @Option(
    help: ArgumentHelp(
      "The architecture of a weights-only file, where its layer names do not settle it.", valueName: "name"))
  var architecture: String?

  @Option(
    help: ArgumentHelp(
      "How pixels become numbers: caffe, tf, torch or none; by default the model's or the architecture's own way.",
      valueName: "mode"))
  var preprocess: String?

  @Option(
    help: ArgumentHelp(
      "The input's side in pixels, where the file leaves it open or another is wanted.", valueName: "pixels"))
  var inputSize: Int?

  @Option(
    help: ArgumentHelp(
      "Test-time augmentation: average the embedding over the picture and changed copies, as flip:1 or 8:affine:rotate=6:shift=0.03; a model remembers its own.",
      valueName: "list"))
  var views: String?

  /// Whether none of them is given.
  var isEmpty: Bool { layer == nil && architecture == nil && preprocess == nil && inputSize == nil && views == nil }

  func make() throws -> NetworkAdjustments {
    NetworkAdjustments(
      architecture: architecture, layer: layer, preprocessing: preprocess, inputSize: inputSize,
      views: try views.map { try Views($0) })
  }
}

/// A network to train: one of a file, or one of the catalogue from scratch.
struct TrainableNetworkOptions: ParsableArguments {
  @OptionGroup var pretrained: PretrainedOptions

  @Flag(help: "Start from random weights of the --architecture, such as conv4, instead of a file.")
  var fromScratch = false

  func open(seed: UInt64) throws -> Backbone {
    let adjustments = try pretrained.adjustments.make()
    guard fromScratch, let architecture = adjustments.architecture else { return try pretrained.open() }
    var backbone = try Backbone(
      untrained: architecture, inputSize: adjustments.inputSize, preprocessing: adjustments.preprocessing, seed: seed)
    backbone.views = adjustments.views
    return backbone
  }

  mutating func validate() throws {
    guard fromScratch else {
      _ = try pretrained.path
      return
    }
    guard pretrained.backbone == nil, pretrained.model == nil else {
      throw ValidationError("--from-scratch takes no --backbone and no --model: its weights are random.")
    }
    guard pretrained.architecture != nil else {
      throw ValidationError("--from-scratch needs --architecture NAME, such as conv4.")
    }
    guard pretrained.layer == nil else {
      throw ValidationError("--layer needs a pretrained network; with --from-scratch leave it out.")
    }
  }
}
