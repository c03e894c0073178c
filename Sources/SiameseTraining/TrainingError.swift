/// What cannot be trained, and why.
package enum TrainingError: Error, Equatable, CustomStringConvertible {
  /// A weight that is to be trained and that the network has not.
  case unknownPath(String)
  /// Inputs of other shapes than the plan's.
  case inputs(expected: [[Int]], found: [[Int]])
  /// Gradients of other shapes than the outputs'.
  case outputGradients(expected: [[Int]], found: [[Int]])
  /// No output depends on a weight that is to be trained.
  case nothingToTrain
  /// A backward pass without a forward pass before it.
  case backwardFirst

  /// The reason as a sentence.
  package var description: String {
    switch self {
    case .unknownPath(let path): "the network has no weight '\(path)' to train"
    case .inputs(let expected, let found): "the training plan takes inputs of shapes \(expected), found \(found)"
    case .outputGradients(let expected, let found):
      "the backward pass takes gradients of the outputs' shapes \(expected), found \(found)"
    case .nothingToTrain: "no output of the network depends on a weight that is to be trained"
    case .backwardFirst: "a backward pass needs a forward pass before it"
    }
  }
}
