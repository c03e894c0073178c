import SiameseGraph
import SiameseOneDNN

extension Lowering {
  /// Appends what `node` takes; the value is its output.
  mutating func lower(_ node: Graph.Node) throws -> Value {
    let first = node.inputs[0]
    switch node.operation {
    case .input: preconditionFailure("inputs are not lowered")
    case .identity, .dropout, .stochasticDepth, .activation(.linear): return value(first)
    case .convolution(let c): return try lower(c, node)
    case .dense(let units, let bias, let activation):
      return try lowerDense(node, units: units, bias: bias, activation: activation)
    case .pooling(let p):
      let shape = graph.nodes[first].shape
      let insets = p.padding.insets(height: shape[0], width: shape[1], window: p.window, strides: p.strides)
      return try lowerPooling(
        node, p.kind, Window(extent: p.window, strides: p.strides, insets: insets), output: node.shape)
    case .globalPooling(let kind, let keepsDimensions):
      let shape = graph.nodes[first].shape
      let window = Size(shape[0], shape[1])
      let pooled = try kind == .average && averages[first] != nil
        ? averages[first]! : lowerPooling(node, kind, Window(extent: window, strides: Size(1)), output: [1, 1, shape[2]])
      return keepsDimensions ? pooled : try reshaped(pooled, from: [1, 1, shape[2]], to: node.shape)
    case .activation(let activation) where node.shape.count == 3 && defers(activation): return value(first)
    case .activation(let activation): return try lowerActivation(activation, value(first), node.shape, of: first)
    case .linear(let scale, let offset):
      return try lowerChain([.linear(scale: scale, offset: offset)], value(first), of: first)
    case .softmax: return try lowerSoftmax(node)
    case .affine: return try lowerAffine(node)
    case .batchNormalization: preconditionFailure("a pass has turned batch normalisation into a scale and an offset")
    case .layerNormalization(let epsilon, let scale, let center):
      return try lowerLayerNormalization(node, epsilon: epsilon, scale: scale, center: center)
    case .localResponseNormalization(let radius, let bias, let alpha, let beta):
      let source = try value(first, in: homeLayout(node.shape))
      let size = 2 * radius + 1
      let description = try PrimitiveDescription.localResponse(
        .inference, source.layout, size: size, alpha: alpha * Float(size), beta: beta, bias: bias)
      return try unary("local response normalisation", description, source, newValue(source.layout))
    case .elementwise(let kind): return try lowerElementwise(kind, node)
    case .concatenate(let axis): return try lowerConcatenation(node, axis: axis)
    case .upsampling(_, _, let bilinear):
      let source = try value(first, in: homeLayout(graph.nodes[first].shape))
      let description = try PrimitiveDescription.resampling(
        bilinear: bilinear, source: source.layout, destination: homeLayout(node.shape))
      return try unary("resampling", description, source, newValue(description.destination))
    case .zeroPadding(let insets): return try lowerZeroPadding(insets, node)
    case .cropping(let insets):
      let source = try value(first, in: hostLayout(graph.nodes[first].shape, mapType))
      let part = try source.layout.part(extents(node.shape), at: [0, 0, insets.top, insets.left])
      return try copied(Value(layout: part, buffer: source.buffer, byteOffset: source.byteOffset), node.shape)
    case .slice(let start, _):
      let shape = graph.nodes[first].shape
      let source = try value(first, in: hostLayout(shape, shape.count == 3 ? mapType : .float32))
      var offsets = [Int](repeating: 0, count: shape.count + 1)
      offsets[shape.count == 3 ? 1 : shape.count] = start
      let part = try source.layout.part(extents(node.shape), at: offsets)
      return try copied(Value(layout: part, buffer: source.buffer, byteOffset: source.byteOffset), node.shape)
    case .reshape: return try reshaped(value(first), from: graph.nodes[first].shape, to: node.shape)
    case .permute(let axes): return try lowerPermutation(axes, node)
    case .groupNormalization(let groups, let epsilon, _, _):
      return try lowerGroupNormalization(node, groups: groups, epsilon: epsilon)
    case .unitNormalization(let epsilon): return try lowerUnitNormalization(node, epsilon: epsilon)
    case .parametricReLU: return try lowerParametricReLU(node)
    }
  }

