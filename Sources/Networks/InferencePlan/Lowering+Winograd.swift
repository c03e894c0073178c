import CConvolutions
import COneDNN
import Tensors

/// Winograd's fast convolution of 3×3 (Lavin and Gray, arXiv 1509.09308): products of matrices take the place of a convolution
/// with 4 times (F(4×4, 3×3), for floats) or 2.25 times (F(2×2, 3×3), for bfloat16, whose sums would lose too much in
/// larger tiles) their multiplications.
///
///     Y = Aᵀ [ (G g Gᵀ) ⊙ (Bᵀ d B) ] A      for each tile of outputs Y, from inputs d and the kernel g
///
/// Tiles are scattered into 36 or 16 matrices, multiplied with the transformed kernels (floats by our own loops, bfloat16
/// by oneDNN), summed in float32, and gathered, some dozens or hundreds of tiles at a time, so that what lies between stays
/// in the caches. oneDNN has no such convolution for bfloat16, and its own for floats takes up to twice as long.
struct TiledConvolution {
  let shape: siamese_winograd_shape
  /// Outputs in a tile's row and column.
  let extent: Int
  /// Of all pictures.
  let tileCount: Int
  /// Tiles in one product. Odd, so that the matrices do not fall on the same lines of the cache.
  let rows: Int
  /// oneDNN's product of matrices, for bfloat16.
  let product: PrimitiveDescription?
  let function: siamese_function

  /// Matrices, one for each element of an input tile.
  var matrixCount: Int { (extent + 2) * (extent + 2) }
}

extension Lowering {
  /// The convolution in tiles, where a fixed rule finds that fastest: enough channels to pay for the transforms, enough
  /// tiles to pay for reading transformed kernels and, in bfloat16 where threads work inside, for bringing them together
  /// three times.
  func tiled(_ c: Convolution, _ task: ConvolutionTask) -> TiledConvolution? {
    let (channels, filters) = (task.source[1], c.filters)
    let isHalf = mapType == .bfloat16
    guard isHalf || siamese_has_wide_registers() != 0, mapOrder == .blocked, let function = c.activation.loopFunction,
      c.kernel == Size(3), c.strides == Size(1), c.dilation == Size(1), c.groups == 1,
      channels % 16 == 0, filters % 16 == 0, min(channels, filters) >= (isHalf ? 48 : 32)
    else { return nil }
    var shape = siamese_winograd_shape()
    (shape.height, shape.width, shape.channels) = (Int32(task.source[2]), Int32(task.source[3]), Int32(channels))
    (shape.output_height, shape.output_width) = (Int32(task.destination[2]), Int32(task.destination[3]))
    shape.filters = Int32(filters)
    (shape.top, shape.left) = (Int32(task.window.insets.top), Int32(task.window.insets.left))
    let extent = isHalf ? 2 : 4
    let tileCount = batch * Int(siamese_winograd_tiles(&shape, Int32(extent)))
    guard tileCount >= 32, !isHalf || options.threads == 1 || tileCount * channels * filters >= 1 << 23
    else { return nil }
    func rows(_ wanted: Int, of count: Int) -> Int {
      let productCount = max(1, (count + wanted / 2) / wanted)
      return (count + productCount - 1) / productCount | 1
    }
    guard isHalf else {
      // Each thread takes its tiles all the way.
      let share = (tileCount + options.threads - 1) / options.threads
      let rows = rows(max(32, min(128, (channels + filters) / 8)), of: share)
      return TiledConvolution(
        shape: shape, extent: extent, tileCount: tileCount, rows: rows, product: nil, function: function)
    }
    // Threads share a product's tiles: four times as many, so that they meet less often and share evenly.
    let rows = rows(max(64, min(196, (channels + filters) / 2)) * (options.threads > 1 ? 4 : 1), of: tileCount)
    guard
      let product = try? PrimitiveDescription.matmul(
        source: Layout(rows: [16, rows, channels], mapType), weights: Layout(any: [16, channels, filters], mapType), bias: nil,
        destination: Layout(rows: [16, rows, filters])),
      product.implementation.contains("brg")
    else { return nil }
    return TiledConvolution(
      shape: shape, extent: extent, tileCount: tileCount, rows: rows, product: product, function: function)
  }

  /// Appends `tiled`; `output` holds the residual where `c` adds one.
  mutating func lower(
    _ tiled: TiledConvolution, _ c: Convolution, from input: Value, to output: Value, operationCount: Int
  ) throws {
    let (channels, filters) = (Int(tiled.shape.channels), c.filters)
    let path = graph.nodes[current].parameters[.kernel]!
    let (parameters, extent) = (parameters, tiled.extent)
    let layout = try tiled.product?.weights ?? Layout([tiled.matrixCount, filters, channels], tag: dnnl_aBc16b)
    let plain = try tiled.product == nil
      ? Layout(layout.extents, strides: [channels * filters, 1, filters]) : Layout(rows: layout.extents)
    let kernels = weights.constant(path + ", transformed", layout, plain: plain) {
      TiledConvolution.transformed(try parameters.tensor(path), extent: extent)
    }
    let bias = c.bias ? try vector(.bias, filters) : nil
    if let product = tiled.product {
      try lowerHalves(tiled, product, kernels, bias, c, from: input, to: output, operationCount: operationCount)
    } else {
      lowerFloats(tiled, kernels, bias, c, from: input, to: output, operationCount: operationCount)
    }
  }

