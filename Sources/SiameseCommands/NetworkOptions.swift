import ArgumentParser
import SiameseKit

/// Which network, and how it takes its pictures: shared by every command that runs one.
struct NetworkOptions: ParsableArguments {
  @OptionGroup var pretrained: PretrainedOptions

  var path: String { get throws { try pretrained.path } }
  func open() throws -> Backbone { try pretrained.open() }
  mutating func validate() throws { _ = try path }
}

/// A network of a file.
struct PretrainedOptions: ParsableArguments {
  @Option(help: ArgumentHelp("A Keras file of pretrained weights.", valueName: "weights.h5"))
  var backbone: String?

  @Option(help: ArgumentHelp("A model that siamese-finetune wrote, instead of a backbone.", valueName: "model.h5"))
  var model: String?

  @Option(help: ArgumentHelp("The layer whose output is the embedding, or several to average and join, as fire8/concat+fire9/concat; by default the last features before the classifier.", valueName: "name"))
  var layer: String?

  @Option(help: ArgumentHelp("The architecture of a weights-only file, where its layer names do not settle it.", valueName: "name"))
  var architecture: String?

  @Option(help: ArgumentHelp("How pixels become numbers: caffe, tf, torch or none; by default the architecture's own way.", valueName: "mode"))
  var preprocess: String?

  @Option(help: ArgumentHelp("The input's side in pixels, where the file leaves it open.", valueName: "pixels"))
  var inputSize: Int?

  @Option(help: ArgumentHelp("Average the embedding over the picture and changed copies, as flip:1 or 8:affine:rotate=6:shift=0.03; a model remembers its own.", valueName: "list"))
  var views: String?

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

  func open() throws -> Backbone {
    var backbone = try Backbone(
      contentsOf: path, architecture: architecture, layer: layer, preprocessing: preprocess, inputSize: inputSize)
    if let views { backbone.views = try Views(views) }
    return backbone
  }

}

/// A network to train: one of a file, or one of the catalogue from scratch.
struct TrainableNetworkOptions: ParsableArguments {
  @OptionGroup var pretrained: PretrainedOptions

  @Flag(help: "Start from random weights of the --architecture, such as conv4, instead of a file.")
  var fromScratch = false

  func open(seed: UInt64) throws -> Backbone {
    guard fromScratch, let architecture = pretrained.architecture else { return try pretrained.open() }
    var backbone = try Backbone(
      untrained: architecture, inputSize: pretrained.inputSize, preprocessing: pretrained.preprocess, seed: seed)
    if let views = pretrained.views { backbone.views = try Views(views) }
    return backbone
  }

  mutating func validate() throws {
    guard fromScratch else { _ = try pretrained.path; return }
    guard pretrained.backbone == nil, pretrained.model == nil else {
      throw ValidationError("--from-scratch takes no --backbone and no --model: its weights are random.")
    }
    guard pretrained.architecture != nil else { throw ValidationError("--from-scratch needs --architecture NAME, such as conv4.") }
    guard pretrained.layer == nil else { throw ValidationError("--layer needs a pretrained network; with --from-scratch leave it out.") }
  }
}

/// How much of the machine to use, and how exactly.
struct ComputeOptions: ParsableArguments {
  @Option(help: ArgumentHelp("Threads; by default one a core.", valueName: "n"))
  var threads: Int?

  @Option(help: ArgumentHelp("Pictures in one run of the network at most; by default as many as suit it.", valueName: "n"))
  var batch: Int?

  @Option(help: ArgumentHelp("f32, or bf16 where the processor has it (twice as fast, three digits).", valueName: "kind"))
  var precision: EmbeddingPrecision = .f32

  @OptionGroup var processor: ProcessorOptions

  func validate() throws {
    guard batch ?? 1 > 0 else { throw ValidationError("--batch must be at least 1, found \(batch!).") }
    guard threads ?? 1 > 0 else { throw ValidationError("--threads must be at least 1, found \(threads!).") }
  }

  var embedding: EmbeddingOptions {
    var options = EmbeddingOptions(batch: batch, threads: threads, precision: precision)
    processor.apply(to: &options)
    return options
  }
}

extension EmbeddingPrecision: ExpressibleByArgument {}

/// Which pictures.
struct PictureOptions: ParsableArguments {
  @Option(help: ArgumentHelp("A folder of pictures, one folder a class; or a .csv list of identity,path.", valueName: "dir"))
  var data: String?

  @Option(parsing: .upToNextOption, help: ArgumentHelp("Single pictures instead of a folder.", valueName: "file"))
  var images: [String] = []

  @Flag(help: "Stop at the first picture that cannot be read, instead of leaving it out and counting it.")
  var strict = false

  func validate() throws {
    guard (data != nil) != !images.isEmpty else {
      throw ValidationError("Give the pictures: --data folder, or --images file …, and only one of the two.")
    }
  }
}
