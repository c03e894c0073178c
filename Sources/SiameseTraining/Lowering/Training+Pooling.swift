import SiameseGraph
import SiameseOneDNN

extension TrainingLowering {
  func pooling(_ p: Pooling, _ node: Int, _ input: TrainingValue) throws -> TrainingValue {
    let window = Window(
      extent: p.window, strides: p.strides,
      insets: p.padding.insets(
        height: input.shape[1], width: input.shape[2], window: p.window, strides: p.strides))
    return try pooling(p.kind, window, node, form(input, mapLayout(input.shape)), fullShape(node))
  }

  func globalPooling(
    _ kind: Pooling.Kind, _ keepsDimensions: Bool, _ node: Int, _ input: TrainingValue
  ) throws -> TrainingValue {
    let shape = [batch, 1, 1, input.shape[3]]
    let window = Window(extent: Size(input.shape[1], input.shape[2]), strides: Size(1))
    // What leaves maps for vectors does so in float32.
    let pooled = try pooling(kind, window, node, form(input, mapLayout(input.shape, .float32)), shape)
    return keepsDimensions ? pooled : try reshape(node, pooled)
  }

  private func pooling(
    _ kind: Pooling.Kind, _ window: Window, _ node: Int, _ x: TrainingValue, _ shape: [Int]
  ) throws -> TrainingValue {
    let y = value(node, try mapLayout(shape, x.layout.type), shape: shape)
    let forward = try PrimitiveDescription.pooling(
      .training, kind.algorithm, source: x.layout, destination: y.layout, window: window)
    let workspace = forward.workspace.map { [(Argument.workspace, program.array($0))] } ?? []
    try program.add(
      "\(name(node)) \(forward.implementation)", forward, [(.source, x.array), (.destination, y.array)] + workspace)
    record(node, y) { [self] in
      let g = try gradient(y), dx = program.array(x.layout)
      let backward = try PrimitiveDescription.poolingBackward(
        of: forward, kind.algorithm, sourceGradient: x.layout, destinationGradient: g.layout, window: window)
      try program.add(
        "\(name(node)), gradient \(backward.implementation)", backward,
        [(.destinationGradient, g), (.sourceGradient, dx)] + workspace)
      x.contributions.append(dx)
    }
    return y
  }
}
