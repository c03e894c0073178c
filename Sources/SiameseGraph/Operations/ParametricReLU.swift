import SiameseTensors

/// `y = max(x, 0) + slope · min(x, 0)`, the slope learned (He et al. 2015, arXiv 1502.01852).
///
/// x `[N] + shape`, slope `shape` with extents of 1 for shared axes → y `[N] + shape`.
struct ParametricReLUOperation: OperationDefinition {
  let sharedAxes: [Int]

  func outputShape(_ inputs: [[Int]]) throws(OperationError) -> [Int] {
    let shape = try inputs.only()
    guard sharedAxes.allSatisfy(shape.indices.contains) else {
      throw OperationError("shared axes \(sharedAxes) do not exist in \(shape)")
    }
    return shape
  }

  func parameterShapes(_ inputs: [[Int]]) -> [ParameterRole: [Int]] {
    let shape = inputs.first ?? []
    return [.slope: shape.indices.map { sharedAxes.contains($0) ? 1 : shape[$0] }]
  }

  func forward(_ inputs: [Tensor], _ weights: [ParameterRole: Tensor], mode: PlainMode) -> Tensor {
    let x = inputs[0], slope = weights.needed(.slope)
    let slopes = broadcastOffsets(slope.shape, to: Array(x.shape.dropFirst()))
    return Tensor(
      shape: x.shape,
      elements: x.elements.enumerated().map { $1 > 0 ? $1 : slope.elements[slopes[$0 % slopes.count]] * $1 })
  }

  func backward(
    _ inputs: [Tensor], _ weights: [ParameterRole: Tensor], output y: Tensor, gradient g: Tensor, mode: PlainMode
  ) -> PlainGradients {
    let x = inputs[0], slope = weights.needed(.slope)
    let slopes = broadcastOffsets(slope.shape, to: Array(x.shape.dropFirst()))
    var dx = g
    var dslope = Tensor(shape: slope.shape)
    for i in x.elements.indices where x.elements[i] <= 0 {
      let s = slopes[i % slopes.count]
      dslope.elements[s] += g.elements[i] * x.elements[i]
      dx.elements[i] *= slope.elements[s]
    }
    return PlainGradients(inputs: [dx], weights: [.slope: dslope])
  }
}
