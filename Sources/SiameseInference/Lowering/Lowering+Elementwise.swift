import SiameseGraph
import SiameseOneDNN

extension Lowering {
  /// Applies an activation to `source`, the output of node `owner` (nil: a value nobody else sees).
  mutating func lowerActivation(
    _ activation: Activation, _ source: Value, _ shape: [Int], of owner: Int?
  ) throws -> Value {
    if let chain = Eltwise.chain(for: activation) { return try lowerChain(chain, source, of: owner) }
    // Not among oneDNN's functions: element by element, on plain floats.
    let plain: Value
    if let owner { plain = try plainValue(owner) } else {
      let layout = try hostLayout(shape)
      plain = source.layout == layout ? source : newValue(layout)
      if source.layout != layout { try reorder(source, to: plain) }
    }
    let result = owner == nil ? plain : newValue(plain.layout)
    let count = batch * shape.reduce(1, *)
    append("\(activation)", [plain, result]) { pointers in
      let (x, y) = (pointers[0].assumingMemoryBound(to: Float.self), pointers[1].assumingMemoryBound(to: Float.self))
      for i in 0..<count { y[i] = activation(x[i]) }
    }
    return result
  }

  /// Applies functions one after another, in place where nobody else needs `source`.
  mutating func lowerChain(_ chain: [Eltwise], _ source: Value, of owner: Int?) throws -> Value {
    guard let first = chain.first else { return source }
    let description = try PrimitiveDescription.eltwise(
      .inference, first, source.layout, then: chain.dropFirst().map { .eltwise($0) })
    let inPlace = owner == nil || isFree(source)
    if inPlace { overwrite(source.buffer) }
    return try unary("activation", description, source, inPlace ? source : newValue(source.layout))
  }

  /// Inputs are combined one after another, in place after the first.
  mutating func lowerElementwise(_ kind: Elementwise, _ node: Graph.Node) throws -> Value {
    let binary: BinaryKind =
      switch kind {
      case .add, .average: .add
      case .subtract: .subtract
      case .multiply: .multiply
      case .divide: .divide
      case .maximum: .maximum
      case .minimum: .minimum
      }
    let rank = node.shape.count
    func layout(_ shape: [Int]) throws -> Layout {
      rank == 3 ? try mapLayout(extents(shape), mapOrder) : try hostLayout(shape)
    }
    /// Inputs of lower rank broadcast as if they had leading extents of 1.
    func aligned(_ input: Int) -> [Int] {
      let shape = graph.nodes[input].shape
      return Array(repeating: 1, count: rank - shape.count) + shape
    }
    let home = try layout(node.shape)
    // oneDNN broadcasts its second operand only; sums and products may change sides.
    var order = node.inputs
    if kind != .subtract, kind != .divide, let full = order.firstIndex(where: { aligned($0) == node.shape }) {
      order.swapAt(0, full)
    }
    func operandValue(_ input: Int) throws -> Value {
      let shape = graph.nodes[input].shape
      if shape.count == rank { return try value(input, in: layout(shape)) }
      let source = try plainValue(input)
      var view = Value(
        layout: try hostLayout(aligned(input)), buffer: source.buffer, byteOffset: source.byteOffset)
      if rank == 3, mapType != .float32 || mapOrder == .blocked {
        let copy = newValue(try layout(aligned(input)))
        try reorder(view, to: copy)
        view = copy
      }
      return view
    }
    var result = try operandValue(order[0])
    if aligned(order[0]) != node.shape { result = try broadcast(result, aligned(order[0]), to: node.shape, home) }
    for (position, input) in order.dropFirst().enumerated() {
      let other = try operandValue(input)
      var operations: [PostOperation] = []
      if kind == .average, position == order.count - 2 {
        operations.append(.eltwise(.linear(scale: 1 / Float(order.count), offset: 0)))
      }
      if position == order.count - 2 { operations += followingActivation() }
      let description = try PrimitiveDescription.binary(binary, result.layout, other.layout, into: home, then: operations)
      let target = position == order.count - 2 ? try newOutput(home) : newValue(home)
      try append(
        "\(kind)", description,
        [operand(.source, result), operand(.secondSource, other), operand(.destination, target)])
      result = target
    }
    return result
  }

  /// Repeats `source` along its extents of 1: zeros, and `source` added to them.
  private mutating func broadcast(_ source: Value, _ old: [Int], to shape: [Int], _ home: Layout) throws -> Value {
    let zeros = newValue(home)
    let byteCount = home.byteCount
    append("zeros", [zeros]) { pointers in
      pointers[0].initializeMemory(as: UInt8.self, repeating: 0, count: byteCount)
    }
    let description = try PrimitiveDescription.binary(.add, home, source.layout, into: home)
    let result = newValue(home)
    try append(
      "broadcast", description,
      [operand(.source, zeros), operand(.secondSource, source), operand(.destination, result)])
    return result
  }
}
