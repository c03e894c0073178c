import SiameseGraph
import SiameseInference
import SiameseOneDNN

/// Maximum and average under a window, in blocks.
struct PoolingRule: TrainingRule {
  private let pooling: Pooling

  init?(_ node: TrainingNode) {
    guard case .pooling(let pooling) = node.operation else { return nil }
    self.pooling = pooling
  }

  func lower(_ node: TrainingNode, into lowering: inout TrainingLowering) throws -> TrainingStage {
    let (p, shape) = (pooling, node.input.shape)
    let window = Window(
      extent: p.window, strides: p.strides,
      insets: p.padding.insets(height: shape[1], width: shape[2], window: p.window, strides: p.strides))
    let x = try lowering.form(node.input, node.facts.mapLayout(shape))
    return try lowering.pooled(p.kind, window, node, x, node.shape)
  }
}

/// Maximum and average over all positions. What leaves maps for vectors does so in float32.
struct GlobalPoolingRule: TrainingRule {
  private let kind: Pooling.Kind, keepsDimensions: Bool

  init?(_ node: TrainingNode) {
    guard case .globalPooling(let kind, let keepsDimensions) = node.operation else { return nil }
    (self.kind, self.keepsDimensions) = (kind, keepsDimensions)
  }

  func lower(_ node: TrainingNode, into lowering: inout TrainingLowering) throws -> TrainingStage {
    let shape = node.input.shape
    let window = Window(extent: Size(shape[1], shape[2]), strides: Size(1))
    let x = try lowering.form(node.input, node.facts.mapLayout(shape, .float32))
    let stage = try lowering.pooled(kind, window, node, x, [shape[0], 1, 1, shape[3]])
    return keepsDimensions ? stage : try lowering.reshaped(lowering.settled(stage), node)
  }
}

extension TrainingLowering {
  /// Pools `x` to `shape`, as part of `node`.
  fileprivate mutating func pooled(
    _ kind: Pooling.Kind, _ window: Window, _ node: TrainingNode, _ x: TrainingValue, _ shape: [Int]
  ) throws -> TrainingStage {
    let y = newValue(node, try facts.mapLayout(shape, x.layout.type), shape: shape)
    let forward = try PrimitiveDescription.pooling(
      .training, kind.algorithm, source: x.layout, destination: y.layout, window: window)
    let workspace = forward.workspace.map { [Program.Operand(.workspace, builder.array($0))] } ?? []
    try builder.append(
      "pooling", of: node.name, forward,
      [Program.Operand(.source, x.array), Program.Operand(.destination, y.array)] + workspace)
    return TrainingStage(y) { lowering in
      let g = lowering.gradient(y)
      let dx = lowering.builder.array(x.layout)
      let backward = try PrimitiveDescription.poolingBackward(
        of: forward, kind.algorithm, sourceGradient: x.layout, destinationGradient: g.layout, window: window)
      try lowering.builder.append(
        "gradient", of: node.name, backward,
        [Program.Operand(.destinationGradient, g), Program.Operand(.sourceGradient, dx)] + workspace)
      lowering.contribute(dx, to: x)
    }
  }
}