  /// A primitive with one input and one output.
  mutating func unary(
    _ kind: String, _ description: PrimitiveDescription, _ source: Value, _ destination: Value
  ) throws -> Value {
    try append(kind, description, [operand(.source, source), operand(.destination, destination)])
    return destination
  }

  /// A copy of `source` in the plan's own layout for `shape`.
  mutating func copied(_ source: Value, _ shape: [Int]) throws -> Value {
    let result = newValue(try hostLayout(shape, source.layout.type))
    try reorder(source, to: result)
    return result
  }

  /// The same elements, in row-major order, under another shape.
  mutating func reshaped(_ source: Value, from old: [Int], to new: [Int]) throws -> Value {
    let plain = try hostLayout(old, .float32)
    var source = source
    if source.layout != plain {
      let copy = newValue(plain)
      try reorder(source, to: copy)
      source = copy
    }
    source.layout = try hostLayout(new)
    return source
  }

  mutating func lowerPooling(
    _ node: Graph.Node, _ kind: Pooling.Kind, _ window: Window, output: [Int]
  ) throws -> Value {
    let source = try value(node.inputs[0], in: homeLayout(graph.nodes[node.inputs[0]].shape))
    let destination = try mapLayout(extents(output), mapOrder)
    let description = try PrimitiveDescription.pooling(
      .inference, kind.algorithm, source: source.layout, destination: destination, window: window)
    return try unary("pooling", description, source, newOutput(description.destination))
  }

  mutating func lowerSoftmax(_ node: Graph.Node) throws -> Value {
    let source = try plainValue(node.inputs[0])
    let width = node.shape.last ?? 1
    let rows = try Layout(rows: [batch * node.shape.dropLast().reduce(1, *), width])
    let description = try PrimitiveDescription.softmax(source: rows, destination: rows, axis: 1)
    let destination = newValue(source.layout)
    try append(
      "softmax", description,
      [
        Program.Operand(argument: .source, layout: rows, place: .buffer(source.buffer, byteOffset: source.byteOffset)),
        Program.Operand(argument: .destination, layout: rows, place: .buffer(destination.buffer, byteOffset: 0)),
      ])
    return destination
  }

  mutating func lowerZeroPadding(_ insets: EdgeInsets, _ node: Graph.Node) throws -> Value {
    let source = value(node.inputs[0])
    let destination = newValue(try hostLayout(node.shape, mapType))
    let byteCount = destination.layout.byteCount
    append("zeros", [destination]) { pointers in pointers[0].initializeMemory(as: UInt8.self, repeating: 0, count: byteCount) }
    let inner = try destination.layout.part(
      extents(graph.nodes[node.inputs[0]].shape), at: [0, 0, insets.top, insets.left])
    try reorder(source, to: Value(layout: inner, buffer: destination.buffer))
    return destination
  }

  mutating func lowerPermutation(_ axes: [Int], _ node: Graph.Node) throws -> Value {
    // Both sides seen with the output's axes, in row-major order.
    let source = try plainValue(node.inputs[0])
    let old = [batch] + graph.nodes[node.inputs[0]].shape
    var strides = [Int](repeating: 1, count: old.count)
    for axis in old.indices.dropLast().reversed() { strides[axis] = strides[axis + 1] * old[axis + 1] }
    let from = try Layout([batch] + node.shape, strides: [strides[0]] + axes.map { strides[$0 + 1] })
    let to = try Layout(rows: [batch] + node.shape)
    let destination = newValue(try hostLayout(node.shape))
    try append(
      "permutation", .reorder(from: from, to: to),
      [
        Program.Operand(argument: .source, layout: from, place: .buffer(source.buffer, byteOffset: source.byteOffset)),
        Program.Operand(argument: .destination, layout: to, place: .buffer(destination.buffer, byteOffset: 0)),
      ])
    return destination
  }
}
