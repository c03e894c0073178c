import SiameseGraph
import SiameseOneDNN

/// Sums, products and the like of two or more inputs, combined one after another.
struct OneDNNElementwise: KernelRule {
  private let kind: Elementwise
  /// How each input is read, and how it lies once it has the output's rank.
  private let read: [Layout], aligned: [Layout]
  /// Whether an input has the output's rank.
  private let hasRank: [Bool]
  private let home: Layout
  /// Positions of the inputs in the order in which they are combined: oneDNN broadcasts its second operand only, and sums and
  /// products may change sides.
  private let order: [Int]
  /// Whether the first input in that order has the output's shape.
  private let isFirstFull: Bool

  init?(_ node: NodeContext) throws {
    guard case .elementwise(let kind) = node.operation else { return nil }
    self.kind = kind
    let rank = node.shape.count, facts = node.facts
    func layout(_ shape: [Int]) throws -> Layout {
      rank == 3 ? try facts.mapLayout(facts.extents(shape), facts.mapOrder, node.mapType) : try node.host(shape)
    }
    /// Inputs of lower rank broadcast as if they had leading extents of 1.
    let shapes = node.inputShapes.map { Array(repeating: 1, count: rank - $0.count) + $0 }
    hasRank = node.inputShapes.map { $0.count == rank }
    home = try layout(node.shape)
    aligned = try shapes.map(layout)
    read = try node.inputShapes.map { try $0.count == rank ? layout($0) : node.host($0) }
    var order = Array(node.inputs.indices)
    if kind != .subtract, kind != .divide, let full = shapes.firstIndex(of: node.shape) { order.swapAt(0, full) }
    self.order = order
    isFirstFull = shapes[order[0]] == node.shape
  }

  var layouts: KernelLayouts { KernelLayouts(inputs: read, output: .own) }

  private var binary: BinaryKind {
    switch kind {
    case .add, .average: .add
    case .subtract: .subtract
    case .multiply: .multiply
    case .divide: .divide
    case .maximum: .maximum
    case .minimum: .minimum
    }
  }

  /// oneDNN applies what follows, except after an average, whose division is a step of its own: of two linear functions after
  /// one primitive it takes the first one's numbers for both.
  func activationLeft(_ node: NodeContext) -> Activation { kind == .average ? node.node.activation : .linear }

  func lower(
    _ node: NodeContext, _ inputs: [Value], _ output: Value?, into lowering: inout Lowering
  ) throws -> KernelResult {
    let chain = kind == .average ? [] : Eltwise.chain(for: node.node.activation) ?? []
    var result = try operand(order[0], inputs, &lowering, node)
    if !isFirstFull { result = try broadcast(result, &lowering) }
    for (position, input) in order.dropFirst().enumerated() {
      let other = try operand(input, inputs, &lowering, node), isLast = position == order.count - 2
      let description = try PrimitiveDescription.binary(
        binary, result.layout, other.layout, into: home, then: isLast ? chain.map { .eltwise($0) } : [])
      let target = try isLast ? lowering.room(home) : lowering.array(home)
      try lowering.append(
        "\(kind)", description,
        [
          Program.Operand(.source, result), Program.Operand(.secondSource, other),
          Program.Operand(.destination, target),
        ])
      result = target
    }
    if kind == .average {
      try lowering.appendChain([.linear(scale: 1 / Float(order.count), offset: 0)], result, result)
    }
    return KernelResult(result)
  }

  /// Input number `index` with the output's rank.
  private func operand(
    _ index: Int, _ inputs: [Value], _ lowering: inout Lowering, _ node: NodeContext
  ) throws -> Value {
    guard !hasRank[index] else { return inputs[index] }
    let shape = node.inputShapes[index]
    let view = inputs[index].viewed(
      as: try node.host(Array(repeating: 1, count: node.shape.count - shape.count) + shape))
    guard view.layout != aligned[index] else { return view }
    let copy = lowering.array(aligned[index])
    try lowering.reorder(view, to: copy)
    return copy
  }

  /// Repeats `source` along its extents of 1: zeros, and `source` added to them.
  private func broadcast(_ source: Value, _ lowering: inout Lowering) throws -> Value {
    let zeros = lowering.array(home), byteCount = home.byteCount
    lowering.append("zeros", [zeros]) { $0[0].initializeMemory(as: UInt8.self, repeating: 0, count: byteCount) }
    let description = try PrimitiveDescription.binary(.add, home, source.layout, into: home)
    let result = lowering.array(home)
    try lowering.append(
      "broadcast", description,
      [
        Program.Operand(.source, zeros), Program.Operand(.secondSource, source), Program.Operand(.destination, result),
      ])
    return result
  }
}
