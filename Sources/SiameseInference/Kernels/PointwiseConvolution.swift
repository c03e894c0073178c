import CSiameseConvolutions
import SiameseGraph
import SiameseOneDNN

/// 1×1 convolutions of maps in blocks of channels by our own loops: with registers of 16 floats, in float32 they come to nearly
/// nine tenths of what the processor can multiply, oneDNN's to three quarters, less where a residual is added.
struct PointwiseConvolution: KernelRule {
  private let task: ConvolutionTask
  private let shape: siamese_pointwise_shape
  private let source: Layout, destination: Layout

  init?(_ node: NodeContext) throws {
    guard node.facts.usesOwnLoops, node.facts.mapOrder == .blocked, let task = ConvolutionTask(node) else { return nil }
    let c = task.convolution
    guard c.kernel == Size(1), c.strides == Size(1) || c.strides == Size(2), c.groups == 1,
      c.inputActivation == .linear,
      task.window == Window(extent: c.kernel, strides: c.strides, dilation: c.dilation),
      min(task.source[1], c.filters) > 4,
      // Small maps have too few pixels for tiles.
      task.destination[2] * task.destination[3] >= Thresholds.pointwisePositions,
      let function = c.activation.loopFunction
    else { return nil }
    self.task = task
    let outputType = node.facts.outputType(of: node.index)
    source = try node.home(node.inputShapes[0])
    destination = try node.facts.homeLayout(node.shape, outputType)
    var shape = siamese_pointwise_shape()
    shape.kind =
      node.mapType == .bfloat16
      ? siamese_bfloat16 : outputType == .bfloat16 ? siamese_bfloat16_of_floats : siamese_floats
    (shape.height, shape.width, shape.channels) = (Int32(task.source[2]), Int32(task.source[3]), Int32(task.source[1]))
    (shape.output_height, shape.output_width) = (Int32(task.destination[2]), Int32(task.destination[3]))
    shape.filters = Int32(c.filters)
    shape.stride = Int32(c.strides.height)
    shape.adds = c.residual ? 1 : 0
    shape.function = function
    self.shape = shape
  }

  var layouts: KernelLayouts {
    task.convolution.residual
      ? KernelLayouts(inputs: [source, nil], output: .holding(input: 1, destination))
      : KernelLayouts(inputs: [source], output: .room(destination))
  }

  func activationLeft(_ node: NodeContext) -> Activation { .linear }

  func lower(
    _ node: NodeContext, _ inputs: [Value], _ output: Value?, into lowering: inout Lowering
  ) throws -> KernelResult {
    let c = task.convolution, channels = task.source[1], output = output!, level = node.facts.level
    let kernel = try lowering.weight(
      .kernel,
      Layout(
        task.weights, node.mapType, order: node.mapType == .bfloat16 ? .filterAndChannelPairs : .filterAndChannelBlocks),
      extents: task.weights, strides: task.weightStrides)!
    let bias = try lowering.blockedBias(c)
    let operands = [
      Program.Operand(.source, inputs[0]), Program.Operand(.destination, output), Program.Operand(.weights, kernel),
    ]
    let (batch, threads, blocks, hasBias) = (node.batch, node.threads, (c.filters + 15) / 16, bias != nil)
    // Threads share what costs more to read: pixels, or weights.
    let isSharedByPixels = (channels + c.filters) * node.shape[0] * node.shape[1] * batch > channels * c.filters
    lowering.append(
      "convolution", operands + (bias.map { [Program.Operand(.bias, $0)] } ?? []), operationCount: task.operationCount
    ) { [shape] arrays in
      let bias = hasBias ? arrays.floats(3) : nil
      withUnsafePointer(to: shape) { shape in
        let tiles = Int(siamese_pointwise_tiles(level, shape)) * batch
        let units = isSharedByPixels ? tiles : (blocks + 1) / 2
        parallel(parts: threads, of: units) { _, units in
          let tiles = isSharedByPixels ? units : 0..<tiles
          let filters = isSharedByPixels ? 0..<blocks : 2 * units.lowerBound..<min(blocks, 2 * units.upperBound)
          siamese_pointwise(
            level, shape, arrays[0], arrays[2], bias, Int32(tiles.lowerBound), Int32(tiles.count),
            Int32(filters.lowerBound),
            Int32(filters.count), arrays[2], arrays[1])
        }
      }
    }
    return KernelResult(output)
  }
}
