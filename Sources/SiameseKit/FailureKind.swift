import SiameseFiles
import SiameseHDF5
import SiameseImages
import SiameseInference
import SiameseKeras
import SiameseMetricLearning

/// What sort of failure an error is, as the exit statuses of the commands tell them apart (BSD's `sysexits.h`).
public enum FailureKind: Int32, Sendable {
  /// An argument asks for something that does not exist or does not fit together.
  case wrongArguments = 64
  /// A file is there, and what it holds cannot be used.
  case badInput = 65
  /// A file or folder is not there or may not be read.
  case missingInput = 66
  /// Reading or writing failed underway.
  case inputOutput = 74
}

/// An error that knows its kind and says, in one sentence, what happened, where, and what to do.
public protocol ClassifiedError: Error, CustomStringConvertible {
  /// The kind of failure.
  var kind: FailureKind { get }
}

/// An error of a whole task: its kind and its sentence.
public struct TaskError: ClassifiedError, Equatable {
  /// The kind of failure.
  public let kind: FailureKind
  /// What happened, where, and what to do, in one sentence.
  public let description: String

  /// An error of that kind with that sentence.
  public init(_ kind: FailureKind, _ description: String) {
    self.kind = kind
    self.description = description
  }
}

extension FailureKind {
  /// The kind of any error this package throws; what is not told apart is bad input.
  public init(of error: any Error) {
    switch error {
    case let error as any ClassifiedError: self = error.kind
    case let error as ImageError:
      switch error {
      case .missing, .unreadable, .folderMissing, .notAFolder: self = .missingInput
      case .unwritable: self = .inputOutput
      case .badAugmentation: self = .wrongArguments
      default: self = .badInput
      }
    case let error as FileError:
      switch error {
      case .missing, .unreadable: self = .missingInput
      case .interrupted, .unwritable: self = .inputOutput
      case .notText: self = .badInput
      }
    case let error as HDF5Error:
      switch error {
      case .unwritable: self = .inputOutput
      case .missingFile, .unreadable: self = .missingInput
      default: self = .badInput
      }
    case let error as MetricLearningError:
      switch error {
      case .unknownName, .badOption: self = .wrongArguments
      default: self = .badInput
      }
    case let error as KerasError:
      switch error {
      case .unknownLayer, .unknownArchitecture, .inputSize: self = .wrongArguments
      default: self = .badInput
      }
    case is InferenceError: self = .wrongArguments
    default: self = .badInput
    }
  }
}
