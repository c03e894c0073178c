import SiameseTensors

/// `y = gamma · (x − mean) / √(variance + epsilon) + beta`, mean and variance over the channels of each position (Ba,
/// Kiros and Hinton 2016, arXiv 1607.06450).
///
/// x `[N, …, C]`, gamma `[C]`, beta `[C]` → y `[N, …, C]`.
struct LayerNormalizationOperation: OperationDefinition {
  let epsilon: Float, scale: Bool, center: Bool

  func outputShape(_ inputs: [[Int]]) throws(OperationError) -> [Int] { try inputs.onlyWithChannels() }

  func parameterShapes(_ inputs: [[Int]]) -> [ParameterRole: [Int]] {
    channelParameters(inputs, (.gamma, scale), (.beta, center))
  }

  func forward(_ inputs: [Tensor], _ weights: [ParameterRole: Tensor], mode: PlainMode) -> Tensor {
    SpanNormalization(span: .perPosition, epsilon: epsilon).forward(inputs[0], weights)
  }

  func backward(
    _ inputs: [Tensor], _ weights: [ParameterRole: Tensor], output y: Tensor, gradient g: Tensor, mode: PlainMode
  ) -> PlainGradients {
    SpanNormalization(span: .perPosition, epsilon: epsilon).backward(inputs[0], weights, g)
  }
}
