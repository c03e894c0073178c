import Foundation
import SiameseTensors

extension Activation {
  /// The function's value.
  package func callAsFunction(_ x: Float) -> Float {
    switch self {
    case .linear: x
    case .rectifier(let maximum, let slope, let threshold):
      x < threshold ? slope * (x - threshold) : min(x, maximum ?? .infinity)
    case .sigmoid: logistic(x)
    case .hardSigmoid(let slope, let offset): min(max(slope * x + offset, 0), 1)
    case .tanh: Foundation.tanh(x)
    case .silu: x * logistic(x)
    case .hardSilu: x * min(max(x + 3, 0), 6) / 6
    case .gelu(approximate: false): 0.5 * x * (1 + erf(x * Float(0.5).squareRoot()))
    case .gelu(approximate: true): 0.5 * x * (1 + Foundation.tanh(geluScale * (x + 0.044715 * x * x * x)))
    case .elu(let alpha): x > 0 ? x : alpha * expm1(x)
    case .selu: seluScale * (x > 0 ? x : seluAlpha * expm1(x))
    case .softplus: max(x, 0) + log1p(exp(-abs(x)))
    case .softsign: x / (1 + abs(x))
    case .exponential: exp(x)
    case .mish: x * Foundation.tanh(Activation.softplus(x))
    case .square: x * x
    case .squareRoot: x.squareRoot()
    case .absolute: abs(x)
    case .signedSquareRoot: x < 0 ? -(-x).squareRoot() : x.squareRoot()
    }
  }

  /// The function's slope; where there is a kink, the slope of the side that frameworks take.
  ///
  /// Roots lose their gradient at zero: there the slope is that at 10⁻⁸.
  package func derivative(at x: Float) -> Float {
    switch self {
    case .linear: return 1
    case .rectifier(let maximum, let slope, let threshold):
      if x <= threshold { return slope }
      return x < maximum ?? .infinity ? 1 : 0
    case .sigmoid: return logistic(x) * (1 - logistic(x))
    case .hardSigmoid(let slope, let offset):
      let y = slope * x + offset
      return y > 0 && y < 1 ? slope : 0
    case .tanh:
      let y = Foundation.tanh(x)
      return 1 - y * y
    case .silu: return logistic(x) * (1 + x * (1 - logistic(x)))
    case .hardSilu: return x <= -3 ? 0 : x >= 3 ? 1 : (2 * x + 3) / 6
    case .gelu(approximate: false):
      let density = exp(-x * x / 2) / Float(2 * Double.pi).squareRoot()
      return 0.5 * (1 + erf(x * Float(0.5).squareRoot())) + x * density
    case .gelu(approximate: true):
      let t = Foundation.tanh(geluScale * (x + 0.044715 * x * x * x))
      return 0.5 * (1 + t) + 0.5 * x * (1 - t * t) * geluScale * (1 + 3 * 0.044715 * x * x)
    case .elu(let alpha): return x > 0 ? 1 : alpha * exp(x)
    case .selu: return seluScale * (x > 0 ? 1 : seluAlpha * exp(x))
    case .softplus: return logistic(x)
    case .softsign: return 1 / ((1 + abs(x)) * (1 + abs(x)))
    case .exponential: return exp(x)
    case .mish:
      let t = Foundation.tanh(Activation.softplus(x))
      return t + x * (1 - t * t) * logistic(x)
    case .square: return 2 * x
    case .squareRoot: return 0.5 / max(x, 1e-8).squareRoot()
    case .absolute: return x > 0 ? 1 : x < 0 ? -1 : 0
    case .signedSquareRoot: return 0.5 / max(abs(x), 1e-8).squareRoot()
    }
  }

  func plainForward(_ x: Tensor) -> Tensor { self == .linear ? x : x.map { self($0) } }

  func plainBackward(_ x: Tensor, _ g: Tensor) -> Tensor {
    Tensor(shape: g.shape, elements: zip(x.elements, g.elements).map { derivative(at: $0) * $1 })
  }
}

private let geluScale = Float((2 / Double.pi).squareRoot())
private let seluAlpha: Float = 1.673_263_242_354_377_2
private let seluScale: Float = 1.050_700_987_355_480_5

private func logistic(_ x: Float) -> Float { 1 / (1 + exp(-x)) }

/// `max(x, 0) + slope · min(x, 0)`; the slope's extents of 1 are shared.
func plainParametricReLU(_ x: Tensor, _ slope: Tensor) -> Tensor {
  let slopes = broadcastOffsets(slope.shape, to: Array(x.shape.dropFirst()))
  return Tensor(
    shape: x.shape,
    elements: x.elements.enumerated().map { $1 > 0 ? $1 : slope.elements[slopes[$0 % slopes.count]] * $1 })
}

func plainParametricReLUBackward(_ x: Tensor, _ slope: Tensor, _ g: Tensor) -> PlainGradients {
  let slopes = broadcastOffsets(slope.shape, to: Array(x.shape.dropFirst()))
  var dx = g
  var dslope = Tensor(shape: slope.shape)
  for i in x.elements.indices where x.elements[i] <= 0 {
    let s = slopes[i % slopes.count]
    dslope.elements[s] += g.elements[i] * x.elements[i]
    dx.elements[i] *= slope.elements[s]
  }
  return PlainGradients(inputs: [dx], weights: [.slope: dslope])
}

/// `exp(x) / Σ exp(x)` along the last axis.
func plainSoftmax(_ x: Tensor) -> Tensor {
  let width = x.shape.last ?? 1
  var y = x
  for start in stride(from: 0, to: x.count, by: width) {
    let peak = x.elements[start..<start + width].max() ?? 0
    var sum: Float = 0
    for i in start..<start + width {
      y.elements[i] = exp(x.elements[i] - peak)
      sum += y.elements[i]
    }
    for i in start..<start + width { y.elements[i] /= sum }
  }
  return y
}

/// `dx = y · (g − Σ y g)`.
func plainSoftmaxBackward(_ y: Tensor, _ g: Tensor) -> Tensor {
  let width = y.shape.last ?? 1
  var dx = g
  for start in stride(from: 0, to: y.count, by: width) {
    var sum: Float = 0
    for i in start..<start + width { sum += y.elements[i] * g.elements[i] }
    for i in start..<start + width { dx.elements[i] = y.elements[i] * (g.elements[i] - sum) }
  }
  return dx
}