  /// In one step, in which each thread takes its tiles from the input to the output.
  private mutating func lowerFloats(
    _ tiled: TiledConvolution, _ kernels: WeightBank.Constant, _ bias: WeightBank.Constant?, _ c: Convolution,
    from input: Value, to output: Value, operationCount: Int
  ) {
    var shape = tiled.shape
    let (rows, threads, tileCount, function) = (tiled.rows, options.threads, tiled.tileCount, tiled.function)
    let (adds, hasBias) = (Int32(c.residual ? 1 : 0), bias != nil)
    let scratchCount = siamese_winograd_scratch(&shape, Int32(rows))
    let scratch = newValue(try! Layout(rows: [threads, scratchCount]))
    let operands = [
      operand(.source, input), operand(.destination, output), operand(.weights, kernels), operand(.scratchpad, scratch),
    ]
    appendKernel("convolution in tiles", operands + (bias.map { [operand(.bias, $0)] } ?? []), operationCount: operationCount) {
      [shape] pointers in
      let bias = hasBias ? pointers[4].float : nil
      // A sixteenfold count with its grain: one part a thread.
      parallel(threads * 16, grain: 16) { range in
        for part in range.lowerBound / 16..<range.upperBound / 16 {
          let (first, end) = (tileCount * part / threads, tileCount * (part + 1) / threads)
          withUnsafePointer(to: shape) { shape in
            withUnsafePointer(to: function) { function in
              siamese_winograd_floats(
                shape, pointers[0].float, pointers[2].float, bias, adds, function, Int32(first), Int32(end - first), Int32(rows),
                pointers[3].float + part * scratchCount, pointers[1].float)
            }
          }
        }
      }
    }
  }

  /// The scattering, products and gathering of so many tiles at a time.
  private mutating func lowerHalves(
    _ tiled: TiledConvolution, _ product: PrimitiveDescription, _ kernels: WeightBank.Constant, _ bias: WeightBank.Constant?,
    _ c: Convolution, from input: Value, to output: Value, operationCount: Int
  ) throws {
    let (channels, filters, rows) = (Int(tiled.shape.channels), c.filters, tiled.rows)
    let tiles = newValue(product.source), sums = newValue(product.destination)
    let (shape, adds, hasBias, function) = (tiled.shape, Int32(c.residual ? 1 : 0), c.bias, tiled.function)
    for first in stride(from: 0, to: tiled.tileCount, by: rows) {
      let count = min(rows, tiled.tileCount - first)
      append("tiles", [input, tiles]) { pointers in
        parallel(count, grain: 16) { part in
          withUnsafePointer(to: shape) {
            siamese_winograd_scatter(
              $0, pointers[0].half, Int32(first + part.lowerBound), Int32(part.count), Int32(rows),
              pointers[1].half + part.lowerBound * channels)
          }
        }
      }
      try append(
        "products of tiles", product,
        [operand(.source, tiles), operand(.weights, kernels), operand(.destination, sums)],
        operationCount: operationCount * count / tiled.tileCount)
      appendKernel(
        "outputs of tiles",
        [operand(.source, sums), operand(.destination, output)] + (bias.map { [operand(.bias, $0)] } ?? [])
      ) { pointers in
        let bias = hasBias ? pointers[2].float : nil
        parallel(count, grain: 16) { part in
          let sums = pointers[0].float + part.lowerBound * filters
          withUnsafePointer(to: shape) { shape in
            withUnsafePointer(to: function) { function in
              siamese_winograd_gather(
                shape, sums, Int32(first + part.lowerBound), Int32(part.count), Int32(rows), bias, adds, function,
                pointers[1].half)
            }
          }
        }
      }
    }
  }
}

extension UnsafeMutableRawPointer {
  fileprivate var half: UnsafeMutablePointer<UInt16> { assumingMemoryBound(to: UInt16.self) }
  fileprivate var float: UnsafeMutablePointer<Float> { assumingMemoryBound(to: Float.self) }
}

extension TiledConvolution {
  /// `G g Gᵀ` of Keras' kernel `[3, 3, channels, filters]`: `[(extent + 2)², channels, filters]`.
  static func transformed(_ kernel: Tensor, extent: Int) -> Tensor {
    let g: [SIMD3<Float>] =
      extent == 2
      ? [[1, 0, 0], [0.5, 0.5, 0.5], [0.5, -0.5, 0.5], [0, 0, 1]]
      : [
        [1 / 4, 0, 0], [-1 / 6, -1 / 6, -1 / 6], [-1 / 6, 1 / 6, -1 / 6], [1 / 24, 1 / 12, 1 / 6], [1 / 24, -1 / 12, 1 / 6],
        [0, 0, 1],
      ]
    let width = kernel.shape[2] * kernel.shape[3]
    let elements = [Float](unsafeUninitializedCapacity: g.count * g.count * width) { result, count in
      kernel.elements.withUnsafeBufferPointer { kernel in
        for (i, row) in g.enumerated() {
          for (j, column) in g.enumerated() {
            let target = result.baseAddress! + (i * g.count + j) * width
            target.initialize(repeating: 0, count: width)
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
    return Tensor(shape: [g.count * g.count, kernel.shape[2], kernel.shape[3]], elements: elements)
  }
}
