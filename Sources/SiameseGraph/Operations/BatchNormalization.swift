import SiameseTensors

/// `y = gamma · (x − mean) / √(variance + epsilon) + beta` per channel (Ioffe and Szegedy 2015, arXiv 1502.03167).
///
/// x `[N, …, C]`, all weights `[C]` → y `[N, …, C]`. Mean and variance are the running ones at inference, the batch's
/// own in training.
struct BatchNormalizationOperation: OperationDefinition {
  let epsilon: Float, scale: Bool, center: Bool

  func outputShape(_ inputs: [[Int]]) throws(OperationError) -> [Int] { try inputs.onlyWithChannels() }

  func parameterShapes(_ inputs: [[Int]]) -> [ParameterRole: [Int]] {
    channelParameters(inputs, (.gamma, scale), (.beta, center), (.movingMean, true), (.movingVariance, true))
  }

  func forward(_ inputs: [Tensor], _ weights: [ParameterRole: Tensor], mode: PlainMode) -> Tensor {
    let x = inputs[0]
    let channels = x.shape.last ?? 1
    let (mean, variance) = statistics(x, weights, mode)
    var y = x
    for i in x.elements.indices {
      let c = i % channels
      let normal = (x.elements[i] - mean[c]) / (variance[c] + epsilon).squareRoot()
      y.elements[i] = normal * (weights[.gamma]?.elements[c] ?? 1) + (weights[.beta]?.elements[c] ?? 0)
    }
    return y
  }

  /// With running statistics `dx = g · gamma / √(variance + epsilon)`; where they come from `x` itself, the parts of
  /// `g` along 1 and along the normalised `x` are taken out.
  func backward(
    _ inputs: [Tensor], _ weights: [ParameterRole: Tensor], output y: Tensor, gradient g: Tensor, mode: PlainMode
  ) -> PlainGradients {
    let x = inputs[0]
    let channels = x.shape.last ?? 1
    let count = Double(x.count / channels)
    let (mean, variance) = statistics(x, weights, mode)
    let factors = variance.map { 1 / ($0 + epsilon).squareRoot() }
    func normal(_ i: Int) -> Float { (x.elements[i] - mean[i % channels]) * factors[i % channels] }
    var dgamma = [Double](repeating: 0, count: channels), dbeta = dgamma
    for i in g.elements.indices {
      dbeta[i % channels] += Double(g.elements[i])
      dgamma[i % channels] += Double(g.elements[i] * normal(i))
    }
    var dx = g
    for i in g.elements.indices {
      let c = i % channels
      let shared = mode == .inference ? 0 : Float(dbeta[c] / count) + normal(i) * Float(dgamma[c] / count)
      dx.elements[i] = (g.elements[i] - shared) * factors[c] * (weights[.gamma]?.elements[c] ?? 1)
    }
    return PlainGradients(inputs: [dx], weights: channelGradients(weights, (.gamma, dgamma), (.beta, dbeta)))
  }

  /// Mean and biased variance of each channel.
  private func statistics(
    _ x: Tensor, _ weights: [ParameterRole: Tensor], _ mode: PlainMode
  ) -> (mean: [Float], variance: [Float]) {
    if mode == .inference {
      return (weights.needed(.movingMean).elements, weights.needed(.movingVariance).elements)
    }
    let channels = x.shape.last ?? 1
    let count = Double(x.count / channels)
    var mean = [Double](repeating: 0, count: channels), variance = mean
    for i in x.elements.indices { mean[i % channels] += Double(x.elements[i]) / count }
    for i in x.elements.indices {
      let centred = Double(x.elements[i]) - mean[i % channels]
      variance[i % channels] += centred * centred / count
    }
    return (mean.map(Float.init), variance.map(Float.init))
  }
}
