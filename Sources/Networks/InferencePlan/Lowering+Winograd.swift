import CConvolutions
import Tensors

/// Winograd's fast convolution of 3×3 (Lavin and Gray, arXiv 1509.09308): products of matrices take the place of a convolution
/// with 4 times (F(4×4, 3×3), for floats) or 2.25 times (F(2×2, 3×3), for bfloat16, whose sums would lose too much in
/// larger tiles) their multiplications.
///
///     Y = Aᵀ [ (G g Gᵀ) ⊙ (Bᵀ d B) ] A      for each tile of outputs Y, from inputs d and the kernel g
///
/// Tiles are scattered into 36 or 16 matrices, multiplied with the transformed kernels by oneDNN, summed in float32, and
/// gathered, some dozens or hundreds of tiles at a time, so that what lies between stays in the caches. oneDNN has no
/// such convolution for bfloat16, and its own for floats takes a fifth to a half longer.
struct TiledConvolution {
  let shape: siamese_winograd_shape
  /// Outputs in a tile's row and column.
  let extent: Int
  /// Of all pictures.
  let tileCount: Int
  /// Tiles in one product. Odd, so that the matrices do not fall on the same lines of the cache.
  let rows: Int
  let product: PrimitiveDescription
  let function: siamese_function

  /// Matrices, one for each element of an input tile.
  var matrixCount: Int { (extent + 2) * (extent + 2) }
}

extension Lowering {
  /// The convolution in tiles, where a fixed rule finds that fastest: enough channels to pay for the transforms, enough
  /// tiles to pay for reading transformed kernels and, where threads work inside, for bringing them together three times.
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
    guard tileCount >= 32, options.threads == 1 || tileCount * channels * filters >= (isHalf ? 1 << 23 : 1 << 22)
    else { return nil }
    let share = isHalf ? max(64, min(196, (channels + filters) / 2)) : max(32, min(128, (channels + filters) / 8))
    // Threads inside share a product's tiles: four times as many, so that they meet less often and share evenly.
    let wanted = share * (options.threads > 1 ? 4 : 1)
    let productCount = max(1, (tileCount + wanted / 2) / wanted)
    let rows = (tileCount + productCount - 1) / productCount | 1
    let matrixCount = (extent + 2) * (extent + 2)
    guard
      let product = try? PrimitiveDescription.matmul(
        source: Layout(rows: [matrixCount, rows, channels], mapType),
        weights: Layout(any: [matrixCount, channels, filters], mapType), bias: nil,
        destination: Layout(rows: [matrixCount, rows, filters])),
      product.implementation.contains("brg")
    else { return nil }
    return TiledConvolution(
      shape: shape, extent: extent, tileCount: tileCount, rows: rows, product: product, function: function)
  }

  /// Appends the scattering, products and gathering of `tiled`; `output` holds the residual where `c` adds one.
  mutating func lower(
    _ tiled: TiledConvolution, _ c: Convolution, from input: Value, to output: Value, operationCount: Int
  ) throws {
    let (channels, filters, rows, matrixCount) = (Int(tiled.shape.channels), c.filters, tiled.rows, tiled.matrixCount)
    let isHalf = mapType == .bfloat16
    let tiles = newValue(try Layout(rows: [matrixCount, rows, channels], mapType))
    let sums = newValue(try Layout(rows: [matrixCount, rows, filters]))
    let path = graph.nodes[current].parameters[.kernel]!
    let (parameters, extent) = (parameters, tiled.extent)
    let kernels = weights.constant(
      path + ", transformed", tiled.product.weights, plain: try Layout(rows: [matrixCount, channels, filters])
    ) { TiledConvolution.transformed(try parameters.tensor(path), extent: extent) }
    let bias = c.bias ? try vector(.bias, filters) : nil
    let (shape, adds, hasBias) = (tiled.shape, Int32(c.residual ? 1 : 0), c.bias)
    let function = tiled.function
    for first in stride(from: 0, to: tiled.tileCount, by: rows) {
      let count = min(rows, tiled.tileCount - first)
      append("tiles", [input, tiles]) { pointers in
        parallel(count, grain: 16) { part in
          let (start, size) = (Int32(first + part.lowerBound), Int32(part.count))
          let offset = part.lowerBound * channels
          withUnsafePointer(to: shape) {
            if isHalf {
              siamese_winograd_scatter($0, pointers[0].half, start, size, Int32(rows), pointers[1].half + offset)
            } else {
              siamese_winograd_scatter_floats($0, pointers[0].float, start, size, Int32(rows), pointers[1].float + offset)
            }
          }
        }
      }
      try append(
        "products of tiles", tiled.product,
        [operand(.source, tiles), operand(.weights, kernels), operand(.destination, sums)],
        operationCount: operationCount * count / tiled.tileCount)
      appendKernel(
        "outputs of tiles",
        [operand(.source, sums), operand(.destination, output)] + (bias.map { [operand(.bias, $0)] } ?? [])
      ) { pointers in
        let bias = hasBias ? pointers[2].float : nil
        parallel(count, grain: 16) { part in
          let (start, size) = (Int32(first + part.lowerBound), Int32(part.count))
          let sums = pointers[0].float + part.lowerBound * filters
          withUnsafePointer(to: shape) { shape in
            withUnsafePointer(to: function) { function in
              if isHalf {
                siamese_winograd_gather(shape, sums, start, size, Int32(rows), bias, adds, function, pointers[1].half)
              } else {
                siamese_winograd_gather_floats(shape, sums, start, size, Int32(rows), bias, adds, function, pointers[1].float)
              }
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
