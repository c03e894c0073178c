import SiameseTensors

/// `y = x`, of any shape.
struct IdentityOperation: OperationDefinition {
  var isIdentityAtInference: Bool { true }

  func outputShape(_ inputs: [[Int]]) throws(OperationError) -> [Int] { try inputs.only() }

  func forward(_ inputs: [Tensor], _ weights: [ParameterRole: Tensor], mode: PlainMode) -> Tensor { inputs[0] }

  func backward(
    _ inputs: [Tensor], _ weights: [ParameterRole: Tensor], output y: Tensor, gradient g: Tensor, mode: PlainMode
  ) -> PlainGradients {
    PlainGradients(inputs: [g])
  }
}
