import SiameseTensors

/// Axes in another order.
///
/// x `[N, E₀, E₁, …]` → y `[N, E_axes[0], E_axes[1], …]`.
struct PermutationOperation: OperationDefinition {
  let axes: [Int]

  func outputShape(_ inputs: [[Int]]) throws(OperationError) -> [Int] {
    let shape = try inputs.only()
    guard axes.sorted() == Array(shape.indices) else {
      throw OperationError("\(axes) do not order the axes of \(shape)")
    }
    return axes.map { shape[$0] }
  }

  func forward(_ inputs: [Tensor], _ weights: [ParameterRole: Tensor], mode: PlainMode) -> Tensor {
    permuted(inputs[0], axes)
  }

  func backward(
    _ inputs: [Tensor], _ weights: [ParameterRole: Tensor], output y: Tensor, gradient g: Tensor, mode: PlainMode
  ) -> PlainGradients {
    var inverse = axes
    for (new, old) in axes.enumerated() { inverse[old] = new }
    return PlainGradients(inputs: [permuted(g, inverse)])
  }

  private func permuted(_ x: Tensor, _ axes: [Int]) -> Tensor {
    let shape = Array(x.shape.dropFirst())
    var strides = [Int](repeating: 1, count: shape.count)
    for axis in shape.indices.dropLast().reversed() { strides[axis] = strides[axis + 1] * shape[axis + 1] }
    let target = axes.map { shape[$0] }
    var y = Tensor(shape: [x.rowCount] + target)
    let width = x.rowWidth
    for element in 0..<width {
      var rest = element, source = 0
      for axis in target.indices.reversed() {
        source += rest % target[axis] * strides[axes[axis]]
        rest /= target[axis]
      }
      for n in 0..<x.rowCount { y.elements[n * width + element] = x.elements[n * width + source] }
    }
    return y
  }
}
