import ArgumentParser
import SiameseKit

struct EmbedCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "embed",
    abstract: "Write the embeddings of pictures to a features file.",
    discussion: """
      Runs every picture through the network and writes one row a picture, in path order, with its path and label. The \
      output's extension chooses the format: .h5, .npy (with a .tsv of paths and labels), .csv or .libsvm.

      A picture that cannot be read is reported and left out; --strict stops instead.

      EXAMPLES
        siamese embed --backbone vgg16.h5 --data faces --output faces.npy
        siamese embed --model faces.h5 --images a.png b.png --output pair.csv
        siamese embed --backbone weights.h5 --data faces --layer block4_pool --output maps.h5
      """)

  @OptionGroup var network: NetworkOptions
  @OptionGroup var pictures: PictureOptions
  @OptionGroup var compute: ComputeOptions

  @Option(name: .shortAndLong, help: ArgumentHelp("Where to write.", valueName: "features"))
  var output: String

  func run() throws {
    _ = try FeatureFormat(path: output)
    try requireWritable(
      Output.features("--output", output), inputs: [try network.path, pictures.data] + pictures.images)
    let list = try pictures.list()
    let bar = ProgressBar()
    let embedder = try Embedder(network.open(), options: compute.embedding)
    let written = try embedder.embed(list, to: output, strict: pictures.strict, progress: bar.update)
    bar.finish()
    report(written.skipped)
    logLine("\(output): \(written.count) embeddings of \(written.width) numbers")
  }
}
