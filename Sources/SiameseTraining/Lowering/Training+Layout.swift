import SiameseGraph
import SiameseOneDNN
import SiameseTensors

/// Operations that only move elements, and those that begin a graph.
extension TrainingLowering {
  func input(_ node: Int, _ shape: [Int]) throws -> TrainingValue {
    let x = value(node, try hostLayout([batch] + shape))
    x.isInput = true
    program.keepFromStart(x.array)
    return x
  }

  /// The same elements under another shape, in Keras' order.
  func reshape(_ node: Int, _ input: TrainingValue) throws -> TrainingValue {
    let x = try hostForm(input)
    let array = TrainingArray(layout: try hostLayout(fullShape(node)), buffer: x.array.buffer)
    let y = TrainingValue(shape: fullShape(node), array: array, needsGradient: needsGradient[node])
    record(node, y) { [self] in
      let g = try gradient(y)
      x.contributions.append(TrainingArray(layout: x.layout, buffer: g.buffer))
    }
    return y
  }

  func zeroPadding(_ insets: EdgeInsets, _ node: Int, _ x: TrainingValue) throws -> TrainingValue {
    let y = value(node, try sameOrder(as: x, fullShape(node)))
    let inner = try y.layout.part(x.layout.extents, at: [0, 0, insets.top, insets.left])
    let array = y.array
    program.add("\(name(node)), zeros", [array]) { array.clear() }
    try reorder(name(node), x.array, TrainingArray(layout: inner, buffer: array.buffer))
    record(node, y) { [self] in
      let g = try gradient(y), dx = program.array(x.layout)
      try reorder("\(name(node)), gradient", TrainingArray(layout: inner, buffer: g.buffer), dx)
      x.contributions.append(dx)
    }
    return y
  }

  func cropping(_ insets: EdgeInsets, _ node: Int, _ x: TrainingValue) throws -> TrainingValue {
    let y = value(node, try sameOrder(as: x, fullShape(node)))
    return try part(x, y, try x.layout.part(y.layout.extents, at: [0, 0, insets.top, insets.left]), node)
  }

  /// Channels from `start` on.
  func slice(_ start: Int, _ node: Int, _ input: TrainingValue) throws -> TrainingValue {
    let x = try hostForm(input)
    let y = value(node, try hostLayout(fullShape(node)))
    let axis = x.shape.count == 4 ? 1 : x.shape.count - 1
    var offsets = [Int](repeating: 0, count: x.shape.count)
    offsets[axis] = start
    return try part(x, y, try x.layout.part(y.layout.extents, at: offsets), node)
  }

  private func part(_ x: TrainingValue, _ y: TrainingValue, _ inner: Layout, _ node: Int) throws -> TrainingValue {
    try reorder(name(node), TrainingArray(layout: inner, buffer: x.array.buffer), y.array)
    record(node, y) { [self] in
      let g = try gradient(y), dx = program.array(x.layout)
      program.add("\(name(node)), zeros", [dx]) { dx.clear() }
      try reorder("\(name(node)), gradient", g, TrainingArray(layout: inner, buffer: dx.buffer))
      x.contributions.append(dx)
    }
    return y
  }

  /// The order of `x`'s elements for another shape.
  private func sameOrder(as x: TrainingValue, _ shape: [Int]) throws -> Layout {
    try x.layout == mapLayout(x.shape) ? mapLayout(shape) : hostLayout(shape)
  }

  /// Channels (or another axis) side by side. Blocks stay blocks where every border falls between two.
  func concatenation(_ axis: Int, _ node: Int, _ inputs: [TrainingValue]) throws -> TrainingValue {
    let shape = fullShape(node)
    let kerasAxis = axis < 0 ? shape.count + axis : axis + 1
    let isMap = shape.count == 4
    let axis = isMap ? [0, 2, 3, 1][kerasAxis] : kerasAxis
    let staysBlocked = isMap && (axis != 1 || inputs.allSatisfy { $0.shape[3] % block == 0 })
    let parts = try inputs.map { try form($0, staysBlocked ? mapLayout($0.shape) : hostLayout($0.shape)) }
    let y = value(node, try staysBlocked ? mapLayout(shape) : hostLayout(shape))
    var offset = 0
    let places = try parts.map { part in
      defer { offset += part.layout.extents[axis] }
      var offsets = [Int](repeating: 0, count: shape.count)
      offsets[axis] = offset
      return try y.layout.part(part.layout.extents, at: offsets)
    }
    for (part, place) in zip(parts, places) {
      try reorder(name(node), part.array, TrainingArray(layout: place, buffer: y.array.buffer))
    }
    record(node, y) { [self] in
      let g = try gradient(y)
      for (part, place) in zip(parts, places) where part.needsGradient {
        let dx = program.array(part.layout)
        try reorder("\(name(node)), gradient", TrainingArray(layout: place, buffer: g.buffer), dx)
        part.contributions.append(dx)
      }
    }
    return y
  }

  /// The plain loops, for operations too rare to deserve better.
  func plain(_ node: Int, _ inputs: [TrainingValue]) throws -> TrainingValue {
    let sources = try inputs.map { try hostForm($0) }
    let y = value(node, try hostLayout(fullShape(node)))
    let operation = graph.nodes[node].operation, roles = graph.nodes[node].parameters
    let shapes = graph.parameterShapes(of: node)
    let weights = try Dictionary(
      uniqueKeysWithValues: roles.map { role, path in
        (role, (shape: shapes[role] ?? [], array: try weight(path, Layout(rows: shapes[role] ?? []))))
      })
    let mode = PlainMode.inference
    program.add(name(node), sources.map(\.array) + [y.array]) {
      let result = operation.plainForward(
        sources.map { $0.array.tensor($0.shape) }, weights.mapValues { $0.array.tensor($0.shape) }, mode: mode)
      y.array.fill(result)
    }
    record(node, y) { [self] in
      let g = try gradient(y)
      let gradients = sources.map { program.array($0.layout) }
      let trained = try roles.filter { isTrained($0.value) }.map { role, path in
        (role: role, path: path, array: program.array(try Layout(rows: shapes[role] ?? [])))
      }
      program.add("\(name(node)), gradient", sources.map(\.array) + gradients + trained.map(\.array) + [y.array, g]) {
        let result = operation.plainBackward(
          sources.map { $0.array.tensor($0.shape) }, weights.mapValues { $0.array.tensor($0.shape) },
          output: y.array.tensor(y.shape), gradient: g.tensor(y.shape), mode: mode)
        for (array, gradient) in zip(gradients, result.inputs) { array.fill(gradient) }
        for (role, _, array) in trained { if let gradient = result.weights[role] { array.fill(gradient) } }
      }
      for (source, gradient) in zip(sources, gradients) where source.needsGradient {
        source.contributions.append(gradient)
      }
      for (_, path, array) in trained { try deliver(array, to: path, array.layout) }
    }
    return y
  }
}
