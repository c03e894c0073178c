import SiameseGraph
import SiameseOneDNN

/// `exp(x) / Σ exp(x)` along the last axis.
struct OneDNNSoftmax: KernelRule {
  private let layout: Layout, rows: Layout
  private let description: PrimitiveDescription

  init?(_ node: NodeContext) throws {
    guard case .softmax = node.operation else { return nil }
    layout = try node.host(node.shape)
    rows = try node.rows(node.shape, width: node.shape.last ?? 1)
    description = try .softmax(source: rows, destination: rows, axis: 1)
  }

  var layouts: KernelLayouts { KernelLayouts(inputs: [layout], output: .room(layout)) }

  func lower(
    _ node: NodeContext, _ inputs: [Value], _ output: Value?, into lowering: inout Lowering
  ) throws -> KernelResult {
    try lowering.append(
      "softmax", description,
      [Program.Operand(.source, inputs[0], as: rows), Program.Operand(.destination, output!, as: rows)])
    return KernelResult(output!)
  }
}

/// Normalisation by the squares of neighbouring channels.
struct OneDNNLocalResponse: KernelRule {
  private let layout: Layout
  private let description: PrimitiveDescription

  init?(_ node: NodeContext) throws {
    guard case .localResponseNormalization(let radius, let bias, let alpha, let beta) = node.operation else {
      return nil
    }
    layout = try node.home(node.shape)
    let size = 2 * radius + 1
    description = try .localResponse(
      .inference, layout, size: size, alpha: alpha * Float(size), beta: beta, bias: bias)
  }

  var layouts: KernelLayouts { KernelLayouts(inputs: [layout], output: .room(layout)) }

  func lower(
    _ node: NodeContext, _ inputs: [Value], _ output: Value?, into lowering: inout Lowering
  ) throws -> KernelResult {
    try lowering.append(
      "local response normalisation", description,
      [Program.Operand(.source, inputs[0]), Program.Operand(.destination, output!)])
    return KernelResult(output!)
  }
}
