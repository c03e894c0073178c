import CSiameseConvolutions
import SiameseGraph
import SiameseOneDNN
import SiameseTensors

/// Winograd's fast convolution of 3×3 (Lavin and Gray, arXiv 1509.09308): products of matrices take the place of a convolution
/// with 4 times (F(4×4, 3×3), for floats) or 2.25 times (F(2×2, 3×3), for bfloat16, whose sums would lose too much in
/// larger tiles) their multiplications.
///
///     Y = Aᵀ [ (G g Gᵀ) ⊙ (Bᵀ d B) ] A      for each tile of outputs Y, from inputs d and the kernel g
///
/// Tiles are scattered into 36 or 16 matrices, multiplied with the transformed kernels, summed in float32, and gathered, some
/// dozens at a time, so that what lies between stays in the caches. Where tiles of floats are few, reading transformed kernels
/// would take longest, and kernels are transformed as they are used. oneDNN has no such convolution for bfloat16, and its own for
/// floats takes up to twice as long.
struct TiledConvolution: KernelRule {
  private let task: ConvolutionTask
  private let shape: siamese_winograd_shape
  private let function: siamese_function
  /// Of all pictures.
  private let tileCount: Int
  /// Whether kernels are transformed as they are used.
  private let areTilesFew: Bool
  /// Tiles at a time. Odd, so that the matrices do not fall on the same lines of the cache.
  private let rows: Int
  /// Whether threads share filters, and with them kernels, rather than tiles: where tiles are few.
  private let isSharedByFilters: Bool
  private let source: Layout, destination: Layout

  /// Outputs in a tile's row and column.
  private var extent: Int { shape.is_bfloat16 != 0 ? 2 : 4 }
  /// Matrices, one for each element of an input tile.
  private var matrixCount: Int { (extent + 2) * (extent + 2) }

  /// Takes convolutions with enough channels to pay for the transforms, and enough tiles to pay for reading transformed kernels.
  init?(_ node: NodeContext) throws {
    guard node.facts.usesOwnLoops, node.facts.mapOrder == .blocked, let task = ConvolutionTask(node) else { return nil }
    let c = task.convolution, precision: Precision = node.mapType == .bfloat16 ? .bfloat16 : .float32
    guard let function = c.activation.loopFunction, c.kernel == Size(3), c.strides == Size(1), c.dilation == Size(1),
      c.groups == 1, c.inputActivation == .linear, min(task.source[1], c.filters) >= Thresholds.tileChannels(precision)
    else { return nil }
    var shape = siamese_winograd_shape()
    // Blocks are filled up with zeros, and so are kernels.
    let (channels, filters) = ((task.source[1] + 15) / 16 * 16, (c.filters + 15) / 16 * 16)
    (shape.height, shape.width, shape.channels) = (Int32(task.source[2]), Int32(task.source[3]), Int32(channels))
    (shape.output_height, shape.output_width) = (Int32(task.destination[2]), Int32(task.destination[3]))
    shape.filters = Int32(filters)
    (shape.top, shape.left) = (Int32(task.window.vertical.before), Int32(task.window.horizontal.before))
    shape.is_bfloat16 = precision == .bfloat16 ? 1 : 0
    tileCount = node.batch * Int(siamese_winograd_tiles(node.facts.level, &shape))
    guard tileCount >= Thresholds.tileCount(precision) else { return nil }
    (self.task, self.shape, self.function) = (task, shape, function)
    areTilesFew = precision == .float32 && tileCount < Thresholds.fewTiles && channels == task.source[1]
    isSharedByFilters = areTilesFew || node.threads > 1 && tileCount / node.threads < Thresholds.tilesPerThread
    let share = isSharedByFilters ? tileCount : (tileCount + node.threads - 1) / node.threads
    let roundCount = max(1, (share + Thresholds.tilesTogether / 2) / Thresholds.tilesTogether)
    rows = (share + roundCount - 1) / roundCount | 1
    (source, destination) = (try node.home(node.inputShapes[0]), try node.home(node.shape))
  }

  var layouts: KernelLayouts {
    task.convolution.residual
      ? KernelLayouts(inputs: [source, nil], output: .holding(input: 1, destination))
      : KernelLayouts(inputs: [source], output: .room(destination))
  }

  func activationLeft(_ node: NodeContext) -> Activation { .linear }

