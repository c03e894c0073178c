import SiameseTensors

/// The same elements under another shape.
///
/// x `[N, …]` → y `[N] + shape`, in which one extent may be −1: what remains.
struct ReshapeOperation: OperationDefinition {
  let shape: [Int]

  func outputShape(_ inputs: [[Int]]) throws(OperationError) -> [Int] {
    let source = try inputs.only()
    let misfit = OperationError("\(source) cannot become \(shape)")
    let total = try Extents.product(of: source)
    let given = shape.filter { $0 != -1 }
    guard shape.count - given.count <= 1, given.allSatisfy({ $0 > 0 }) else { throw misfit }
    let known = try Extents.product(of: given)
    guard total % known == 0, given.count < shape.count || known == total else { throw misfit }
    return shape.map { $0 == -1 ? total / known : $0 }
  }

  func forward(_ inputs: [Tensor], _ weights: [ParameterRole: Tensor], mode: PlainMode) -> Tensor {
    let x = inputs[0]
    let known = shape.filter { $0 != -1 }.reduce(1, *)
    return x.reshaped([x.rowCount] + shape.map { $0 == -1 ? x.rowWidth / known : $0 })
  }

  func backward(
    _ inputs: [Tensor], _ weights: [ParameterRole: Tensor], output y: Tensor, gradient g: Tensor, mode: PlainMode
  ) -> PlainGradients {
    PlainGradients(inputs: [g.reshaped(inputs[0].shape)])
  }
}
