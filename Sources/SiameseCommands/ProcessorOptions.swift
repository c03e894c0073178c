import ArgumentParser
import SiameseKit

/// What may be asked of the processor: shared by the commands that run networks and those that time them.
struct ProcessorOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "Use no more than these instructions: avx512, avx2 or portable; by default all that the processor has.",
      valueName: "level"))
  var isa: InstructionSetLimit?

  @Flag(
    help: "Measure convolution algorithms on this machine, once for each shape, instead of choosing by a fixed rule.")
  var tune = false

  @Option(help: ArgumentHelp("Where measured choices are kept; by default in ~/.cache/siamese.", valueName: "file"))
  var tuningCache: String?

  func validate() throws {
    guard let isa, !isa.isAvailable else { return }
    throw ValidationError(
      "--isa \(isa.rawValue): this processor does not have these instructions; leave the option out.")
  }

  func apply(to options: inout EmbeddingOptions) {
    options.instructionSet = isa
    if tune { options.tuning = .measured(file: tuningCache) }
  }
}

extension InstructionSetLimit: ExpressibleByArgument {}
