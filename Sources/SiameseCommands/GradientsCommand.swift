import ArgumentParser
import SiameseKit

/// For comparing with other frameworks; `Tests/Parity/gradients.py` runs it.
struct GradientsCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "gradients",
    abstract: "Write a network's gradients on one batch, to compare them with another framework's.",
    discussion: """
      Reads inputs [N, H, W, C], already preprocessed, and output_gradients [N, D] from an HDF5 file, runs one step \
      forward and backward with everything trainable, and writes outputs, input_gradients, and for every weight its path \
      (paths) and its gradient (gradients/0, gradients/1, …) to another.

      EXAMPLE
        siamese gradients --backbone network.keras --layer predictions pass.h5 --output gradients.h5
      """,
    shouldDisplay: false)

  @OptionGroup var network: NetworkOptions

  @Argument(help: ArgumentHelp("The batch.", valueName: "pass.h5"))
  var pass: String

  @Option(name: .shortAndLong, help: ArgumentHelp("Where to write.", valueName: "gradients.h5"))
  var output: String

  @Option(help: ArgumentHelp("Batch normalisation: frozen, batch or statisticsOnly.", valueName: "mode"))
  var batchNorm = "frozen"

  @Option(help: ArgumentHelp("f32, or bf16 where the processor has it.", valueName: "kind"))
  var precision: EmbeddingPrecision = .f32

  @Option(help: ArgumentHelp("Threads; by default one a core.", valueName: "n"))
  var threads: Int?

  func validate() throws {
    guard threads ?? 1 > 0 else { throw ValidationError("--threads must be at least 1, found \(threads!).") }
  }

  func run() throws {
    try requireWritable([Output("--output", output)], inputs: [pass, try network.path])
    try NetworkGradients(network.open(), normalization: batchNorm, precision: precision)
      .run(from: pass, to: output, threads: threads)
  }
}