  /// One step, in which each thread takes its tiles from the input to the output.
  func lower(
    _ node: NodeContext, _ inputs: [Value], _ output: Value?, into lowering: inout Lowering
  ) throws -> KernelResult {
    let c = task.convolution, output = output!, level = node.facts.level
    let (kernels, bias) = (try kernels(node, lowering), try lowering.blockedBias(c))
    var shape = shape
    let scratchCount =
      (areTilesFew
        ? siamese_winograd_few_tiles_scratch(level, &shape, Int32(tileCount))
        : siamese_winograd_scratch(level, &shape, Int32(rows))) / 4
    let scratch = lowering.array(try Layout(rows: [node.threads, scratchCount]))
    let operands = [
      Program.Operand(.source, inputs[0]), Program.Operand(.destination, output), Program.Operand(.weights, kernels),
      Program.Operand(.scratchpad, scratch),
    ]
    let (threads, adds, hasBias) = (node.threads, Int32(c.residual ? 1 : 0), bias != nil)
    let blocks = Int(shape.filters) / 16
    lowering.append(
      "convolution in tiles", operands + (bias.map { [Program.Operand(.bias, $0)] } ?? []),
      operationCount: task.operationCount
    ) { [shape, function, tileCount, areTilesFew, rows, isSharedByFilters] arrays in
      let bias = hasBias ? arrays.floats(4) : nil
      parallel(parts: threads, of: isSharedByFilters ? (blocks + 1) / 2 : tileCount) { part, units in
        let tiles = isSharedByFilters ? 0..<tileCount : units
        let filters = isSharedByFilters ? 2 * units.lowerBound..<min(blocks, 2 * units.upperBound) : 0..<blocks
        let scratch = arrays.floats(3) + part * scratchCount
        withUnsafePointer(to: shape) { shape in
          withUnsafePointer(to: function) { function in
            if areTilesFew {
              siamese_winograd_few_tiles(
                level, shape, arrays.floats(0), arrays.floats(2), bias, adds, function, Int32(tileCount),
                Int32(filters.lowerBound),
                Int32(filters.count), scratch, arrays.floats(1))
            } else {
              siamese_winograd(
                level, shape, arrays[0], arrays[2], bias, adds, function, Int32(tiles.lowerBound), Int32(tiles.count),
                Int32(rows),
                Int32(filters.lowerBound), Int32(filters.count), scratch, arrays[1])
            }
          }
        }
      }
    }
    return KernelResult(output)
  }

  /// The kernels as the loops read them: transformed, or as they are.
  private func kernels(_ node: NodeContext, _ lowering: Lowering) throws -> WeightBank.Constant {
    let (channels, filters) = (Int(shape.channels), task.convolution.filters)
    if areTilesFew {
      return try lowering.weight(
        .kernel, Layout(task.weights, .float32, order: .filterBlocks), extents: task.weights,
        strides: task.weightStrides)!
    }
    let path = node.node.parameters[.kernel]!
    let (parameters, extent) = (lowering.parameters, extent)
    return lowering.weights.constant(
      "\(path), transformed for \(extent)", try Layout(matrices: matrixCount, filters, channels, node.mapType),
      plain: try Layout([matrixCount, filters, channels, 1], strides: [channels * filters, 1, filters, 1])
    ) { Self.transformed(try parameters.tensor(path), extent: extent, channels: channels) }
  }
}

extension TiledConvolution {
  /// `G g Gᵀ` of Keras' kernel `[3, 3, .., filters]`, filled up with zeros: `[(extent + 2)², channels, filters]`.
  static func transformed(_ kernel: Tensor, extent: Int, channels: Int) -> Tensor {
    let g: [SIMD3<Float>] =
      extent == 2
      ? [[1, 0, 0], [0.5, 0.5, 0.5], [0.5, -0.5, 0.5], [0, 0, 1]]
      : [
        [1 / 4, 0, 0], [-1 / 6, -1 / 6, -1 / 6], [-1 / 6, 1 / 6, -1 / 6], [1 / 24, 1 / 12, 1 / 6],
        [1 / 24, -1 / 12, 1 / 6],
        [0, 0, 1],
      ]
    let width = kernel.shape[2] * kernel.shape[3], filled = channels * kernel.shape[3]
    let elements = [Float](unsafeUninitializedCapacity: g.count * g.count * filled) { result, count in
      kernel.elements.withUnsafeBufferPointer { kernel in
        for (i, row) in g.enumerated() {
          for (j, column) in g.enumerated() {
            let target = result.baseAddress! + (i * g.count + j) * filled
            target.initialize(repeating: 0, count: filled)
            for tap in 0..<9 {
              let factor = row[tap / 3] * column[tap % 3]
              guard factor != 0 else { continue }
              let source = kernel.baseAddress! + tap * width
              for k in 0..<width { target[k] += factor * source[k] }
            }
          }
        }
      }
      count = result.count
    }
    return Tensor(shape: [g.count * g.count, channels, kernel.shape[3]], elements: elements)
  }
}
