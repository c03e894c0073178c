import SiameseTensors

/// What an operation is: the shapes it takes and gives, the weights it needs, and the plain loops that specify it.
///
/// Each operation has a small type that conforms, in a file of its own under `Operations`. Shapes of shape inference
/// leave out the batch; tensors have it as their first axis.
protocol OperationDefinition: Sendable {
  /// Whether its output equals its input except while training.
  var isIdentityAtInference: Bool { get }

  /// Whether it makes probabilities, or their logarithms, of the scores of classes: a classifier ends in it.
  var givesProbabilities: Bool { get }

  /// The output's shape.
  /// - Throws: `OperationError` where the operation does not fit its inputs.
  func outputShape(_ inputs: [[Int]]) throws(OperationError) -> [Int]

  /// The weights it needs and their shapes, for inputs that it fits.
  func parameterShapes(_ inputs: [[Int]]) -> [ParameterRole: [Int]]

  /// The output for `inputs`, of which there is at least one.
  func forward(_ inputs: [Tensor], _ weights: [ParameterRole: Tensor], mode: PlainMode) -> Tensor

  /// The gradients of a scalar with respect to the inputs and the trainable weights, given its `gradient` with
  /// respect to the output.
  func backward(
    _ inputs: [Tensor], _ weights: [ParameterRole: Tensor], output: Tensor, gradient: Tensor, mode: PlainMode
  ) -> PlainGradients
}

extension OperationDefinition {
  var isIdentityAtInference: Bool { false }
  var givesProbabilities: Bool { false }
  func parameterShapes(_ inputs: [[Int]]) -> [ParameterRole: [Int]] { [:] }
}

/// How an operation that behaves differently in training acts.
package enum PlainMode: Equatable, Sendable {
  /// As a trained network does.
  case inference
  /// Batch normalisation takes the batch's own statistics; dropout draws its mask from `seed`.
  case training(seed: UInt64)
}

/// The gradients of one operation.
package struct PlainGradients {
  /// With respect to each input, in their order.
  package var inputs: [Tensor]
  /// With respect to each trainable weight.
  package var weights: [ParameterRole: Tensor] = [:]
}

extension Operation {
  /// Whether its output equals its input except while training.
  package var isIdentityAtInference: Bool { definition.isIdentityAtInference }

  /// Whether it makes probabilities, or their logarithms, of the scores of classes: a classifier ends in it.
  package var givesProbabilities: Bool { definition.givesProbabilities }

  /// The output's shape.
  /// - Throws: `OperationError` where the operation does not fit its inputs, or an array would be too large.
  func outputShape(inputs: [[Int]]) throws(OperationError) -> [Int] {
    let definition = definition
    for shape in inputs { _ = try Extents.checked(shape) }
    let shape = try Extents.checked(definition.outputShape(inputs))
    for weight in definition.parameterShapes(inputs).values { _ = try Extents.checked(weight) }
    return shape
  }

  /// The weights it needs and their shapes, for inputs that it fits.
  package func parameterShapes(inputs: [[Int]]) -> [ParameterRole: [Int]] { definition.parameterShapes(inputs) }

  /// The operation's output by plain loops. An `input` has none of its own: it is given.
  package func plainForward(_ inputs: [Tensor], _ weights: [ParameterRole: Tensor], mode: PlainMode) -> Tensor {
    precondition(!inputs.isEmpty, "an operation without inputs has no forward pass")
    return definition.forward(inputs, weights, mode: mode)
  }

  /// The gradients of a scalar with respect to inputs and weights by plain loops, given its `gradient` with respect
  /// to the output.
  package func plainBackward(
    _ inputs: [Tensor], _ weights: [ParameterRole: Tensor], output: Tensor, gradient: Tensor, mode: PlainMode
  ) -> PlainGradients {
    precondition(!inputs.isEmpty, "an operation without inputs has no backward pass")
    return definition.backward(inputs, weights, output: output, gradient: gradient, mode: mode)
  }
}

extension [ParameterRole: Tensor] {
  /// The weight of that role, which the operation lists among its parameters.
  func needed(_ role: ParameterRole) -> Tensor {
    guard let tensor = self[role] else { preconditionFailure("the weight '\(role.rawValue)' is missing") }
    return tensor
  }
}
