import CSiameseConvolutions
import Testing

/// The arrays of a convolution in tiles. Padded lanes of the map are finite and kernels of padded channels zero, as
/// they must be; kernels and biases of padded filters are NaN.
final class WinogradOperands {
  private let map: KernelArray, kernels: KernelArray, bias: KernelArray
  /// `[filters][channels][3][3]`.
  private let plain: KernelArray
  /// What the output holds before.
  private let there: Float
  /// Tiles at a time; one of the shape's few where kernels are not transformed.
  private let rows: Int
  private let areTilesFew: Bool

  init(_ c: WinogradCase, seed: Int, areTilesFew: Bool) {
    var draws = Draws(seed: seed)
    let s = c.shape
    self.areTilesFew = areTilesFew
    map = KernelArray(count: c.pictures * Int(s.channels) * c.pixels, isBFloat16: c.isBFloat16, &draws)
    plain = KernelArray(count: c.filters * c.channels * 9, &draws)
    bias = KernelArray(count: Int(s.filters), &draws)
    for f in c.filters..<Int(s.filters) { bias[f] = .nan }
    there = c.adds != 0 ? 0.625 : 0
    rows = draws.pick(1, 2, 7)
    kernels = areTilesFew ? Self.inBlocks(plain, c) : Self.transformed(plain, c)
  }

  var areGuardsIntact: Bool { map.areGuardsIntact && kernels.areGuardsIntact && bias.areGuardsIntact }

  /// G of F(2×2, 3×3).
  private static let smallG: [[Double]] = [[1, 0, 0], [0.5, 0.5, 0.5], [0.5, -0.5, 0.5], [0, 0, 1]]
  /// G of F(4×4, 3×3), times 24.
  private static let largeGTimes24: [[Double]] = [
    [6, 0, 0], [-4, -4, -4], [-4, 4, -4], [1, 2, 4], [1, -2, 4], [0, 0, 24],
  ]
  private static let largeG = largeGTimes24.map { $0.map { $0 / 24 } }

  /// `G g Gᵀ` of plain kernels, in matrices.
  private static func transformed(_ plain: KernelArray, _ c: WinogradCase) -> KernelArray {
    let g = c.isBFloat16 ? smallG : largeG
    let (channels, filters, count) = (Int(c.shape.channels), Int(c.shape.filters), g.count * g.count)
    let result = KernelArray(count: count * channels * filters, isBFloat16: c.isBFloat16)
    for m in 0..<count {
      let factors = (0..<9).map { g[m / g.count][$0 / 3] * g[m % g.count][$0 % 3] }
      for f in 0..<filters {
        for k in 0..<channels {
          var sum = f < c.filters ? 0 : Double.nan
          if f < c.filters, k < c.channels {
            for tap in 0..<9 { sum += factors[tap] * Double(plain[(f * c.channels + k) * 9 + tap]) }
          }
          let place = weightPlace(k, f, block: channels * 16, isBFloat16: c.isBFloat16)
          result[m * channels * filters + place] = Float(sum)
        }
      }
    }
    return result
  }

  /// Plain kernels as `[filters/16][channels][3][3][16]`.
  private static func inBlocks(_ plain: KernelArray, _ c: WinogradCase) -> KernelArray {
    let (channels, filters) = (Int(c.shape.channels), Int(c.shape.filters))
    let result = KernelArray(count: 9 * channels * filters)
    for f in 0..<filters {
      for k in 0..<channels {
        for tap in 0..<9 {
          result[((f / 16 * channels + k) * 9 + tap) * 16 + f % 16] =
            f >= c.filters ? .nan : k >= c.channels ? 0 : plain[(f * c.channels + k) * 9 + tap]
        }
      }
    }
    return result
  }

  /// Runs the kernel in parts of tiles and of blocks, each of which must leave the others alone: where the output is
  /// added, doing one twice would show, as would leaving one out.
  func run(_ c: WinogradCase, _ level: siamese_level) -> KernelArray {
    let output = KernelArray(count: c.pictures * Int(c.shape.filters) * c.outputPixels, isBFloat16: c.isBFloat16)
    if c.adds != 0 { for i in 0..<output.count { output[i] = there } }
    let blocks = Int(c.shape.filters) / 16
    let offsets = c.hasBias ? bias.floats : nil
    withUnsafePointer(to: c.shape) { shape in
      withUnsafePointer(to: c.function) { function in
        let tiles = Int(siamese_winograd_tiles(level, shape)) * c.pictures
        let scratch = KernelArray(
          count: areTilesFew
            ? siamese_winograd_few_tiles_scratch(level, shape, Int32(tiles)) / 4
            : siamese_winograd_scratch(level, shape, Int32(rows)) / 4)
        for half in [1, 0] {
          let block = Int32(blocks * half / 2)
          let blockCount = Int32(blocks * (half + 1) / 2) - block
          if areTilesFew {
            siamese_winograd_few_tiles(
              level, shape, map.floats, kernels.floats, offsets, c.adds, function, Int32(tiles), block, blockCount,
              scratch.floats, output.floats)
          } else {
            for part in [2, 0, 1] {
              let first = tiles * part / 3
              siamese_winograd(
                level, shape, map.start, kernels.start, offsets, c.adds, function, Int32(first),
                Int32(tiles * (part + 1) / 3 - first), Int32(rows), block, blockCount, scratch.start, output.start)
            }
          }
          if c.adds == 0, half == 1, block > 0 {
            #expect(output.isUntouched(0), "blocks that were not asked for stay as they are")
          }
        }
        #expect(scratch.areGuardsIntact, "\(c), its working memory")
      }
    }
    return output
  }

  /// What plain loops compute. Transforms multiply rounding errors: by dozens in tiles of 4×4 outputs; and in bfloat16
  /// the transformed inputs and kernels are rounded too.
  func expected(_ c: WinogradCase) -> [Expected] {
    let s = c.shape
    let channels = Int(s.channels)
    let filters = Int(s.filters)
    let tolerance = (c.isBFloat16 ? 0.02 : 4e-5) * Double(c.channels).squareRoot()
    var result: [Expected] = []
    for n in 0..<c.pictures {
      for p in 0..<c.outputPixels {
        let (y, x) = (p / Int(s.output_width) - Int(s.top), p % Int(s.output_width) - Int(s.left))
        let taps = (0..<9).filter { tap in
          (0..<Int(s.height)).contains(y + tap / 3) && (0..<Int(s.width)).contains(x + tap % 3)
        }
        let inputs = taps.map { tap in
          let at = (y + tap / 3) * Int(s.width) + x + tap % 3
          return (0..<c.channels).map { Double(map[blocked(n, channels, $0, c.pixels, at)]) }
        }
        for f in 0..<c.filters {
          var sum = Double((c.hasBias ? bias[f] : 0) + there)
          for (tap, inputs) in zip(taps, inputs) {
            for k in 0..<c.channels { sum += inputs[k] * Double(plain[(f * c.channels + k) * 9 + tap]) }
          }
          result.append(
            Expected(index: blocked(n, filters, f, c.outputPixels, p), value: c.function(sum), tolerance: tolerance))
        }
      }
    }
    return result
  }
}
