import Foundation
import SiameseTensors

/// `y_i = x_i · s_i^−beta` with `s_i = bias + alpha · Σ_{|j − i| ≤ radius} x_j²` over neighbouring channels
/// (Krizhevsky, Sutskever and Hinton 2012).
///
/// x `[N, …, C]` → y `[N, …, C]`.
struct LocalResponseOperation: OperationDefinition {
  let radius: Int, bias: Float, alpha: Float, beta: Float

  func outputShape(_ inputs: [[Int]]) throws(OperationError) -> [Int] {
    let shape = try inputs.onlyWithChannels()
    guard (0..<Extents.elementLimit / 2).contains(radius) else {
      throw OperationError("a neighbourhood cannot have a radius of \(radius) channels")
    }
    return shape
  }

  func forward(_ inputs: [Tensor], _ weights: [ParameterRole: Tensor], mode: PlainMode) -> Tensor {
    Tensor(
      shape: inputs[0].shape, elements: zip(inputs[0].elements, scales(inputs[0])).map { $0 * pow($1, -beta) })
  }

  /// `dx_i = g_i · s_i^−beta − 2 · alpha · beta · x_i · Σ_{|j − i| ≤ radius} g_j · x_j · s_j^(−beta − 1)`.
  func backward(
    _ inputs: [Tensor], _ weights: [ParameterRole: Tensor], output y: Tensor, gradient g: Tensor, mode: PlainMode
  ) -> PlainGradients {
    let x = inputs[0]
    let scales = scales(x)
    let channels = x.shape.last ?? 1
    var dx = g
    for i in x.elements.indices {
      let c = i % channels
      var sum: Float = 0
      for j in neighbours(of: c, among: channels) {
        let k = i - c + j
        sum += g.elements[k] * x.elements[k] * pow(scales[k], -beta - 1)
      }
      dx.elements[i] = g.elements[i] * pow(scales[i], -beta) - 2 * alpha * beta * x.elements[i] * sum
    }
    return PlainGradients(inputs: [dx])
  }

  private func scales(_ x: Tensor) -> [Float] {
    let channels = x.shape.last ?? 1
    return x.elements.indices.map { i in
      let c = i % channels
      let sum = neighbours(of: c, among: channels).reduce(Float(0)) {
        $0 + x.elements[i - c + $1] * x.elements[i - c + $1]
      }
      return bias + alpha * sum
    }
  }

  private func neighbours(of channel: Int, among channels: Int) -> ClosedRange<Int> {
    max(0, channel - radius)...min(channels - 1, channel + radius)
  }
}
