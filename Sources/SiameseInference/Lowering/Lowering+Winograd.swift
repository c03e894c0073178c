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
struct TiledConvolution: Sendable {
  let shape: siamese_winograd_shape
  /// Of all pictures.
  let tileCount: Int
  /// Whether kernels are transformed as they are used.
  let areTilesFew: Bool
  /// Tiles at a time. Odd, so that the matrices do not fall on the same lines of the cache.
  let rows: Int
  /// Whether threads share filters, and with them kernels, rather than tiles: where tiles are few.
  let isSharedByFilters: Bool
  let function: siamese_function

  /// Outputs in a tile's row and column.
  var extent: Int { shape.is_bfloat16 != 0 ? 2 : 4 }
  /// Matrices, one for each element of an input tile.
  var matrixCount: Int { (extent + 2) * (extent + 2) }
}

extension Lowering {
  /// The convolution in tiles, where a fixed rule finds that fastest: enough channels to pay for the transforms, enough
  /// tiles to pay for reading transformed kernels.
  func tiled(_ c: Convolution, _ task: ConvolutionTask) -> TiledConvolution? {
    // Blocks are filled up with zeros, and so are kernels.
    let (channels, filters) = ((task.source[1] + 15) / 16 * 16, (c.filters + 15) / 16 * 16)
    let isBFloat16 = mapType == .bfloat16
    guard siamese_has_wide_registers() != 0, mapOrder == .blocked, let function = c.activation.loopFunction,
      c.kernel == Size(3), c.strides == Size(1), c.dilation == Size(1), c.groups == 1,
      min(task.source[1], c.filters) >= (isBFloat16 ? 40 : 32)
    else { return nil }
    var shape = siamese_winograd_shape()
    (shape.height, shape.width, shape.channels) = (Int32(task.source[2]), Int32(task.source[3]), Int32(channels))
    (shape.output_height, shape.output_width) = (Int32(task.destination[2]), Int32(task.destination[3]))
    shape.filters = Int32(filters)
    (shape.top, shape.left) = (Int32(task.window.vertical.before), Int32(task.window.horizontal.before))
    shape.is_bfloat16 = isBFloat16 ? 1 : 0
    let tileCount = batch * Int(siamese_winograd_tiles(&shape))
    guard tileCount >= (isBFloat16 ? 16 : 4) else { return nil }
    let areTilesFew = !isBFloat16 && tileCount < 16 && channels == task.source[1]
    let isSharedByFilters = areTilesFew || options.threads > 1 && tileCount / options.threads < 32
    let share = isSharedByFilters ? tileCount : (tileCount + options.threads - 1) / options.threads
    let roundCount = max(1, (share + 32) / 65)
    let rows = (share + roundCount - 1) / roundCount | 1
    return TiledConvolution(
      shape: shape, tileCount: tileCount, areTilesFew: areTilesFew, rows: rows, isSharedByFilters: isSharedByFilters,
      function: function)
  }

  /// Appends `tiled`, one step in which each thread takes its tiles from the input to the output, which holds the residual
  /// where `c` adds one.
  mutating func lower(
    _ tiled: TiledConvolution, _ c: Convolution, from input: Value, to output: Value, operationCount: Int
  ) throws {
    let kernels = try kernels(of: c, tiled)
    let bias = try blockedBias(c)
    var shape = tiled.shape
    let scratchCount = (tiled.areTilesFew
      ? siamese_winograd_few_tiles_scratch(&shape, Int32(tiled.tileCount))
      : siamese_winograd_scratch(&shape, Int32(tiled.rows))) / 4
    let scratch = newValue(try Layout(rows: [options.threads, scratchCount]))
    let operands = [
      operand(.source, input), operand(.destination, output), operand(.weights, kernels), operand(.scratchpad, scratch),
    ]
    let (threads, adds, hasBias) = (options.threads, Int32(c.residual ? 1 : 0), bias != nil)
    let (tileCount, blocks) = (tiled.tileCount, Int(shape.filters) / 16)
    appendKernel("convolution in tiles", operands + (bias.map { [operand(.bias, $0)] } ?? []), operationCount: operationCount) {
      [shape] pointers in
      let bias = hasBias ? pointers[4].assumingMemoryBound(to: Float.self) : nil
      parallel(parts: threads, of: tiled.isSharedByFilters ? (blocks + 1) / 2 : tileCount) { part, units in
        let tiles = tiled.isSharedByFilters ? 0..<tileCount : units
        let filters = tiled.isSharedByFilters ? 2 * units.lowerBound..<min(blocks, 2 * units.upperBound) : 0..<blocks
        let scratch = pointers[3].assumingMemoryBound(to: Float.self) + part * scratchCount
        withUnsafePointer(to: shape) { shape in
          withUnsafePointer(to: tiled.function) { function in
            if tiled.areTilesFew {
              siamese_winograd_few_tiles(
                shape, pointers[0].assumingMemoryBound(to: Float.self), pointers[2].assumingMemoryBound(to: Float.self), bias,
                adds, function, Int32(tileCount), Int32(filters.lowerBound), Int32(filters.count), scratch,
                pointers[1].assumingMemoryBound(to: Float.self))
            } else {
              siamese_winograd(
                shape, pointers[0], pointers[2], bias, adds, function, Int32(tiles.lowerBound), Int32(tiles.count),
                Int32(tiled.rows), Int32(filters.lowerBound), Int32(filters.count), scratch, pointers[1])
            }
          }
        }
      }
    }
  }

  /// The kernels as `tiled` reads them: transformed, or as they are.
  private func kernels(of c: Convolution, _ tiled: TiledConvolution) throws -> WeightBank.Constant {
    let (channels, filters) = (Int(tiled.shape.channels), c.filters)
    if tiled.areTilesFew {
      return try weight(
        .kernel, Layout([filters, channels, 3, 3], .float32, order: .filterBlocks), extents: [filters, channels, 3, 3],
        strides: [1, filters, 3 * channels * filters, channels * filters])!
    }
    let path = graph.nodes[current].parameters[.kernel]!
    let (parameters, extent) = (parameters, tiled.extent)
    return weights.constant(
      "\(path), transformed for \(extent)", try productLayout(tiled.matrixCount, filters, channels, mapType),
      plain: try Layout([tiled.matrixCount, filters, channels, 1], strides: [channels * filters, 1, filters, 1])
    ) { TiledConvolution.transformed(try parameters.tensor(path), extent: extent, channels: channels) }
  }
}

extension TiledConvolution {
  /// `G g Gᵀ` of Keras' kernel `[3, 3, .., filters]`, filled up with zeros: `[(extent + 2)², channels, filters]`.
  static func transformed(_ kernel: Tensor, extent: Int, channels: Int) -> Tensor {
    let g: [SIMD3<Float>] =
      extent == 2
      ? [[1, 0, 0], [0.5, 0.5, 0.5], [0.5, -0.5, 0.5], [0, 0, 1]]
      : [
        [1 / 4, 0, 0], [-1 / 6, -1 / 6, -1 / 6], [-1 / 6, 1 / 6, -1 / 6], [1 / 24, 1 / 12, 1 / 6], [1 / 24, -1 / 12, 1 / 6],
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
