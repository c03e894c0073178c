import Foundation

/// How a picture is resized, under Pillow's names.
public enum ResamplingFilter: String, Sendable, CaseIterable {
  /// The closest pixel.
  case nearest
  /// The mean of the pixels covered.
  case box
  /// A triangle, as wide as two target pixels when making smaller.
  case bilinear
  /// Keys' cubic with a = −0.5 (Keys 1981, https://doi.org/10.1109/TASSP.1981.1163711).
  case bicubic
  /// A sinc windowed by a sinc, three lobes.
  case lanczos

  /// How far from its centre the filter reaches, in target pixels when making smaller, else in source pixels.
  var support: Double {
    switch self {
    case .nearest, .box: 0.5
    case .bilinear: 1
    case .bicubic: 2
    case .lanczos: 3
    }
  }

  /// The filter's value at distance `x` from its centre.
  func weight(_ x: Double) -> Double {
    switch self {
    case .nearest, .box: return x > -0.5 && x <= 0.5 ? 1 : 0
    case .bilinear: return max(0, 1 - abs(x))
    case .bicubic:
      let (a, x) = (-0.5, abs(x))
      if x < 1 { return ((a + 2) * x - (a + 3)) * x * x + 1 }
      return x < 2 ? (((x - 5) * x + 8) * x - 4) * a : 0
    case .lanczos:
      func sinc(_ x: Double) -> Double { x == 0 ? 1 : sin(x * .pi) / (x * .pi) }
      return x >= -3 && x < 3 ? sinc(x) * sinc(x / 3) : 0
    }
  }
}

/// Which source pixels make each target pixel along one axis, and with what weights.
///
/// The arithmetic is that of Pillow's `resample` for 8-bit channels: weights in fixed point with 22 fractional bits,
/// each rounded half away from zero, so that results are equal bit for bit.
struct ResamplingAxis {
  /// Fractional bits of a weight: 32 less 8 for the pixel less 2 for sums beyond one.
  static let fractionBits: Int32 = 22

  /// The first source pixel of each target pixel.
  private(set) var starts: [Int] = []
  /// The number of source pixels of each target pixel.
  private(set) var counts: [Int] = []
  /// `stride` weights for each target pixel, the first `counts[i]` of them used, the rest 0.
  private(set) var weights: [Int32] = []
  /// Weights kept for each target pixel.
  let stride: Int

  /// From `source` pixels to `target` pixels.
  init(from source: Int, to target: Int, filter: ResamplingFilter) {
    let scale = Double(source) / Double(target)
    let filterScale = max(scale, 1)
    let support = filter.support * filterScale
    stride = Int(support.rounded(.up)) * 2 + 1
    weights = [Int32](repeating: 0, count: target * stride)
    starts.reserveCapacity(target)
    counts.reserveCapacity(target)
    var exact = [Double](repeating: 0, count: stride)
    for i in 0..<target {
      let centre = (Double(i) + 0.5) * scale
      let start = max(Int(centre - support + 0.5), 0)
      let count = min(Int(centre + support + 0.5), source) - start
      var sum = 0.0
      for k in 0..<count {
        exact[k] = filter.weight((Double(k + start) - centre + 0.5) * (1 / filterScale))
        sum += exact[k]
      }
      for k in 0..<count {
        let weight = (sum == 0 ? exact[k] : exact[k] / sum) * Double(1 << Self.fractionBits)
        weights[i * stride + k] = Int32(weight < 0 ? weight - 0.5 : weight + 0.5)
      }
      starts.append(start)
      counts.append(count)
    }
  }

  /// The weights as `CPixels` wants them: for each pair of source pixels, the weights' high parts four times over and their
  /// low 11 bits four times over.
  func pairs() -> (starts: [Int32], counts: [Int32], weights: [Int16], stride: Int) {
    let stride = (self.stride + 1) / 2
    var pairs = [Int16](repeating: 0, count: 16 * stride * starts.count)
    for i in starts.indices {
      for k in 0..<counts[i] {
        let weight = weights[i * self.stride + k]
        let place = 16 * (i * stride + k / 2) + k % 2
        for copy in 0..<4 {
          pairs[place + 2 * copy] = Int16(weight >> 11)
          pairs[place + 8 + 2 * copy] = Int16(weight & 0x7FF)
        }
      }
    }
    return (starts.map(Int32.init), counts.map { Int32(($0 + 1) / 2) }, pairs, stride)
  }

  /// The source pixel of each target pixel for `.nearest`.
  static func nearest(from source: Int, to target: Int) -> [Int] {
    let scale = Double(source) / Double(target)
    var position = scale * 0.5
    return (0..<target).map { _ in
      defer { position += scale }
      return min(Int(position), source - 1)
    }
  }
}
