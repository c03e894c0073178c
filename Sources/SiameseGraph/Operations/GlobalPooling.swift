import SiameseTensors

/// The maximum or average over all positions of a map.
///
/// x `[N, H, W, C]` → y `[N, C]`, or `[N, 1, 1, C]` where dimensions are kept.
struct GlobalPoolingOperation: OperationDefinition {
  let kind: Pooling.Kind, keepsDimensions: Bool

  func outputShape(_ inputs: [[Int]]) throws(OperationError) -> [Int] {
    let shape = try inputs.onlyMap()
    return keepsDimensions ? [1, 1, shape[2]] : [shape[2]]
  }

  func forward(_ inputs: [Tensor], _ weights: [ParameterRole: Tensor], mode: PlainMode) -> Tensor {
    let x = inputs[0]
    let y = window(x).forward(inputs, weights, mode: mode)
    return keepsDimensions ? y : y.reshaped([x.rowCount, x.shape[3]])
  }

  func backward(
    _ inputs: [Tensor], _ weights: [ParameterRole: Tensor], output y: Tensor, gradient g: Tensor, mode: PlainMode
  ) -> PlainGradients {
    let shape = [inputs[0].rowCount, 1, 1, inputs[0].shape[3]]
    return window(inputs[0]).backward(
      inputs, weights, output: y.reshaped(shape), gradient: g.reshaped(shape), mode: mode)
  }

  /// One window over the whole map.
  private func window(_ x: Tensor) -> Pooling { Pooling(kind, window: Size(x.shape[1], x.shape[2]), strides: Size(1)) }
}
