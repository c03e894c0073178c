import CSiameseConvolutions
import SiameseGraph
import SiameseOneDNN
import SiameseTensors

/// 1×1 convolutions of maps in blocks of channels by our own loops, where the processor has registers of 16 floats: in
/// float32 they come to nearly nine tenths of what it can multiply, oneDNN's to three quarters, less where a residual is
/// added.
extension Lowering {
  /// What our loops take of `c`; nil where oneDNN's do it: small maps have too few pixels for tiles.
  func pointwise(_ c: Convolution, _ task: ConvolutionTask) -> siamese_pointwise_shape? {
    guard siamese_has_wide_registers() != 0, mapOrder == .blocked,
      c.kernel == Size(1), c.strides == Size(1) || c.strides == Size(2), c.groups == 1,
      task.window == Window(extent: c.kernel, strides: c.strides), min(task.source[1], c.filters) > 4,
      task.destination[2] * task.destination[3] >= 16, let function = c.activation.loopFunction
    else { return nil }
    var shape = siamese_pointwise_shape()
    shape.kind = mapType == .bfloat16 ? siamese_bfloat16 : outputType(of: current) == .bfloat16 ? siamese_bfloat16_of_floats : siamese_floats
    (shape.height, shape.width, shape.channels) = (Int32(task.source[2]), Int32(task.source[3]), Int32(task.source[1]))
    (shape.output_height, shape.output_width) = (Int32(task.destination[2]), Int32(task.destination[3]))
    shape.filters = Int32(c.filters)
    shape.stride = Int32(c.strides.height)
    shape.adds = c.residual ? 1 : 0
    shape.function = function
    return shape
  }

  /// Appends `pointwise`; `output` holds the residual where `c` adds one.
  mutating func lower(
    _ pointwise: siamese_pointwise_shape, _ c: Convolution, from input: Value, to output: Value, operationCount: Int
  ) throws {
    let channels = graph.nodes[graph.nodes[current].inputs[0]].shape[2]
    let kernel = try weight(
      .kernel, Layout([c.filters, channels, 1, 1], mapType, order: mapType == .bfloat16 ? .filterAndChannelPairs : .filterAndChannelBlocks),
      extents: [c.filters, channels, 1, 1], strides: [1, c.filters, 1, 1])!
    let bias = try blockedBias(c)
    let operands = [operand(.source, input), operand(.destination, output), operand(.weights, kernel)]
    let (batch, threads, blocks, hasBias) = (batch, options.threads, (c.filters + 15) / 16, bias != nil)
    // Threads share what costs more to read: pixels, or weights.
    let isSharedByPixels = (channels + c.filters) * graph.nodes[current].shape[0] * graph.nodes[current].shape[1] * batch
      > channels * c.filters
    appendKernel(
      "convolution", operands + (bias.map { [operand(.bias, $0)] } ?? []), operationCount: operationCount
    ) { pointers in
      let bias = hasBias ? pointers[3].assumingMemoryBound(to: Float.self) : nil
      withUnsafePointer(to: pointwise) { shape in
        let tiles = Int(siamese_pointwise_tiles(shape)) * batch
        let units = isSharedByPixels ? tiles : (blocks + 1) / 2
        parallel(parts: threads, of: units) { _, units in
          let tiles = isSharedByPixels ? units : 0..<tiles
          let filters = isSharedByPixels ? 0..<blocks : 2 * units.lowerBound..<min(blocks, 2 * units.upperBound)
          siamese_pointwise(
            shape, pointers[0], pointers[2], bias, Int32(tiles.lowerBound), Int32(tiles.count), Int32(filters.lowerBound),
            Int32(filters.count), pointers[2], pointers[1])
        }
      }
    }
  }

  /// The layout of kernels as products take them, `matrices` of them: `[matrices][filters / 16][depth][16]`, in bfloat16
  /// `[matrices][filters / 16][depth / 2][16][2]`.
  func productLayout(_ matrices: Int, _ filters: Int, _ depth: Int, _ type: ElementType) throws -> Layout {
    try Layout([matrices, filters, depth, 1], type, order: type == .bfloat16 ? .matricesOfPairs : .matrices)
  }
}
