import ArgumentParser
import SiameseKit

/// How much of the machine to use, and how exactly.
struct ComputeOptions: ParsableArguments {
  @Option(help: ArgumentHelp("Threads; by default one a core.", valueName: "n"))
  var threads: Int?

  @Option(
    help: ArgumentHelp("Pictures in one run of the network at most; by default as many as suit it.", valueName: "n"))
  var batch: Int?

  @Option(
    help: ArgumentHelp("f32, or bf16 where the processor has it (twice as fast, three digits).", valueName: "kind"))
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
