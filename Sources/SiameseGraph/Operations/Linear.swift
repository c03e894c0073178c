import SiameseTensors

/// `y = scale · x + offset` with fixed numbers, of any shape.
struct LinearOperation: OperationDefinition {
  let scale: Float, offset: Float

  var isIdentityAtInference: Bool { scale == 1 && offset == 0 }

  func outputShape(_ inputs: [[Int]]) throws(OperationError) -> [Int] { try inputs.only() }

  func forward(_ inputs: [Tensor], _ weights: [ParameterRole: Tensor], mode: PlainMode) -> Tensor {
    inputs[0].map { scale * $0 + offset }
  }

  func backward(
    _ inputs: [Tensor], _ weights: [ParameterRole: Tensor], output y: Tensor, gradient g: Tensor, mode: PlainMode
  ) -> PlainGradients {
    PlainGradients(inputs: [g.map { scale * $0 }])
  }
}
