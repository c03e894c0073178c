import CSiameseConvolutions
import SiameseGraph
import SiameseOneDNN

/// Depthwise convolutions by our own loops: with SiLU oneDNN's spend most of their time on the exponential, in bfloat16 four to
/// six times what the sums need. Their kernels are floats in bfloat16 too.
///
/// An activation that stands before the convolution is applied as rows are read, so that whatever makes those rows leaves it out
/// (`deferringActivations`); where a global average follows (squeeze-and-excitation), it is taken along.
struct DepthwiseConvolution: KernelRule {
  private let task: ConvolutionTask
  private var shape: siamese_depthwise_shape
  private let source: Layout, destination: Layout
  /// Whether the input is read with its channels fastest.
  private let readsChannelsLast: Bool

  /// Takes what oneDNN computes slowly: not 3×3 between rectifiers.
  init?(_ node: NodeContext) throws {
    guard let task = ConvolutionTask(node), Self.suits(task.convolution, inputShape: node.inputShapes[0], node.facts)
    else {
      return nil
    }
    let c = task.convolution, input = node.node.inputs[0], facts = node.facts
    let isBFloat16 = node.mapType == .bfloat16
    // The first depthwise kernels are precision-sensitive too, and oneDNN would round them.
    let isFirst = isBFloat16 && facts.precisionSensitive.contains(input)
    guard
      isFirst || c.kernel.height > 3 || c.activation == .silu || c.activation == .hardSilu
        || c.inputActivation != .linear
    else { return nil }
    self.task = task
    shape = Self.shape(task)
    shape.kind =
      !isBFloat16
      ? siamese_depthwise_floats
      : facts.outputType(of: input) == .float32 ? siamese_depthwise_rounded : siamese_depthwise_bfloat16
    // Either order serves, where channels fill blocks.
    let type = shape.kind == siamese_depthwise_bfloat16 ? ElementType.bfloat16 : .float32
    let channelsLast = try Layout(channelsLast: task.source, type)
    readsChannelsLast = facts.mapOrder == .channelsLast || c.filters % 16 == 0 && node.inputs[0].layout == channelsLast
    source = readsChannelsLast ? channelsLast : try facts.mapLayout(task.source, facts.mapOrder, type)
    destination = try node.home(node.shape)
  }

  /// Whether our loops can compute a depthwise convolution.
  static func suits(_ c: Convolution, inputShape: [Int], _ facts: PlanFacts) -> Bool {
    guard facts.usesOwnLoops, inputShape.count == 3 else { return false }
    let channels = inputShape[2]
    return c.groups == channels && c.filters == channels && !c.residual && c.dilation == Size(1)
      && c.kernel.height == c.kernel.width && [3, 5, 7].contains(c.kernel.height)
      && c.strides.height == c.strides.width && c.strides.height <= 2
      && (channels % 16 == 0 || facts.mapOrder == .blocked && channels > 16) && c.activation.loopFunction != nil
      && c.inputActivation.loopFunction != nil
  }

  private static func shape(_ task: ConvolutionTask) -> siamese_depthwise_shape {
    let c = task.convolution
    var shape = siamese_depthwise_shape()
    (shape.height, shape.width) = (Int32(task.source[2]), Int32(task.source[3]))
    (shape.output_height, shape.output_width) = (Int32(task.destination[2]), Int32(task.destination[3]))
    (shape.kernel, shape.stride) = (Int32(c.kernel.height), Int32(c.strides.height))
    (shape.top, shape.left) = (Int32(task.window.vertical.before), Int32(task.window.horizontal.before))
    shape.before = c.inputActivation.loopFunction ?? .identity
    shape.after = c.activation.loopFunction ?? .identity
    return shape
  }

  var layouts: KernelLayouts { KernelLayouts(inputs: [source], output: .room(destination)) }

  func activationLeft(_ node: NodeContext) -> Activation { .linear }

  /// Bytes from one picture, and from one block of channels, to the next, and elements from one pixel to the next.
  private struct Distances {
    let picture: Int, block: Int, pixel: Int

    init(_ layout: Layout, positions: Int, channels: Int, isChannelsLast: Bool) {
      let size = layout.type.byteCount, blocks = (channels + 15) / 16
      (picture, block, pixel) =
        isChannelsLast
        ? (positions * channels * size, 16 * size, channels)
        : (positions * blocks * 16 * size, positions * 16 * size, 16)
    }
  }

  func lower(
    _ node: NodeContext, _ inputs: [Value], _ output: Value?, into lowering: inout Lowering
  ) throws -> KernelResult {
    let c = task.convolution, channels = c.filters, output = output!, facts = node.facts, level = node.facts.level
    let averages = facts.consumers[node.index].contains { facts.graph.isGlobalAverage($0) }
    let means =
      averages ? lowering.array(try facts.mapLayout([node.batch, channels, 1, 1], facts.mapOrder, node.mapType)) : nil
    let from = Distances(
      source, positions: task.source[2] * task.source[3], channels: channels, isChannelsLast: readsChannelsLast)
    let to = Distances(
      destination, positions: node.shape[0] * node.shape[1], channels: channels,
      isChannelsLast: facts.mapOrder == .channelsLast)
    var shape = shape
    (shape.pixel, shape.output_pixel) = (from.pixel, to.pixel)
    let extent = c.kernel.height, taps = extent * extent, blocks = (channels + 15) / 16
    let scratchCount = siamese_depthwise_scratch(level, &shape)
    let scratch = lowering.array(try Layout(rows: [node.threads, scratchCount]))
    let kernel = try lowering.weight(
      .kernel, Layout(blocked: [1, channels, extent, extent]), extents: [1, channels, extent, extent],
      strides: [taps * channels, 1, extent * channels, channels])!
    var operands = [
      Program.Operand(.source, inputs[0]), Program.Operand(.destination, output), Program.Operand(.scratchpad, scratch),
      Program.Operand(.weights, kernel),
    ]
    let bias = try lowering.blockedBias(c)
    if let bias { operands.append(Program.Operand(.bias, bias)) }
    if let means { operands.append(Program.Operand(.destination, means)) }
    let (hasBias, hasMeans, batch, meanSize) = (bias != nil, means != nil, node.batch, node.mapType.byteCount)
    let threads = node.threads
    lowering.append("depthwise", operands, operationCount: task.operationCount) { [shape] arrays in
      let bias = hasBias ? arrays.floats(4) : nil
      let means = hasMeans ? arrays[hasBias ? 5 : 4] : nil
      parallel(parts: threads, of: batch * blocks) { part, units in
        for unit in units {
          let (picture, block) = unit.quotientAndRemainder(dividingBy: blocks)
          withUnsafePointer(to: shape) {
            siamese_depthwise(
              level, $0, arrays[0] + picture * from.picture + block * from.block, arrays.floats(3) + block * taps * 16,
              bias.map { $0 + block * 16 }, arrays.floats(2) + part * scratchCount,
              arrays[1] + picture * to.picture + block * to.block, means.map { $0 + unit * 16 * meanSize })
          }
        }
      }
    }
    return KernelResult(output, channelMeans: means)
  }
}

extension Graph {
  /// Whether the node averages each channel of a map.
  fileprivate func isGlobalAverage(_ index: Int) -> Bool {
    if case .globalPooling(.average, _) = nodes[index].operation { true } else { false }
  }
}
