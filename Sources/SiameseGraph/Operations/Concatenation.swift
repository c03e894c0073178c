import SiameseTensors

/// Inputs one after the other along an axis, counted without the batch; −1 is the last.
///
/// x₁ `[N, …, A₁, …]`, x₂ `[N, …, A₂, …]`, … → y `[N, …, A₁ + A₂ + …, …]`.
struct ConcatenationOperation: OperationDefinition {
  let axis: Int

  func outputShape(_ inputs: [[Int]]) throws(OperationError) -> [Int] {
    guard let first = inputs.first else { throw OperationError("takes at least one input") }
    let axis = axis < 0 ? first.count + axis : axis
    guard first.indices.contains(axis) else { throw OperationError("axis \(axis) does not exist in \(first)") }
    var result = first
    for shape in inputs.dropFirst() {
      guard shape.count == first.count, shape.indices.allSatisfy({ $0 == axis || shape[$0] == first[$0] }) else {
        throw OperationError("inputs of shapes \(first) and \(shape) differ in more than the axis of concatenation")
      }
      result[axis] = try Extents.sum(result[axis], shape[axis])
    }
    return result
  }

  func forward(_ inputs: [Tensor], _ weights: [ParameterRole: Tensor], mode: PlainMode) -> Tensor {
    let axis = tensorAxis(inputs[0])
    var shape = inputs[0].shape
    shape[axis] = inputs.reduce(0) { $0 + $1.shape[axis] }
    let outer = shape[..<axis].reduce(1, *)
    var elements: [Float] = []
    elements.reserveCapacity(shape.reduce(1, *))
    for block in 0..<outer {
      for input in inputs {
        let length = input.count / outer
        elements += input.elements[block * length..<(block + 1) * length]
      }
    }
    return Tensor(shape: shape, elements: elements)
  }

  func backward(
    _ inputs: [Tensor], _ weights: [ParameterRole: Tensor], output y: Tensor, gradient g: Tensor, mode: PlainMode
  ) -> PlainGradients {
    let outer = g.shape[..<tensorAxis(inputs[0])].reduce(1, *)
    var gradients = inputs.map { _ in [Float]() }
    var position = 0
    for _ in 0..<outer {
      for input in inputs.indices {
        let length = inputs[input].count / outer
        gradients[input] += g.elements[position..<position + length]
        position += length
      }
    }
    return PlainGradients(inputs: zip(inputs, gradients).map { Tensor(shape: $0.shape, elements: $1) })
  }

  /// The axis counted with the batch.
  private func tensorAxis(_ x: Tensor) -> Int { axis < 0 ? x.shape.count + axis : axis + 1 }
}
