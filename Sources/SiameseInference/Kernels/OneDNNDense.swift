import SiameseGraph
import SiameseOneDNN

/// A dense layer over the last axis, as an inner product of rows.
struct OneDNNDense: KernelRule {
  private let input: Layout, output: Layout
  private let channels: Int, units: Int, hasBias: Bool
  private let activation: Activation, appliesActivation: Bool
  private let description: PrimitiveDescription

  init?(_ node: NodeContext) throws {
    guard case .dense(let units, let bias, let activation) = node.operation else { return nil }
    let shape = node.inputShapes[0], chain = Eltwise.chain(for: activation)
    channels = shape.last ?? 1
    (self.units, hasBias, self.activation, appliesActivation) = (units, bias, activation, chain != nil)
    description = try .innerProduct(
      source: node.rows(shape, width: channels, node.mapType), weights: Layout(any: [units, channels], node.mapType),
      bias: bias ? Layout(rows: [units]) : nil, destination: node.rows(node.shape, width: units),
      then: (chain ?? []).map { .eltwise($0) })
    (input, output) = (try node.host(shape, node.mapType), try node.host(node.shape))
  }

  var layouts: KernelLayouts { KernelLayouts(inputs: [input], output: .room(output)) }

  func activationLeft(_ node: NodeContext) -> Activation { appliesActivation ? .linear : activation }

  func lower(
    _ node: NodeContext, _ inputs: [Value], _ output: Value?, into lowering: inout Lowering
  ) throws -> KernelResult {
    var operands = [
      Program.Operand(.source, inputs[0], as: description.source),
      Program.Operand(.destination, output!, as: description.destination),
    ]
    if let kernel = try lowering.weight(.kernel, description.weights, extents: [units, channels], strides: [1, units]) {
      operands.append(Program.Operand(.weights, kernel))
    }
    if hasBias, let bias = try lowering.vector(.bias, units) { operands.append(Program.Operand(.bias, bias)) }
    let rowCount = node.batch * node.shape.reduce(1, *) / units
    try lowering.append("dense", description, operands, operationCount: 2 * rowCount * channels * units)
    return KernelResult(output!)
  }
}
