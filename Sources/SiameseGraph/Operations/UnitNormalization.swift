import SiameseTensors

/// `y = x / max(‖x‖, √epsilon)` along the last axis.
///
/// x `[N, …, C]` → y `[N, …, C]`.
struct UnitNormalizationOperation: OperationDefinition {
  let epsilon: Float

  func outputShape(_ inputs: [[Int]]) throws(OperationError) -> [Int] { try inputs.onlyWithChannels() }

  func forward(_ inputs: [Tensor], _ weights: [ParameterRole: Tensor], mode: PlainMode) -> Tensor {
    let x = inputs[0]
    let width = x.shape.last ?? 1
    var y = x
    for start in stride(from: 0, to: x.count, by: width) {
      let norm = max(x.elements[start..<start + width].reduce(0) { $0 + $1 * $1 }, epsilon).squareRoot()
      for i in start..<start + width { y.elements[i] /= norm }
    }
    return y
  }

  /// `dx = (g − y · ⟨y, g⟩) / ‖x‖`, or `g / √epsilon` where the norm is smaller than that.
  func backward(
    _ inputs: [Tensor], _ weights: [ParameterRole: Tensor], output y: Tensor, gradient g: Tensor, mode: PlainMode
  ) -> PlainGradients {
    let x = inputs[0]
    let width = x.shape.last ?? 1
    var dx = g
    for start in stride(from: 0, to: x.count, by: width) {
      let squares = x.elements[start..<start + width].reduce(0) { $0 + $1 * $1 }
      let norm = max(squares, epsilon).squareRoot()
      var along: Float = 0
      for i in start..<start + width { along += x.elements[i] / norm * g.elements[i] }
      if squares <= epsilon { along = 0 }
      for i in start..<start + width { dx.elements[i] = (g.elements[i] - x.elements[i] / norm * along) / norm }
    }
    return PlainGradients(inputs: [dx])
  }
}
