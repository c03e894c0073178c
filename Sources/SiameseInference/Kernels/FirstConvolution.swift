import CSiameseConvolutions
import SiameseGraph
import SiameseOneDNN
import SiameseTensors

/// The first convolution, of pictures of three channels, by our own loops: they read pictures as they are and write blocks of
/// channels, where oneDNN's write channels last, to be reordered.
struct FirstConvolution: KernelRule {
  private let task: ConvolutionTask
  private let shape: siamese_first_shape
  private let source: Layout, destination: Layout

  init?(_ node: NodeContext) throws {
    guard node.facts.usesOwnLoops, node.facts.mapOrder == .blocked, let task = ConvolutionTask(node) else { return nil }
    let c = task.convolution
    guard task.source[1] == 3, c.groups == 1, !c.residual, c.inputActivation == .linear,
      c.strides == Size(1) || c.strides == Size(2), c.dilation == Size(1), c.filters > 4,
      task.destination[3] >= Thresholds.firstConvolutionWidth, let function = c.activation.loopFunction
    else { return nil }
    source = try Layout(channelsLast: task.source)
    guard node.inputs[0].layout == source else { return nil }
    destination = try node.home(node.shape)
    self.task = task
    var shape = siamese_first_shape()
    (shape.height, shape.width) = (Int32(task.source[2]), Int32(task.source[3]))
    (shape.output_height, shape.output_width) = (Int32(task.destination[2]), Int32(task.destination[3]))
    (shape.window_height, shape.window_width) = (Int32(c.kernel.height), Int32(c.kernel.width))
    (shape.stride, shape.filters) = (Int32(c.strides.height), Int32(c.filters))
    (shape.top, shape.left) = (Int32(task.window.vertical.before), Int32(task.window.horizontal.before))
    // Rounding pictures and the first kernel costs nothing, even where what comes out stays float32.
    shape.kind =
      node.facts.options.precision == .float32
      ? siamese_floats : node.mapType == .bfloat16 ? siamese_bfloat16 : siamese_floats_of_bfloat16
    shape.function = function
    self.shape = shape
  }

  var layouts: KernelLayouts { KernelLayouts(inputs: [source], output: .room(destination)) }

  func activationLeft(_ node: NodeContext) -> Activation { .linear }

  func lower(
    _ node: NodeContext, _ inputs: [Value], _ output: Value?, into lowering: inout Lowering
  ) throws -> KernelResult {
    let c = task.convolution, output = output!, level = node.facts.level
    var shape = shape
    // Rows of windows one after another, each filled up to what one step of the loops reads.
    let type = node.facts.options.precision.mapType
    let row = Int(siamese_first_row(level, &shape)), depth = row * c.kernel.height
    let path = node.node.parameters[.kernel]!, parameters = lowering.parameters
    let kernel = lowering.weights.constant(
      "\(path), in rows of \(row)", try Layout(matrices: 1, c.filters, depth, type),
      plain: try Layout([1, c.filters, depth, 1], strides: [depth * c.filters, 1, c.filters, 1])
    ) { try Self.rows(of: parameters.tensor(path), width: row) }
    let bias = try lowering.blockedBias(c)
    let weightBlock = type == .bfloat16 ? (depth + 15) / 16 * 256 : depth * 16
    let height = node.shape[0], rows = min(Thresholds.firstConvolutionRows, height)
    let strips = (height + rows - 1) / rows
    let scratchCount = (siamese_first_scratch(level, &shape, Int32(rows)) + 63) / 64 * 16
    let scratch = lowering.array(try Layout(rows: [node.threads, scratchCount]))
    let operands = [
      Program.Operand(.source, inputs[0]), Program.Operand(.destination, output), Program.Operand(.weights, kernel),
      Program.Operand(.scratchpad, scratch),
    ]
    let (batch, threads, hasBias) = (node.batch, node.threads, bias != nil)
    let (picture, outputPicture) = (node.inputShapes[0].reduce(1, *) * 4, output.layout.byteCount / batch)
    lowering.append(
      "convolution", operands + (bias.map { [Program.Operand(.bias, $0)] } ?? []), operationCount: task.operationCount
    ) { [shape] arrays in
      let bias = hasBias ? arrays.floats(4) : nil
      parallel(parts: threads, of: batch * strips) { part, units in
        for unit in units {
          let (number, strip) = unit.quotientAndRemainder(dividingBy: strips)
          let first = strip * rows
          withUnsafePointer(to: shape) {
            siamese_first(
              level, $0, (arrays[0] + number * picture).assumingMemoryBound(to: Float.self), arrays[2], weightBlock,
              bias,
              Int32(first), Int32(min(rows, height - first)), arrays[3] + part * scratchCount * 4,
              arrays[1] + number * outputPicture)
          }
        }
      }
    }
    return KernelResult(output)
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

extension Layout {
  /// `count` matrices `[filters, depth]` as products take them: `[count][filters / 16][depth][16]`, in bfloat16
  /// `[count][filters / 16][depth / 2][16][2]`.
  convenience init(matrices count: Int, _ filters: Int, _ depth: Int, _ type: ElementType) throws(OneDNNError) {
    try self.init([count, filters, depth, 1], type, order: type == .bfloat16 ? .matricesOfPairs : .matrices)
  }
}
