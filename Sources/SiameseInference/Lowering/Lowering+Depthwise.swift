import CSiameseConvolutions
import SiameseGraph
import SiameseOneDNN

/// Depthwise convolutions by our own loops, where the processor has registers of 16 floats: with SiLU oneDNN's spend most
/// of their time on the exponential, in bfloat16 four to six times what the sums need.
///
/// Their kernels are floats in bfloat16 too.
///
/// A cheap activation that stands before the convolution is applied as rows are read, so that whatever makes those rows
/// leaves it out; where a global average follows (squeeze-and-excitation), it is taken along.
extension Lowering {
  /// What our loops take of the convolution at `index`; nil where oneDNN's do it: 3×3 between rectifiers is theirs.
  func depthwise(at index: Int) -> siamese_depthwise_shape? {
    guard case .convolution(let c) = graph.nodes[index].operation, siamese_has_wide_registers() != 0 else { return nil }
    let (source, output) = (graph.nodes[graph.nodes[index].inputs[0]].shape, graph.nodes[index].shape)
    let channels = source[2]
    guard c.groups == channels, c.filters == channels, !c.residual, c.dilation == Size(1),
      c.kernel.height == c.kernel.width, [3, 5, 7].contains(c.kernel.height),
      c.strides.height == c.strides.width, c.strides.height <= 2,
      channels % 16 == 0 || (mapOrder == .blocked && channels > 16), let after = c.activation.loopFunction
    else { return nil }
    let input = graph.nodes[index].inputs[0], isBFloat16 = mapType(of: index) == .bfloat16
    // Whose kernels are delicate too; oneDNN would round them.
    let isFirst = isBFloat16 && delicate.contains(input)
    guard isFirst || c.kernel.height > 3 || c.activation == .silu || c.activation == .hardSilu || followsLooseActivation(index)
    else { return nil }
    let insets = c.padding.insets(
      height: source[0], width: source[1], window: c.kernel, strides: c.strides, dilation: c.dilation)
    var shape = siamese_depthwise_shape()
    (shape.height, shape.width) = (Int32(source[0]), Int32(source[1]))
    (shape.output_height, shape.output_width) = (Int32(output[0]), Int32(output[1]))
    (shape.kernel, shape.stride) = (Int32(c.kernel.height), Int32(c.strides.height))
    (shape.top, shape.left) = (Int32(insets.top), Int32(insets.left))
    shape.kind = !isBFloat16 ? siamese_depthwise_floats
      : outputType(of: input) == .float32 ? siamese_depthwise_rounded : siamese_depthwise_bfloat16
    shape.before = .identity
    shape.after = after
    return shape
  }

  /// Whether an activation that our loops may take over stands before the node at `index`: one of its own, or SiLU as part
  /// of a convolution.
  private func followsLooseActivation(_ index: Int) -> Bool {
    let input = graph.nodes[index].inputs[0]
    guard consumers[input].count == 1, !graph.outputs.contains(input) else { return false }
    switch graph.nodes[input].operation {
    case .activation(let activation): return activation.loopFunction != nil && !applied.contains(input)
    case .convolution(let c): return c.activation == .silu
    default: return false
    }
  }

  /// Whether `activation` of the node being lowered is applied by the depthwise convolution that alone reads it.
  mutating func defers(_ activation: Activation) -> Bool {
    guard consumers[current].count == 1, !graph.outputs.contains(current), let next = consumers[current].first,
      activation.loopFunction != nil, depthwise(at: next) != nil
    else { return false }
    deferred[current] = activation
    return true
  }

  mutating func lower(_ depthwise: siamese_depthwise_shape, _ c: Convolution, _ node: Graph.Node) throws -> Value {
    var shape = depthwise
    let (input, channels) = (node.inputs[0], c.filters)
    if let before = deferred[input]?.loopFunction { shape.before = before }
    // Either order serves, where channels fill blocks.
    let type = shape.kind == siamese_depthwise_bfloat16 ? ElementType.bfloat16 : .float32
    let loose = try Layout(channelsLast: extents(graph.nodes[input].shape), type)
    var source = value(input)
    if channels % 16 != 0 || source.layout != loose {
      source = try value(input, in: mapLayout(extents(graph.nodes[input].shape), mapOrder, type))
    }
    let output = try newOutput(homeLayout(node.shape))
    let means = try mapLayout([batch, channels, 1, 1], mapOrder)
    let average = consumers[current].contains { graph.isAverage($0) } ? newValue(means) : nil
    averages[current] = average

    let blocks = (channels + 15) / 16
    /// Bytes from one picture, and from one block of channels, to the next.
    func distances(_ value: Value, _ height: Int32, _ width: Int32) -> (picture: Int, block: Int, pixel: Int) {
      let positions = Int(height) * Int(width), size = value.layout.type.byteCount
      return mapOrder == .channelsLast || value.layout == loose
        ? (positions * channels * size, 16 * size, channels) : (positions * blocks * 16 * size, positions * 16 * size, 16)
    }
    let (from, to) = (distances(source, shape.height, shape.width), distances(output, shape.output_height, shape.output_width))
    (shape.pixel, shape.output_pixel) = (from.pixel, to.pixel)
    let extent = c.kernel.height, taps = extent * extent
    let scratchCount = siamese_depthwise_scratch(&shape)
    let scratch = newValue(try Layout(rows: [options.threads, scratchCount]))
    var operands = [operand(.source, source), operand(.destination, output), operand(.scratchpad, scratch)]
    operands.append(
      operand(
        .weights,
        try weight(
          .kernel, Layout(blocked: [1, channels, extent, extent]), extents: [1, channels, extent, extent],
          strides: [taps * channels, 1, extent * channels, channels])!))
    let bias = try blockedBias(c)
    if let bias { operands.append(operand(.bias, bias)) }
    if let average { operands.append(operand(.destination, average)) }
    let (hasBias, hasAverage, batch, meanSize) = (bias != nil, average != nil, batch, mapType.byteCount)
    let threads = options.threads
    let operationCount = 2 * batch * node.shape.reduce(1, *) * taps
    appendKernel("depthwise", operands, operationCount: operationCount) { [shape] pointers in
      let scratch = pointers[2].assumingMemoryBound(to: Float.self)
      let weights = pointers[3].assumingMemoryBound(to: Float.self)
      let bias = hasBias ? pointers[4].assumingMemoryBound(to: Float.self) : nil
      let means = hasAverage ? pointers[hasBias ? 5 : 4] : nil
      parallel(parts: threads, of: batch * blocks) { part, units in
        for unit in units {
          let (picture, block) = unit.quotientAndRemainder(dividingBy: blocks)
          withUnsafePointer(to: shape) {
            siamese_depthwise(
              $0, pointers[0] + picture * from.picture + block * from.block, weights + block * taps * 16,
              bias.map { $0 + block * 16 }, scratch + part * scratchCount,
              pointers[1] + picture * to.picture + block * to.block, means.map { $0 + unit * 16 * meanSize })
          }
        }
      }
    }
    return output
  }
}

extension Graph {
  /// Whether the node averages each channel of a map.
  fileprivate func isAverage(_ index: Int) -> Bool {
    if case .globalPooling(.average, _) = nodes[index].operation { true } else { false }
  }
}
