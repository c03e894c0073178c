import SiameseGraph
import SiameseOneDNN
import SiameseTensors

/// Any operation, by the plain loops that specify it. Slow, and the only kernel that allocates memory as it runs: for operations
/// too rare to deserve better.
struct PlainOperation: KernelRule {
  private let inputLayouts: [Layout], destination: Layout

  init?(_ node: NodeContext) throws {
    inputLayouts = try node.inputShapes.map { try node.host($0) }
    destination = try node.host(node.shape)
  }

  var layouts: KernelLayouts { KernelLayouts(inputs: inputLayouts, output: .room(destination)) }

  func lower(
    _ node: NodeContext, _ inputs: [Value], _ output: Value?, into lowering: inout Lowering
  ) throws -> KernelResult {
    let operation = node.operation
    let inputShapes = node.inputShapes.map { [node.batch] + $0 }
    let weights = operation.parameterShapes(inputs: node.inputShapes).sorted { $0.key.rawValue < $1.key.rawValue }
    let constants = try weights.map { role, shape in
      var strides = [Int](repeating: 1, count: shape.count)
      for axis in shape.indices.dropLast().reversed() { strides[axis] = strides[axis + 1] * shape[axis + 1] }
      return try lowering.weight(role, Layout(rows: shape), extents: shape, strides: strides)!
    }
    let operands =
      inputs.map { Program.Operand(.source, $0) } + constants.map { Program.Operand(.weights, $0) }
      + [Program.Operand(.destination, output!)]
    lowering.append("plain loops", operands) { arrays in
      func tensor(_ index: Int, _ shape: [Int]) -> Tensor {
        Tensor(
          shape: shape,
          elements: Array(UnsafeBufferPointer(start: arrays.floats(index), count: shape.reduce(1, *))))
      }
      let tensors = inputShapes.enumerated().map { tensor($0, $1) }
      var values: [ParameterRole: Tensor] = [:]
      for (index, weight) in weights.enumerated() {
        values[weight.key] = tensor(inputShapes.count + index, weight.value)
      }
      let result = operation.plainForward(tensors, values, mode: .inference)
      arrays.floats(inputShapes.count + weights.count).update(from: result.elements, count: result.count)
    }
    return KernelResult(output!)
  }
}
