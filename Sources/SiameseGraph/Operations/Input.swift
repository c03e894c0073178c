import SiameseTensors

/// Data that enter the graph: `[N] + shape`.
struct InputOperation: OperationDefinition {
  let shape: [Int]

  func outputShape(_ inputs: [[Int]]) throws(OperationError) -> [Int] {
    guard inputs.isEmpty else { throw OperationError("an input layer takes no inputs") }
    return shape
  }

  func forward(_ inputs: [Tensor], _ weights: [ParameterRole: Tensor], mode: PlainMode) -> Tensor { inputs[0] }

  func backward(
    _ inputs: [Tensor], _ weights: [ParameterRole: Tensor], output y: Tensor, gradient g: Tensor, mode: PlainMode
  ) -> PlainGradients {
    PlainGradients(inputs: [g])
  }
}
