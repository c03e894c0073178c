import SiameseRandom
import SiameseTensors

/// In training each element is 0 with probability `rate` and divided by `1 − rate` otherwise; the identity at
/// inference.
struct DropoutOperation: OperationDefinition {
  let rate: Float

  var isIdentityAtInference: Bool { true }

  func outputShape(_ inputs: [[Int]]) throws(OperationError) -> [Int] { try inputs.only() }

  func forward(_ inputs: [Tensor], _ weights: [ParameterRole: Tensor], mode: PlainMode) -> Tensor {
    masked(inputs[0], rate, mode, drawEvery: 1)
  }

  func backward(
    _ inputs: [Tensor], _ weights: [ParameterRole: Tensor], output y: Tensor, gradient g: Tensor, mode: PlainMode
  ) -> PlainGradients {
    PlainGradients(inputs: [masked(g, rate, mode, drawEvery: 1)])
  }
}

/// The same with one draw for each sample: stochastic depth (Huang et al. 2016, arXiv 1603.09382).
struct StochasticDepthOperation: OperationDefinition {
  let rate: Float

  var isIdentityAtInference: Bool { true }

  func outputShape(_ inputs: [[Int]]) throws(OperationError) -> [Int] { try inputs.only() }

  func forward(_ inputs: [Tensor], _ weights: [ParameterRole: Tensor], mode: PlainMode) -> Tensor {
    masked(inputs[0], rate, mode, drawEvery: inputs[0].rowWidth)
  }

  func backward(
    _ inputs: [Tensor], _ weights: [ParameterRole: Tensor], output y: Tensor, gradient g: Tensor, mode: PlainMode
  ) -> PlainGradients {
    PlainGradients(inputs: [masked(g, rate, mode, drawEvery: g.rowWidth)])
  }
}

/// `x` times a mask in which `length` neighbouring elements share a draw; `x` itself at inference.
private func masked(_ x: Tensor, _ rate: Float, _ mode: PlainMode, drawEvery length: Int) -> Tensor {
  guard case .training(let seed) = mode, rate > 0 else { return x }
  return Tensor(
    shape: x.shape,
    elements: x.elements.enumerated().map {
      $1 * dropoutFactor(seed: seed, index: $0 / max(length, 1), rate: rate)
    })
}

/// The factor of element `index`: a draw of its own, so that any order and any number of threads give the same mask.
@inlinable @inline(__always) package func dropoutFactor(seed: UInt64, index: Int, rate: Float) -> Float {
  let z = SplitMix64.mix(seed &+ UInt64(truncatingIfNeeded: index) &* SplitMix64.increment)
  return Float(z >> 40) * 0x1p-24 < rate ? 0 : 1 / (1 - rate)
}
