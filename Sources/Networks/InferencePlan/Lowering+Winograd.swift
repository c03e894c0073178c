import CWinograd
import Tensors

/// Winograd's F(2×2, 3×3) for bfloat16 maps, which oneDNN lacks (Lavin and Gray, arXiv 1509.09308): 16 products of
/// matrices take the place of a convolution with 2.25 times their multiplications.
///
///     Y = Aᵀ [ (G g Gᵀ) ⊙ (Bᵀ d B) ] A      for each tile of 2×2 outputs Y, from 4×4 inputs d and the kernel g
///
/// Tiles are scattered into 16 matrices, multiplied with the transformed kernels by oneDNN, summed in float32, and
/// gathered, some hundred tiles at a time, so that what lies between stays in the caches.
struct TiledConvolution {
  let shape: siamese_winograd_shape
  /// Of all pictures.
  let tileCount: Int
  /// Tiles in one product. Odd, so that the 16 matrices do not fall on the same lines of the cache.
  let rows: Int
  let product: PrimitiveDescription
  /// What outputs are limited to: the rectifier.
  let limits: ClosedRange<Float>
}

extension Lowering {
  /// The convolution in tiles, where a fixed rule finds that faster than direct bfloat16 convolution: enough channels to
  /// pay for the transforms, enough tiles to pay for reading transformed kernels and, where threads work inside, for
  /// bringing them together three times.
  func tiled(_ c: Convolution, _ task: ConvolutionTask) -> TiledConvolution? {
    let (channels, filters) = (task.source[1], c.filters)
    guard mapType == .bfloat16, mapOrder == .blocked, let limits = c.activation.limits,
      c.kernel == Size(3), c.strides == Size(1), c.dilation == Size(1), c.groups == 1,
      channels % 16 == 0, filters % 16 == 0, channels >= 48, filters >= 48
    else { return nil }
    var shape = siamese_winograd_shape()
    shape.height = Int32(task.source[2])
    shape.width = Int32(task.source[3])
    shape.channels = Int32(channels)
    shape.output_height = Int32(task.destination[2])
    shape.output_width = Int32(task.destination[3])
    shape.filters = Int32(filters)
    shape.top = Int32(task.window.insets.top)
    shape.left = Int32(task.window.insets.left)
    let tileCount = batch * Int(siamese_winograd_tiles(&shape))
    guard tileCount >= 32, options.threads == 1 || tileCount * channels * filters >= 1 << 23 else { return nil }
    // Threads inside share a product's tiles: four times as many, so that they meet less often and share evenly.
    let share = max(64, min(196, (channels + filters) / 2)) * (options.threads > 1 ? 4 : 1)
    let rows = min(tileCount, share) | 1
    guard
      let product = try? PrimitiveDescription.matmul(
        source: Layout(rows: [16, rows, channels], .bfloat16), weights: Layout(any: [16, channels, filters], .bfloat16),
        bias: nil, destination: Layout(rows: [16, rows, filters])),
      product.implementation.contains("brg")
    else { return nil }
    return TiledConvolution(shape: shape, tileCount: tileCount, rows: rows, product: product, limits: limits)
  }

  /// Appends the scattering, products and gathering of `tiled`; `output` holds the residual where `c` adds one.
  mutating func lower(
    _ tiled: TiledConvolution, _ c: Convolution, from input: Value, to output: Value, operationCount: Int
  ) throws {
    let (channels, filters, rows) = (Int(tiled.shape.channels), c.filters, tiled.rows)
    let tiles = newValue(try Layout(rows: [16, rows, channels], .bfloat16))
    let sums = newValue(try Layout(rows: [16, rows, filters]))
    let path = graph.nodes[current].parameters[.kernel]!
    let parameters = parameters
    let kernels = weights.constant(
      path + ", transformed", tiled.product.weights, plain: try Layout(rows: [16, channels, filters])
    ) { TiledConvolution.transformed(try parameters.tensor(path)) }
    let bias = c.bias ? try vector(.bias, filters) : nil
    let (shape, limits, adds) = (tiled.shape, tiled.limits, Int32(c.residual ? 1 : 0))
    for first in stride(from: 0, to: tiled.tileCount, by: rows) {
      let count = min(rows, tiled.tileCount - first)
      append("tiles", [input, tiles]) { pointers in
        let map = pointers[0].assumingMemoryBound(to: UInt16.self)
        let tiles = pointers[1].assumingMemoryBound(to: UInt16.self)
        parallel(count, grain: 16) { part in
          withUnsafePointer(to: shape) {
            siamese_winograd_scatter(
              $0, map, Int32(first + part.lowerBound), Int32(part.count), Int32(rows), tiles + part.lowerBound * channels)
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
        let sums = pointers[0].assumingMemoryBound(to: Float.self)
        let map = pointers[1].assumingMemoryBound(to: UInt16.self)
        let bias = c.bias ? pointers[2].assumingMemoryBound(to: Float.self) : nil
        parallel(count, grain: 16) { part in
          withUnsafePointer(to: shape) {
            siamese_winograd_gather(
              $0, sums + part.lowerBound * filters, Int32(first + part.lowerBound), Int32(part.count), Int32(rows), bias,
              adds, limits.lowerBound, limits.upperBound, map)
          }
        }
      }
    }
  }
}

extension TiledConvolution {
  /// `G g Gᵀ` of Keras' kernel `[3, 3, channels, filters]`: `[16, channels, filters]`.
  static func transformed(_ kernel: Tensor) -> Tensor {
    let width = kernel.shape[2] * kernel.shape[3]
    var result = [Float](repeating: 0, count: 16 * width)
    kernel.elements.withUnsafeBufferPointer { g in
      result.withUnsafeMutableBufferPointer { u in
        for i in 0..<width {
          /// G times a column of three.
          func spread(_ a: Float, _ b: Float, _ c: Float) -> SIMD4<Float> {
            SIMD4(a, (a + b + c) / 2, (a - b + c) / 2, c)
          }
          func element(_ row: Int, _ column: Int) -> Float { g[(row * 3 + column) * width + i] }
          let (left, middle, right) = (
            spread(element(0, 0), element(1, 0), element(2, 0)), spread(element(0, 1), element(1, 1), element(2, 1)),
            spread(element(0, 2), element(1, 2), element(2, 2))
          )
          for row in 0..<4 {
            let line = spread(left[row], middle[row], right[row])
            for column in 0..<4 { u[(row * 4 + column) * width + i] = line[column] }
          }
        }
      }
    }
    return Tensor(shape: [16, kernel.shape[2], kernel.shape[3]], elements: result)
  }
}

extension Activation {
  /// The range that the function limits its argument to, if that is all it does.
  fileprivate var limits: ClosedRange<Float>? {
    switch self {
    case .linear: -.infinity ... .infinity
    case .rectifier(let maximum, 0, 0): 0...(maximum ?? .infinity)
    default: nil
    }
  }
}
