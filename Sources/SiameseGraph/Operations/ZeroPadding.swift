import SiameseTensors

/// Zeros around a map.
///
/// x `[N, H, W, C]` → y `[N, top + H + bottom, left + W + right, C]`.
struct ZeroPaddingOperation: OperationDefinition {
  let insets: EdgeInsets

  func outputShape(_ inputs: [[Int]]) throws(OperationError) -> [Int] {
    let shape = try inputs.onlyMap()
    try insets.check("padding")
    return [
      try Extents.sum(shape[0], insets.top, insets.bottom), try Extents.sum(shape[1], insets.left, insets.right),
      shape[2],
    ]
  }

  func forward(_ inputs: [Tensor], _ weights: [ParameterRole: Tensor], mode: PlainMode) -> Tensor {
    inputs[0].padded(by: insets)
  }

  func backward(
    _ inputs: [Tensor], _ weights: [ParameterRole: Tensor], output y: Tensor, gradient g: Tensor, mode: PlainMode
  ) -> PlainGradients {
    PlainGradients(inputs: [g.cropped(by: insets)])
  }
}
