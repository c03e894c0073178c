import SiameseTensors

/// Weights with one number a channel (last axis), which many operations have.

/// The shapes of the parts that are there.
func channelParameters(_ inputs: [[Int]], _ parts: (ParameterRole, isThere: Bool)...) -> [ParameterRole: [Int]] {
  let channels = [inputs.first?.last ?? 0]
  return Dictionary(uniqueKeysWithValues: parts.filter(\.isThere).map { ($0.0, channels) })
}

/// The gradients of the parts that are there.
func channelGradients(
  _ weights: [ParameterRole: Tensor], _ parts: (ParameterRole, [Double])...
) -> [ParameterRole: Tensor] {
  var result: [ParameterRole: Tensor] = [:]
  for (role, sums) in parts where weights[role] != nil {
    result[role] = Tensor(shape: [sums.count], elements: sums.map(Float.init))
  }
  return result
}

/// The sum over every axis but the last: the gradient of a bias.
func channelSums(_ g: Tensor) -> Tensor {
  let channels = g.shape.last ?? 1
  var sums = [Double](repeating: 0, count: channels)
  for i in g.elements.indices { sums[i % channels] += Double(g.elements[i]) }
  return Tensor(shape: [channels], elements: sums.map(Float.init))
}
