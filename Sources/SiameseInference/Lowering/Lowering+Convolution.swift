import SiameseGraph
import SiameseOneDNN

extension Lowering {
  /// One way to compute a convolution: an algorithm, and the orders of its input and output.
  struct Approach {
    var algorithm: ConvolutionAlgorithm
    var source: Layout
    var destination: Layout
  }

  mutating func lower(_ c: Convolution, _ node: Graph.Node) throws -> Value {
    if let depthwise = depthwise(at: current) { return try lower(depthwise, c, node) }
    var c = c
    // Costly here, cheap there.
    if c.activation == .silu, defers(.silu) { c.activation = .linear }
    let inputShape = graph.nodes[node.inputs[0]].shape
    let (source, destination) = (extents(inputShape), extents(node.shape))
    let window = Window(
      extent: c.kernel, strides: c.strides, dilation: c.dilation,
      insets: c.padding.insets(
        height: inputShape[0], width: inputShape[1], window: c.kernel, strides: c.strides, dilation: c.dilation))
    let activation = Eltwise.chain(for: c.activation)
    var operations: [PostOperation] = c.residual ? [.sum(scale: 1)] : []
    operations += (activation ?? []).map { .eltwise($0) }

    let weightExtents = kernelExtents(c, channels: inputShape[2])
    let task = ConvolutionTask(
      source: source, destination: destination, weights: weightExtents, window: window, bias: c.bias,
      operations: operations)
    let products = node.shape.reduce(1, *) * c.kernel.height * c.kernel.width * inputShape[2] / c.groups
    let operationCount = 2 * batch * products
    if let first = try firstConvolution(c, task, of: node.inputs[0]) {
      return try lower(first, c, node, operationCount: operationCount)
    }
    let tiled = tiled(c, task), pointwise = pointwise(c, task)
    if tiled != nil || pointwise != nil {
      let input = try value(node.inputs[0], in: homeLayout(inputShape))
      let home = try mapLayout(destination, mapOrder, pointwise == nil ? mapType : outputType(of: current))
      let output = try c.residual ? added(node.inputs[1], to: home, besides: input) : newOutput(home)
      if let tiled { try lower(tiled, c, from: input, to: output, operationCount: operationCount) }
      if let pointwise { try lower(pointwise, c, from: input, to: output, operationCount: operationCount) }
      return output
    }
    let description = try fastest(candidates(c, task), for: task)

    let input = try value(node.inputs[0], in: description.source)
    var output = try c.residual
      ? added(node.inputs[1], to: description.destination, besides: input) : newOutput(description.destination)
    var operands = [operand(.source, input), operand(.destination, output)]
    if let kernel = try weight(
      .kernel, description.weights, extents: weightExtents, strides: kernelStrides(c, channels: inputShape[2]))
    {
      operands.append(operand(.weights, kernel))
    }
    if c.bias, let bias = try vector(.bias, c.filters) { operands.append(operand(.bias, bias)) }
    try append("convolution", description, operands, operationCount: operationCount)
    if activation == nil { output = try lowerActivation(c.activation, output, node.shape, of: nil) }
    return output
  }

  /// A value that already holds the residual, ready to be added to: the residual's own memory where nobody else needs
  /// it, a copy otherwise.
  private mutating func added(_ node: Int, to layout: Layout, besides input: Value) throws -> Value {
    let own = value(node)
    if own.layout == layout, own.byteOffset == 0, own.buffer != input.buffer, isFree(own) {
      overwrite(own.buffer)
      return own
    }
    let copy = newValue(layout)
    try reorder(own, to: copy)
    return copy
  }

