import SiameseTensors

/// A map enlarged by whole factors: each value repeated, or neighbours weighed by the distance between the centres of
/// pixels, as `tf.image.resize` does.
///
/// x `[N, H, W, C]` → y `[N, height · H, width · W, C]`.
struct UpsamplingOperation: OperationDefinition {
  let height: Int, width: Int, bilinear: Bool

  func outputShape(_ inputs: [[Int]]) throws(OperationError) -> [Int] {
    let shape = try inputs.onlyMap()
    guard height > 0, width > 0 else { throw OperationError("factors must be positive") }
    return [try Extents.product(shape[0], height), try Extents.product(shape[1], width), shape[2]]
  }

  func forward(_ inputs: [Tensor], _ weights: [ParameterRole: Tensor], mode: PlainMode) -> Tensor {
    let x = inputs[0]
    var y = Tensor(shape: [x.rowCount, x.shape[1] * height, x.shape[2] * width, x.shape[3]])
    forEachShare(x) { output, input, share in y.elements[output] += share * x.elements[input] }
    return y
  }

  func backward(
    _ inputs: [Tensor], _ weights: [ParameterRole: Tensor], output y: Tensor, gradient g: Tensor, mode: PlainMode
  ) -> PlainGradients {
    var dx = Tensor(shape: inputs[0].shape)
    forEachShare(inputs[0]) { output, input, share in dx.elements[input] += share * g.elements[output] }
    return PlainGradients(inputs: [dx])
  }

  /// Calls `body(output element, input element, share)` for every input element that an output element is made of.
  private func forEachShare(_ x: Tensor, _ body: (_ output: Int, _ input: Int, _ share: Float) -> Void) {
    let rows = sources(x.shape[1], height), columns = sources(x.shape[2], width)
    let channels = x.shape[3]
    for n in 0..<x.rowCount {
      for (outputRow, down) in rows.enumerated() {
        for (outputColumn, across) in columns.enumerated() {
          let output = ((n * rows.count + outputRow) * columns.count + outputColumn) * channels
          for (row, rowShare) in down {
            for (column, columnShare) in across {
              let input = ((n * x.shape[1] + row) * x.shape[2] + column) * channels
              for c in 0..<channels { body(output + c, input + c, rowShare * columnShare) }
            }
          }
        }
      }
    }
  }

  /// For each output position along one axis, the input positions it is made of, and their shares.
  private func sources(_ extent: Int, _ factor: Int) -> [[(source: Int, share: Float)]] {
    (0..<extent * factor).map { output in
      guard bilinear else { return [(output / factor, 1)] }
      let position = (Float(output) + 0.5) / Float(factor) - 0.5
      let below = position.rounded(.down), share = position - below
      let lower = min(max(Int(below), 0), extent - 1), upper = min(max(Int(below) + 1, 0), extent - 1)
      return [(lower, 1 - share), (upper, share)]
    }
  }
}
