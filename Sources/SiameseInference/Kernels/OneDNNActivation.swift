import SiameseGraph
import SiameseOneDNN

/// Element-wise functions that oneDNN has, one after another, written over the input where nobody else needs it.
struct OneDNNActivation: KernelRule {
  private let chain: [Eltwise]

  init?(_ node: NodeContext) {
    switch node.operation {
    case .activation(let activation):
      guard let chain = Eltwise.chain(for: activation) else { return nil }
      self.chain = chain
    case .linear(let scale, let offset): chain = [.linear(scale: scale, offset: offset)]
    default: return nil
    }
  }

  var layouts: KernelLayouts { KernelLayouts(inputs: [nil], output: .inPlace(of: 0)) }

  func lower(
    _ node: NodeContext, _ inputs: [Value], _ output: Value?, into lowering: inout Lowering
  ) throws -> KernelResult {
    try lowering.appendChain(chain, inputs[0], output!)
    return KernelResult(output!)
  }
}

/// Functions that oneDNN lacks, element by element on the host's order.
struct PlainActivation: KernelRule {
  private let activation: Activation
  private let layout: Layout

  init?(_ node: NodeContext) throws {
    guard case .activation(let activation) = node.operation else { return nil }
    self.activation = activation
    layout = try node.host(node.shape)
  }

  var layouts: KernelLayouts { KernelLayouts(inputs: [layout], output: .room(layout)) }

  func lower(_ node: NodeContext, _ inputs: [Value], _ output: Value?, into lowering: inout Lowering) -> KernelResult {
    lowering.appendPlain(activation, inputs[0], output!)
    return KernelResult(output!)
  }
}

extension Lowering {
  /// Appends functions one after another, from `source` to `destination`, which may be the same array.
  mutating func appendChain(_ chain: [Eltwise], _ source: Value, _ destination: Value) throws {
    guard let first = chain.first else { return }
    let description = try PrimitiveDescription.eltwise(
      .inference, first, source.layout, then: chain.dropFirst().map { .eltwise($0) })
    try append(
      "activation", description, [Program.Operand(.source, source), Program.Operand(.destination, destination)])
  }

  /// Appends a function element by element, from `source` to `destination`, which may be the same array of floats.
  mutating func appendPlain(_ activation: Activation, _ source: Value, _ destination: Value) {
    let count = source.storedCount
    append("\(activation)", [source, destination]) { arrays in
      let (x, y) = (arrays.floats(0), arrays.floats(1))
      parallel(count, grain: 512) { part in for i in part { y[i] = activation(x[i]) } }
    }
  }
}