  /// Ways to compute a convolution, the fixed rule's choice first.
  private func candidates(_ c: Convolution, _ task: ConvolutionTask) throws -> [Candidate] {
    let weights = try Layout(any: task.weights, mapType)
    let bias = task.bias ? try Layout(rows: [c.filters]) : nil
    func described(_ approach: Approach, skip: Int = 0) -> Candidate? {
      let description = try? PrimitiveDescription.convolution(
        .inference, approach.algorithm, source: approach.source, weights: weights, bias: bias,
        destination: approach.destination, window: task.window, then: task.operations, skip: skip)
      return description.map { Candidate(name: "\(approach.algorithm) \($0.implementation)", description: $0) }
    }
    /// Reference loops and matrix products serve only where nothing else takes these shapes.
    func isFast(_ candidate: Candidate) -> Bool {
      !candidate.description.implementation.contains("ref") && !candidate.description.implementation.contains("gemm:")
    }
    func home(_ order: PlanOptions.MapOrder) throws -> (Layout, Layout) {
      (try mapLayout(task.source, order), try mapLayout(task.destination, order))
    }
    let own = try home(mapOrder)
    var result: [Candidate] = []
    for skip in 0..<(options.tuning == .fixed ? 1 : 2) {
      let direct = Approach(algorithm: .direct, source: own.0, destination: own.1)
      result += [described(direct, skip: skip)].compactMap { $0 }.filter(isFast)
    }
    if mapOrder == .blocked, mapType == .float32, c.kernel == Size(3), c.strides == Size(1), c.groups == 1 {
      let suits = Lowering.suitsWinograd(c, source: task.source)
      let winograd = Approach(algorithm: .winograd, source: own.0, destination: own.1)
      for skip in 0..<(options.tuning == .fixed ? (suits ? 1 : 0) : 2) {
        guard let candidate = described(winograd, skip: skip), isFast(candidate) else { break }
        result.insert(candidate, at: suits ? skip : result.count)
      }
    }
    if !result.isEmpty { return result }
    // Nothing in the plan's own order: in the other one, or in whatever oneDNN likes.
    let other = try home(mapOrder == .blocked ? .channelsLast : .blocked)
    let others = [
      described(Approach(algorithm: .direct, source: other.0, destination: other.1)),
      described(
        try Approach(
          algorithm: .direct, source: Layout(any: task.source, mapType),
          destination: Layout(any: task.destination, mapType))),
      described(Approach(algorithm: .direct, source: own.0, destination: own.1)),
    ].compactMap { $0 }
    guard let chosen = others.first(where: isFast) ?? others.first(where: { !$0.name.contains("ref") }) ?? others.first
    else {
      throw OneDNNError.unimplemented("a convolution of \(task.source) by \(task.weights)")
    }
    return [chosen]
  }

  /// Where Winograd's F(4×4, 3×3) beats direct convolution when nothing has been measured: enough channels to fill
  /// vectors, maps large enough for its tiles, and enough positions, less what tiles waste at the borders, to pay for the
  /// transformed weights, which are four times the size.
  static func suitsWinograd(_ c: Convolution, source: [Int]) -> Bool {
    func share(_ extent: Int) -> Double { Double(extent) / Double((extent + 3) / 4 * 4) }
    let used = share(source[2]) * share(source[3]) * Double(source[0] * source[2] * source[3])
    return c.kernel == Size(3) && c.strides == Size(1) && c.dilation == Size(1) && c.groups == 1
      && source[1] >= 32 && c.filters >= 32 && min(source[2], source[3]) >= 7
      && used >= Double(source[1] * c.filters) / 400
  }

  /// oneDNN's extents of a kernel.
  private func kernelExtents(_ c: Convolution, channels: Int) -> [Int] {
    let spatial = [c.kernel.height, c.kernel.width]
    return c.groups == 1
      ? [c.filters, channels] + spatial : [c.groups, c.filters / c.groups, channels / c.groups] + spatial
  }

  /// Strides of Keras' `[kh, kw, channels / groups, filters]` in that order of axes.
  private func kernelStrides(_ c: Convolution, channels: Int) -> [Int] {
    let depth = channels / c.groups
    let spatial = [c.kernel.width * depth * c.filters, depth * c.filters]
    return c.groups == 1 ? [1, c.filters] + spatial : [c.filters / c.groups, 1, c.filters] + spatial
  }

  mutating func lowerDense(_ node: Graph.Node, units: Int, bias: Bool, activation: Activation) throws -> Value {
    let shape = graph.nodes[node.inputs[0]].shape
    let channels = shape.last ?? 1
    let rows = batch * shape.dropLast().reduce(1, *)
    let chain = Eltwise.chain(for: activation)
    let description = try PrimitiveDescription.innerProduct(
      source: Layout(rows: [rows, channels], mapType), weights: Layout(any: [units, channels], mapType),
      bias: bias ? Layout(rows: [units]) : nil, destination: Layout(rows: [rows, units]),
      then: (chain ?? []).map { .eltwise($0) })
    let input = try value(node.inputs[0], in: hostLayout(shape, mapType))
    let output = newValue(try hostLayout(node.shape))
    var operands = [
      Program.Operand(
        argument: .source, layout: description.source, place: .buffer(input.buffer, byteOffset: input.byteOffset)),
      Program.Operand(
        argument: .destination, layout: description.destination,
        place: .buffer(output.buffer, byteOffset: output.byteOffset)),
    ]
    if let kernel = try weight(.kernel, description.weights, extents: [units, channels], strides: [1, units]) {
      operands.append(operand(.weights, kernel))
    }
    if bias, let bias = try vector(.bias, units) { operands.append(operand(.bias, bias)) }
    try append("dense", description, operands, operationCount: 2 * rows * channels * units)
    return chain == nil ? try lowerActivation(activation, output, node.shape, of: nil) : output
  }
}
