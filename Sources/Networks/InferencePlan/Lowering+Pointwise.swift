import CConvolutions
import COneDNN
import Tensors

/// 1×1 convolutions of maps in blocks of channels by our own loops, where the processor has registers of 16 floats: in
/// float32 they come to nearly nine tenths of what it can multiply, oneDNN's to three quarters, less where a residual is
/// added.
extension Lowering {
  /// What our loops take of `c`; nil where oneDNN's do it: small maps have too few pixels for tiles.
  func pointwise(_ c: Convolution, _ task: ConvolutionTask) -> siamese_pointwise_shape? {
    guard siamese_has_wide_registers() != 0, mapOrder == .blocked,
      c.kernel == Size(1), c.strides == Size(1) || c.strides == Size(2), c.groups == 1,
      task.window.insets == EdgeInsets(), min(task.source[1], c.filters) > 4,
      task.destination[2] * task.destination[3] >= 16, let function = c.activation.loopFunction
    else { return nil }
    var shape = siamese_pointwise_shape()
    shape.kind = mapType == .bfloat16 ? siamese_halves : siamese_floats
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
      .kernel, Layout([c.filters, channels, 1, 1], mapType, tag: mapType == .bfloat16 ? dnnl_ABcd8b16a2b : dnnl_ABcd16b16a),
      extents: [c.filters, channels, 1, 1], strides: [1, c.filters, 1, 1])!
    let bias = try c.bias
      ? weight(.bias, Layout(blocked: [1, c.filters, 1, 1]), extents: [1, c.filters, 1, 1], strides: [c.filters, 1, 1, 1]) : nil
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
        // A sixteenfold count with its grain: one part a thread.
        parallel(threads * 16, grain: 16) { range in
          for part in range.lowerBound / 16..<range.upperBound / 16 {
            let (from, to) = (units * part / threads, units * (part + 1) / threads)
            let (first, last) = isSharedByPixels ? (0, blocks) : (2 * from, min(blocks, 2 * to))
            siamese_pointwise(
              shape, pointers[0], pointers[2], bias, Int32(isSharedByPixels ? from : 0), Int32(isSharedByPixels ? to - from : tiles),
              Int32(first), Int32(last - first), pointers[2], pointers[1])
          }
        }
      }
    }
  }
}
