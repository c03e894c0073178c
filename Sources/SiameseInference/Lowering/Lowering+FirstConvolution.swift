import CSiameseConvolutions
import SiameseGraph
import SiameseOneDNN
import SiameseTensors

/// The first convolution, of pictures of three channels, by our own loops: they read pictures as they are and write blocks of
/// channels, where oneDNN's write channels last, to be reordered.
extension Lowering {
  /// What our loops take of the convolution of `node`; nil where oneDNN's do it.
  func firstConvolution(_ c: Convolution, _ task: ConvolutionTask, of input: Int) throws -> siamese_first_shape? {
    guard siamese_has_wide_registers() != 0, mapOrder == .blocked, task.source[1] == 3, c.groups == 1, !c.residual,
      c.strides == Size(1) || c.strides == Size(2), c.dilation == Size(1), c.filters > 4, task.destination[3] >= 13,
      try value(input).layout == Layout(channelsLast: task.source), let function = c.activation.loopFunction
    else { return nil }
    var shape = siamese_first_shape()
    (shape.height, shape.width) = (Int32(task.source[2]), Int32(task.source[3]))
    (shape.output_height, shape.output_width) = (Int32(task.destination[2]), Int32(task.destination[3]))
    (shape.window_height, shape.window_width) = (Int32(c.kernel.height), Int32(c.kernel.width))
    (shape.stride, shape.filters) = (Int32(c.strides.height), Int32(c.filters))
    (shape.top, shape.left) = (Int32(task.window.vertical.before), Int32(task.window.horizontal.before))
    // Rounding pictures and the first kernel costs nothing, even where what comes out stays float32.
    shape.kind = options.precision == .float32 ? siamese_floats
      : mapType == .bfloat16 ? siamese_bfloat16 : siamese_floats_of_bfloat16
    shape.function = function
    return shape
  }

  mutating func lower(_ first: siamese_first_shape, _ c: Convolution, _ node: Graph.Node, operationCount: Int) throws -> Value {
    var shape = first
    let input = value(node.inputs[0]), output = try newOutput(homeLayout(node.shape))
    // Rows of windows one after another, each filled up to what one step of the loops reads.
    let type = options.precision.mapType
    let row = Int(siamese_first_row(&shape)), depth = row * c.kernel.height
    let path = node.parameters[.kernel]!
    let parameters = parameters
    let kernel = weights.constant(
      "\(path), in rows of \(row)", try productLayout(1, c.filters, depth, type),
      plain: try Layout([1, c.filters, depth, 1], strides: [depth * c.filters, 1, c.filters, 1])
    ) { try Lowering.rows(of: parameters.tensor(path), width: row) }
    let bias = try blockedBias(c)
    let weightBlock = type == .bfloat16 ? (depth + 15) / 16 * 256 : depth * 16
    // So many rows of the output at a time that what they read stays near.
    let height = node.shape[0], rows = min(8, height)
    let strips = (height + rows - 1) / rows
    let scratchCount = (siamese_first_scratch(&shape, Int32(rows)) + 63) / 64 * 16
    let scratch = newValue(try Layout(rows: [options.threads, scratchCount]))
    let operands = [
      operand(.source, input), operand(.destination, output), operand(.weights, kernel), operand(.scratchpad, scratch),
    ]
    let (batch, threads, hasBias) = (batch, options.threads, bias != nil)
    let (picture, outputPicture) = (graph.nodes[node.inputs[0]].shape.reduce(1, *) * 4, output.layout.byteCount / batch)
    appendKernel("convolution", operands + (bias.map { [operand(.bias, $0)] } ?? []), operationCount: operationCount) {
      [shape] pointers in
      let bias = hasBias ? pointers[4].assumingMemoryBound(to: Float.self) : nil
      parallel(parts: threads, of: batch * strips) { part, units in
        for unit in units {
          let (number, strip) = unit.quotientAndRemainder(dividingBy: strips)
          let first = strip * rows
          withUnsafePointer(to: shape) {
            siamese_first(
              $0, (pointers[0] + number * picture).assumingMemoryBound(to: Float.self), pointers[2], weightBlock, bias,
              Int32(first), Int32(min(rows, height - first)), pointers[3] + part * scratchCount * 4,
              pointers[1] + number * outputPicture)
          }
        }
      }
    }
    return output
  }

  /// Keras' kernel `[height, width, channels, filters]` as `[height · row, filters]`, each row of windows filled up with zeros.
  private static func rows(of kernel: Tensor, width row: Int) -> Tensor {
    let (height, filters) = (kernel.shape[0], kernel.shape[3]), count = kernel.shape[1] * kernel.shape[2] * filters
    var elements = [Float](repeating: 0, count: height * row * filters)
    for y in 0..<height {
      let start = y * row * filters
      elements.replaceSubrange(start..<start + count, with: kernel.elements[y * count..<(y + 1) * count])
    }
    return Tensor(shape: [height * row, filters], elements: elements)
  }
}
