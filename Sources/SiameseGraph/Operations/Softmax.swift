import Foundation
import SiameseTensors

/// `y = exp(x) / Σ exp(x)` along the last axis.
///
/// x `[N, …, C]` → y `[N, …, C]`.
struct SoftmaxOperation: OperationDefinition {
  var givesProbabilities: Bool { true }

  func outputShape(_ inputs: [[Int]]) throws(OperationError) -> [Int] { try inputs.onlyWithChannels() }

  func forward(_ inputs: [Tensor], _ weights: [ParameterRole: Tensor], mode: PlainMode) -> Tensor {
    let x = inputs[0]
    let width = x.shape.last ?? 1
    var y = x
    for start in stride(from: 0, to: x.count, by: width) {
      let peak = x.elements[start..<start + width].max() ?? 0
      var sum: Float = 0
      for i in start..<start + width {
        y.elements[i] = exp(x.elements[i] - peak)
        sum += y.elements[i]
      }
      for i in start..<start + width { y.elements[i] /= sum }
    }
    return y
  }

  /// `dx = y · (g − Σ y g)`.
  func backward(
    _ inputs: [Tensor], _ weights: [ParameterRole: Tensor], output y: Tensor, gradient g: Tensor, mode: PlainMode
  ) -> PlainGradients {
    let width = y.shape.last ?? 1
    var dx = g
    for start in stride(from: 0, to: y.count, by: width) {
      var sum: Float = 0
      for i in start..<start + width { sum += y.elements[i] * g.elements[i] }
      for i in start..<start + width { dx.elements[i] = y.elements[i] * (g.elements[i] - sum) }
    }
    return PlainGradients(inputs: [dx])
  }
}
