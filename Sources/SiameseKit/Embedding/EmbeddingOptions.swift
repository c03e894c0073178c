import SiameseInference
import SiameseOneDNN

/// The numbers inside the network, float32 or bfloat16; embeddings are always float32, and so are weights in training.
public enum EmbeddingPrecision: String, Sendable, CaseIterable {
  case f32, bf16

  /// Whether this processor computes in such numbers.
  public var isAvailable: Bool { planned.isAvailable }

  var planned: Precision { self == .bf16 ? .bfloat16 : .float32 }
}

/// The instructions that a process may use: all that the processor has, or fewer, to see how it would do without.
public enum InstructionSetLimit: String, Sendable, CaseIterable {
  /// AVX-512: registers of 16 floats.
  case avx512
  /// AVX2 and FMA: registers of 8 floats.
  case avx2
  /// What every processor of the architecture has.
  case portable

  /// Whether this processor goes as far.
  public var isAvailable: Bool { level <= Processor.best }

  var level: InstructionSet {
    switch self {
    case .avx512: .avx512
    case .avx2: .avx2
    case .portable: .portable
    }
  }
}

/// How a network chooses among ways to compute a convolution.
public enum ConvolutionTuning: Sendable, Equatable {
  /// By a fixed rule: the same on every machine of a kind, in no time.
  case fixed
  /// By measuring each shape once on this machine; choices are kept in `file`, by default in `~/.cache/siamese`.
  case measured(file: String? = nil)

  var planned: Tuning {
    switch self {
    case .fixed: .fixed
    case .measured(let file): .measured(TuningCache(path: file ?? TuningCache.defaultPath))
    }
  }
}

/// How an embedder uses the machine.
public struct EmbeddingOptions: Sendable, Equatable {
  /// Pictures in one run of the network at most; nil for as many as suit it.
  public var batch: Int?
  /// Threads; nil for one a core.
  public var threads: Int?
  /// The numbers inside the network.
  public var precision: EmbeddingPrecision
  /// How algorithms are chosen.
  public var tuning = ConvolutionTuning.fixed
  /// The instructions that may be used, by the whole process; nil for all that the processor has.
  public var instructionSet: InstructionSetLimit?

  /// Options; see the properties.
  public init(batch: Int? = nil, threads: Int? = nil, precision: EmbeddingPrecision = .f32) {
    self.batch = batch
    self.threads = threads
    self.precision = precision
  }

  /// The same for a runner.
  var running: RunnerOptions {
    var options = RunnerOptions()
    options.precision = precision.planned
    if let threads { options.threads = max(1, threads) }
    options.batch = batch.map { max(1, $0) }
    options.tuning = tuning.planned
    options.instructionSet = instructionSet?.level
    return options
  }
}
