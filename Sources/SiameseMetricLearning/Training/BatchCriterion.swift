import SiameseTensors
import SiameseTraining

/// The side of training that looks at embeddings: a loss, with weights of its own if it has any.
package protocol BatchCriterion: AnyObject {
  /// The loss of a batch, its gradient at the embeddings, and, kept inside, that of its own weights.
  func evaluate(
    _ embeddings: Tensor, labels: [Int], using generator: inout SeededGenerator
  ) throws -> Objective.Evaluation
  /// Moves its own weights by the gradients of the last evaluation.
  func step(_ optimizer: inout Optimizer, rate: Float)
  /// Its own weights, by path.
  var state: [String: Tensor] { get set }
}

/// An objective with the proxies that its losses learn.
package final class ObjectiveCriterion: BatchCriterion {
  private let objective: Objective
  /// The proxies, by path.
  package var state: [String: Tensor]
  private var gradients: [String: Tensor] = [:]

  /// - Parameter width: The width of the embeddings, D.
  package init(_ objective: Objective, classCount: Int, width: Int, seed: UInt64) {
    var generator = SeededGenerator(seed: seed)
    self.objective = objective
    state = objective.initialParameters(classCount: classCount, width: width, using: &generator)
  }

  /// The loss of a batch with these proxies.
  package func evaluate(
    _ embeddings: Tensor, labels: [Int], using generator: inout SeededGenerator
  ) throws -> Objective.Evaluation {
    let found = try objective.evaluate(embeddings, labels: labels, parameters: state, using: &generator)
    gradients = found.parameterGradients
    return found
  }

  /// Moves the proxies by the gradients of the last evaluation.
  package func step(_ optimizer: inout Optimizer, rate: Float) {
    for (path, gradient) in gradients.sorted(by: { $0.key < $1.key }) {
      guard var weights = state.removeValue(forKey: path) else { continue }
      optimizer.step(path, &weights, gradient: gradient, rate: rate)
      state[path] = weights
    }
  }
}
