import SiameseTensors

/// `y = gamma · (x − mean) / √(variance + epsilon) + beta`, mean and variance over all positions and the channels of
/// a group (Wu and He 2018, arXiv 1803.08494).
///
/// x `[N, …, C]`, gamma `[C]`, beta `[C]` → y `[N, …, C]`.
struct GroupNormalizationOperation: OperationDefinition {
  let groups: Int, epsilon: Float, scale: Bool, center: Bool

  func outputShape(_ inputs: [[Int]]) throws(OperationError) -> [Int] {
    let shape = try inputs.only()
    guard groups > 0, let channels = shape.last, channels % groups == 0 else {
      throw OperationError("\(shape.last ?? 0) channels cannot be split into \(groups) groups")
    }
    return shape
  }

  func parameterShapes(_ inputs: [[Int]]) -> [ParameterRole: [Int]] {
    channelParameters(inputs, (.gamma, scale), (.beta, center))
  }

  func forward(_ inputs: [Tensor], _ weights: [ParameterRole: Tensor], mode: PlainMode) -> Tensor {
    SpanNormalization(span: .groups(groups), epsilon: epsilon).forward(inputs[0], weights)
  }

  func backward(
    _ inputs: [Tensor], _ weights: [ParameterRole: Tensor], output y: Tensor, gradient g: Tensor, mode: PlainMode
  ) -> PlainGradients {
    SpanNormalization(span: .groups(groups), epsilon: epsilon).backward(inputs[0], weights, g)
  }
}
