import SiameseGraph
import SiameseInference

/// A rectifier as arithmetic: `min(max(x, slope · x), maximum)`.
struct Clamp: Sendable {
  let negative: Float, maximum: Float

  private init(negative: Float, maximum: Float) { (self.negative, self.maximum) = (negative, maximum) }

  /// The identity for everything but rectifiers.
  init(_ function: Activation) {
    if case .rectifier(let maximum, let slope, _) = function {
      (negative, self.maximum) = (slope, maximum ?? .infinity)
    } else {
      (negative, maximum) = (1, .infinity)
    }
  }

  /// Bounded by a number that can be stored, so that an output is seen to have reached it.
  func stored<Element: StoredElement>(as _: Element.Type) -> Clamp {
    Clamp(negative: negative, maximum: Element(maximum).value)
  }

  /// The upper bound's bits in bfloat16, where nothing passes below zero.
  var boundBits: Int16? { negative == 0 ? Int16(bitPattern: BFloat16(maximum).bits) : nil }

  @inline(__always) func value(_ x: Float) -> Float { min(x > 0 ? x : negative * x, maximum) }
  @inline(__always) func value(_ x: Wide) -> Wide {
    (x * negative).replacing(with: x, where: x .> 0).replacing(with: maximum, where: x .> maximum)
  }
  /// The slope where the output is `y`.
  @inline(__always) func slope(_ y: Float) -> Float { y > 0 ? (y < maximum ? 1 : 0) : negative }
  @inline(__always) func slope(_ y: Wide) -> Wide {
    Wide(repeating: negative).replacing(with: 1, where: y .> 0).replacing(with: 0, where: y .>= maximum)
  }
}
