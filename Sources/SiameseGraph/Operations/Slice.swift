import SiameseTensors

/// Some of the channels.
///
/// x `[N, …, C]` → y `[N, …, count]`: channels `start ..< start + count`.
struct SliceOperation: OperationDefinition {
  let start: Int, count: Int

  func outputShape(_ inputs: [[Int]]) throws(OperationError) -> [Int] {
    let shape = try inputs.only()
    let end = try Extents.sum(start, count)
    guard let channels = shape.last, start >= 0, count > 0, end <= channels else {
      throw OperationError("channels \(start)..<\(end) are outside \(shape)")
    }
    return shape.dropLast() + [count]
  }

  func forward(_ inputs: [Tensor], _ weights: [ParameterRole: Tensor], mode: PlainMode) -> Tensor {
    let x = inputs[0]
    let channels = x.shape.last ?? 1
    var y = Tensor(shape: x.shape.dropLast() + [count])
    for i in y.elements.indices { y.elements[i] = x.elements[i / count * channels + start + i % count] }
    return y
  }

  func backward(
    _ inputs: [Tensor], _ weights: [ParameterRole: Tensor], output y: Tensor, gradient g: Tensor, mode: PlainMode
  ) -> PlainGradients {
    let channels = inputs[0].shape.last ?? 1
    var dx = Tensor(shape: inputs[0].shape)
    for i in g.elements.indices { dx.elements[i / count * channels + start + i % count] = g.elements[i] }
    return PlainGradients(inputs: [dx])
  }
}
