import SiameseGraph
import SiameseInference
import SiameseOneDNN

/// The same elements under another shape, in Keras' order.
struct ReshapeRule: TrainingRule {
  init?(_ node: TrainingNode) {
    guard case .reshape = node.operation else { return nil }
  }

  func lower(_ node: TrainingNode, into lowering: inout TrainingLowering) throws -> TrainingStage {
    try lowering.reshaped(node.input, node)
  }
}

/// Zeros around a map, blocks staying blocks.
struct ZeroPaddingRule: TrainingRule {
  private let insets: EdgeInsets

  init?(_ node: TrainingNode) {
    guard case .zeroPadding(let insets) = node.operation else { return nil }
    self.insets = insets
  }

  func lower(_ node: TrainingNode, into lowering: inout TrainingLowering) throws -> TrainingStage {
    let x = node.input
    let y = lowering.newValue(node, try node.facts.sameOrder(as: x, node.shape))
    let inner = try y.layout.part(x.layout.extents, at: [0, 0, insets.top, insets.left])
    lowering.builder.loop("zeros", of: node.name, [y.array]) { $0[0].clear() }
    try lowering.builder.reorder(x.array, to: y.array.viewed(as: inner), of: node.name, "zero padding")
    return TrainingStage(y) { lowering in
      let g = lowering.gradient(y)
      let dx = lowering.builder.array(x.layout)
      try lowering.builder.reorder(g.viewed(as: inner), to: dx, of: node.name, "gradient")
      lowering.contribute(dx, to: x)
    }
  }
}

/// A map without its borders, blocks staying blocks.
struct CroppingRule: TrainingRule {
  private let insets: EdgeInsets

  init?(_ node: TrainingNode) {
    guard case .cropping(let insets) = node.operation else { return nil }
    self.insets = insets
  }

  func lower(_ node: TrainingNode, into lowering: inout TrainingLowering) throws -> TrainingStage {
    let x = node.input
    let y = lowering.newValue(node, try node.facts.sameOrder(as: x, node.shape))
    return try lowering.part(of: x, at: [0, 0, insets.top, insets.left], y, node)
  }
}

/// Channels from one on, in Keras' order.
struct SliceRule: TrainingRule {
  private let start: Int

  init?(_ node: TrainingNode) {
    guard case .slice(let start, _) = node.operation else { return nil }
    self.start = start
  }

  func lower(_ node: TrainingNode, into lowering: inout TrainingLowering) throws -> TrainingStage {
    let x = try lowering.hostForm(node.input)
    let y = lowering.newValue(node, try node.facts.hostLayout(node.shape))
    var offsets = [Int](repeating: 0, count: x.shape.count)
    offsets[x.shape.count == 4 ? 1 : x.shape.count - 1] = start
    return try lowering.part(of: x, at: offsets, y, node)
  }
}

/// Channels (or another axis) side by side. Blocks stay blocks where every border falls between two.
struct ConcatenationRule: TrainingRule {
  private let axis: Int

  init?(_ node: TrainingNode) {
    guard case .concatenate(let axis) = node.operation else { return nil }
    self.axis = axis
  }

  func lower(_ node: TrainingNode, into lowering: inout TrainingLowering) throws -> TrainingStage {
    let shape = node.shape
    let facts = node.facts
    let kerasAxis = axis < 0 ? shape.count + axis : axis + 1
    let isMap = shape.count == 4
    let axis = isMap ? [0, 2, 3, 1][kerasAxis] : kerasAxis
    let staysBlocked = isMap && (axis != 1 || node.inputs.allSatisfy { $0.shape[3] % facts.block == 0 })
    func layout(_ shape: [Int]) throws -> Layout { try staysBlocked ? facts.mapLayout(shape) : facts.hostLayout(shape) }
    let parts = try node.inputs.map { try lowering.form($0, layout($0.shape)) }
    let y = lowering.newValue(node, try layout(shape))
    var offset = 0
    let places = try parts.map { part in
      defer { offset += part.layout.extents[axis] }
      var offsets = [Int](repeating: 0, count: shape.count)
      offsets[axis] = offset
      return try y.layout.part(part.layout.extents, at: offsets)
    }
    for (part, place) in zip(parts, places) {
      try lowering.builder.reorder(part.array, to: y.array.viewed(as: place), of: node.name, "concatenation")
    }
    return TrainingStage(y) { lowering in
      let g = lowering.gradient(y)
      for (part, place) in zip(parts, places) where part.needsGradient {
        let dx = lowering.builder.array(part.layout)
        try lowering.builder.reorder(g.viewed(as: place), to: dx, of: node.name, "gradient")
        lowering.contribute(dx, to: part)
      }
    }
  }
}

extension TrainingFacts {
  /// The order of `x`'s elements for another shape.
  fileprivate func sameOrder(as x: TrainingValue, _ shape: [Int]) throws -> Layout {
    try x.layout == mapLayout(x.shape) ? mapLayout(shape) : hostLayout(shape)
  }
}

extension TrainingLowering {
  /// `input`'s elements as `node`'s output, in Keras' order, without moving them.
  mutating func reshaped(_ input: TrainingValue, _ node: TrainingNode) throws -> TrainingStage {
    let x = try hostForm(input)
    let y = newValue(node, at: x.array.viewed(as: try facts.hostLayout(node.shape)))
    return TrainingStage(y) { lowering in
      lowering.contribute(lowering.gradient(y).viewed(as: x.layout), to: x)
    }
  }

  /// The part of `x` that begins at `offsets`, of `y`'s extents, copied to `y`.
  fileprivate mutating func part(
    of x: TrainingValue, at offsets: [Int], _ y: TrainingValue, _ node: TrainingNode
  ) throws -> TrainingStage {
    let inner = try x.layout.part(y.layout.extents, at: offsets)
    try builder.reorder(x.array.viewed(as: inner), to: y.array, of: node.name, "part")
    return TrainingStage(y) { lowering in
      let g = lowering.gradient(y)
      let dx = lowering.builder.array(x.layout)
      lowering.builder.loop("zeros", of: node.name, [dx]) { $0[0].clear() }
      try lowering.builder.reorder(g, to: dx.viewed(as: inner), of: node.name, "gradient")
      lowering.contribute(dx, to: x)
    }
  }
}
