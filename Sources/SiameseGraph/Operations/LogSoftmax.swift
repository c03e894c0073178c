import Foundation
import SiameseTensors

/// `y = x − log Σ exp(x)` along the last axis: the logarithm of softmax, right where softmax itself would round to 0.
///
/// x `[N, …, C]` → y `[N, …, C]`.
struct LogSoftmaxOperation: OperationDefinition {
  var givesProbabilities: Bool { true }

  func outputShape(_ inputs: [[Int]]) throws(OperationError) -> [Int] { try inputs.onlyWithChannels() }

  func forward(_ inputs: [Tensor], _ weights: [ParameterRole: Tensor], mode: PlainMode) -> Tensor {
    let width = inputs[0].shape.last ?? 1
    var y = inputs[0]
    for start in stride(from: 0, to: y.count, by: width) {
      let peak = y.elements[start..<start + width].max() ?? 0
      let sum = y.elements[start..<start + width].reduce(0) { $0 + exp($1 - peak) }
      for i in start..<start + width { y.elements[i] -= peak + log(sum) }
    }
    return y
  }

  /// `dx = g − exp(y) · Σ g`.
  func backward(
    _ inputs: [Tensor], _ weights: [ParameterRole: Tensor], output y: Tensor, gradient g: Tensor, mode: PlainMode
  ) -> PlainGradients {
    let width = y.shape.last ?? 1
    var dx = g
    for start in stride(from: 0, to: y.count, by: width) {
      let sum = g.elements[start..<start + width].reduce(0, +)
      for i in start..<start + width { dx.elements[i] -= exp(y.elements[i]) * sum }
    }
    return PlainGradients(inputs: [dx])
  }
}
