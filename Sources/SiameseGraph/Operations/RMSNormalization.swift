import SiameseTensors

/// `y_i = x_i · scale_i / √(mean(x²) + epsilon)` along the last axis (Zhang and Sennrich 2019, arXiv 1910.07467).
///
/// x `[N, …, C]`, scale `[C]` → y `[N, …, C]`.
struct RMSNormalizationOperation: OperationDefinition {
  let epsilon: Float

  func outputShape(_ inputs: [[Int]]) throws(OperationError) -> [Int] { try inputs.onlyWithChannels() }

  func parameterShapes(_ inputs: [[Int]]) -> [ParameterRole: [Int]] { channelParameters(inputs, (.scale, true)) }

  func forward(_ inputs: [Tensor], _ weights: [ParameterRole: Tensor], mode: PlainMode) -> Tensor {
    let x = inputs[0], scale = weights.needed(.scale).elements
    var y = x
    for start in stride(from: 0, to: x.count, by: scale.count) {
      let factor = inverseRoot(x, start, scale.count)
      for c in scale.indices { y.elements[start + c] *= factor * scale[c] }
    }
    return y
  }

  /// With `r = 1 / √(mean(x²) + epsilon)`: `dx_i = r · (g_i · scale_i − x_i · r² · mean(g · scale · x))` and
  /// `dscale_i = Σ g_i · x_i · r`, the sum over samples and positions.
  func backward(
    _ inputs: [Tensor], _ weights: [ParameterRole: Tensor], output y: Tensor, gradient g: Tensor, mode: PlainMode
  ) -> PlainGradients {
    let x = inputs[0], scale = weights.needed(.scale).elements
    var dx = g
    var dscale = [Double](repeating: 0, count: scale.count)
    for start in stride(from: 0, to: x.count, by: scale.count) {
      let factor = inverseRoot(x, start, scale.count)
      var along: Float = 0
      for c in scale.indices {
        along += g.elements[start + c] * scale[c] * x.elements[start + c]
        dscale[c] += Double(g.elements[start + c] * x.elements[start + c] * factor)
      }
      along *= factor * factor / Float(scale.count)
      for c in scale.indices {
        dx.elements[start + c] = factor * (g.elements[start + c] * scale[c] - x.elements[start + c] * along)
      }
    }
    return PlainGradients(inputs: [dx], weights: channelGradients(weights, (.scale, dscale)))
  }

  /// `1 / √(mean(x²) + epsilon)` of the `count` elements from `start` on.
  private func inverseRoot(_ x: Tensor, _ start: Int, _ count: Int) -> Float {
    let squares = x.elements[start..<start + count].reduce(0) { $0 + $1 * $1 }
    return 1 / (squares / Float(count) + epsilon).squareRoot()
  }
}
