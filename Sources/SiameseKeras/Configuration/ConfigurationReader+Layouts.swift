import SiameseGraph

/// Inputs, and the two ways in which maps can be laid out.
extension ConfigurationReader {
  /// The value of an input layer, whose open extents are filled in.
  mutating func input(_ layer: ModelConfiguration.Layer, of model: ModelConfiguration) throws -> Value {
    guard let shape = ModelConfiguration.inputShape(layer.config)?.array?.dropFirst() else {
      throw LayerProblem("states no shape")
    }
    let channelsFirst = shape.count == 3 && Self.isChannelsFirst(from: [layer.name], in: model)
    var extents = shape.map(\.int)
    if shape.count == 3 {
      let (height, width) = channelsFirst ? (1, 2) : (0, 1)
      if overrides || extents[height] == nil { extents[height] = inputSize.height }
      if overrides || extents[width] == nil { extents[width] = inputSize.width }
    }
    var known: [Int] = []
    for extent in extents {
      guard let extent, extent > 0, extent <= 1 << 20 else {
        throw LayerProblem("its shape \(JSON.array(Array(shape))) leaves more than height and width open")
      }
      known.append(extent)
    }
    if channelsFirst { known = [known[1], known[2], known[0]] }
    return Value(
      node: try builder.add(layer.name, "InputLayer", .input(shape: known), []), channelsFirst: channelsFirst)
  }

  /// Whether the first layer after `inputs` that says how its maps are laid out says channels first.
  ///
  /// A nested model is asked once, for all its inputs together: asked for each, models nested in each other would be
  /// walked through as many times as there are paths.
  private static func isChannelsFirst(from inputs: Set<String>, in model: ModelConfiguration) -> Bool {
    var reached = inputs
    var frontier = inputs
    while !frontier.isEmpty {
      var next = Set<String>()
      for layer in model.layers
      where !reached.contains(layer.name)
        && layer.calls.contains(where: { $0.references.contains { frontier.contains($0.layer) } })
      {
        if let inner = layer.inner.first, isChannelsFirst(from: Set(inner.inputs.map(\.layer)), in: inner) {
          return true
        }
        let attributes = LayerAttributes(name: "", className: "", config: layer.config, version: 2)
        if attributes.statesLayout { return attributes.isChannelsFirst }
        if layer.className == "Permute" || layer.className == "Reshape" { continue }
        next.insert(layer.name)
      }
      reached.formUnion(next)
      frontier = next
    }
    return false
  }

  /// The value as a node whose axes are Keras' own.
  mutating func plain(_ value: Value, _ layer: String) throws -> Int {
    guard value.channelsFirst else { return value.node }
    return try permuted(value.node, [2, 0, 1], layer)
  }

  /// The value as a node of shape `[H, W, C]` for a layer whose maps are channels first or last.
  mutating func map(_ value: Value, _ layer: LayerAttributes) throws -> Int {
    guard layer.isChannelsFirst else { return try plain(value, layer.name) }
    guard builder.shape(value.node).count == 3 else {
      throw LayerProblem("takes a [channels, height, width] input, found \(builder.shape(value.node))")
    }
    return value.channelsFirst ? value.node : try permuted(value.node, [1, 2, 0], layer.name)
  }

  /// The node's axes in another order; a permutation that undoes the one before it leaves nothing.
  mutating func permuted(_ node: Int, _ axes: [Int], _ layer: String) throws -> Int {
    if axes == Array(axes.indices) { return node }
    if case .permute(let before) = builder.graph.nodes[node].operation, before.count == axes.count,
      axes.map({ before[$0] }) == Array(axes.indices)
    {
      return builder.graph.nodes[node].inputs[0]
    }
    return try builder.part(layer, "layout", .permute(axes: axes), [node])
  }

  /// Keras' axis, counted with the batch, as an axis of the node.
  func axis(_ axis: Int, of value: Value) throws -> Int {
    let rank = builder.shape(value.node).count
    let positive = axis < 0 ? axis + rank + 1 : axis
    guard positive > 0, positive <= rank else { throw LayerProblem("axis \(axis) does not exist") }
    return value.channelsFirst ? [2, 0, 1][positive - 1] : positive - 1
  }

  /// Runs `body` on the value with one axis moved last, and moves it back.
  mutating func along(
    _ axis: Int, of value: Value, _ layer: String, _ body: (inout ConfigurationReader, Int) throws -> Int
  ) throws -> Value {
    let axis = try self.axis(axis, of: value)
    let rank = builder.shape(value.node).count
    if axis == rank - 1 { return Value(node: try body(&self, value.node), channelsFirst: value.channelsFirst) }
    let order = (0..<rank).filter { $0 != axis } + [axis]
    let moved = try permuted(value.node, order, layer)
    let result = try body(&self, moved)
    let back = (0..<rank).map { position in order.firstIndex(of: position) ?? position }
    return Value(
      node: try builder.part(layer, "restored", .permute(axes: back), [result]), channelsFirst: value.channelsFirst)
  }
}
