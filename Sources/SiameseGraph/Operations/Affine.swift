import SiameseTensors

/// `y = scale · x + offset` per channel.
///
/// x `[N, …, C]`, scale `[C]`, offset `[C]` → y `[N, …, C]`; a part that is absent is 1 or 0.
struct AffineOperation: OperationDefinition {
  let scale: Bool, offset: Bool

  func outputShape(_ inputs: [[Int]]) throws(OperationError) -> [Int] { try inputs.onlyWithChannels() }

  func parameterShapes(_ inputs: [[Int]]) -> [ParameterRole: [Int]] {
    channelParameters(inputs, (.scale, scale), (.offset, offset))
  }

  func forward(_ inputs: [Tensor], _ weights: [ParameterRole: Tensor], mode: PlainMode) -> Tensor {
    let x = inputs[0]
    let channels = x.shape.last ?? 1
    return Tensor(
      shape: x.shape,
      elements: x.elements.enumerated().map {
        $1 * (weights[.scale]?.elements[$0 % channels] ?? 1) + (weights[.offset]?.elements[$0 % channels] ?? 0)
      })
  }

  func backward(
    _ inputs: [Tensor], _ weights: [ParameterRole: Tensor], output y: Tensor, gradient g: Tensor, mode: PlainMode
  ) -> PlainGradients {
    let x = inputs[0]
    let channels = x.shape.last ?? 1
    var dscale = [Double](repeating: 0, count: channels), doffset = dscale
    var dx = g
    for i in g.elements.indices {
      dscale[i % channels] += Double(g.elements[i] * x.elements[i])
      doffset[i % channels] += Double(g.elements[i])
      dx.elements[i] *= weights[.scale]?.elements[i % channels] ?? 1
    }
    return PlainGradients(inputs: [dx], weights: channelGradients(weights, (.scale, dscale), (.offset, doffset)))
  }
}
