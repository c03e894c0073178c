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

  /// Every element of `x` through the function.
  func applied(to x: Tensor) -> Tensor { self == .linear ? x : x.map { self($0) } }

  /// The gradient with respect to `x`, given `g`, the one with respect to the function's values there.
  func gradient(at x: Tensor, _ g: Tensor) -> Tensor {
    Tensor(shape: g.shape, elements: zip(x.elements, g.elements).map { derivative(at: $0) * $1 })
  }
}

/// As an operation of its own: a function of each element, of any shape.
extension Activation: OperationDefinition {
  var isIdentityAtInference: Bool { self == .linear }
  var givesProbabilities: Bool { self == .sigmoid }

  func outputShape(_ inputs: [[Int]]) throws(OperationError) -> [Int] { try inputs.only() }

  func forward(_ inputs: [Tensor], _ weights: [ParameterRole: Tensor], mode: PlainMode) -> Tensor {
    applied(to: inputs[0])
  }

  func backward(
    _ inputs: [Tensor], _ weights: [ParameterRole: Tensor], output y: Tensor, gradient g: Tensor, mode: PlainMode
  ) -> PlainGradients {
    PlainGradients(inputs: [gradient(at: inputs[0], g)])
  }
}

private let geluScale = Float((2 / Double.pi).squareRoot())
private let seluAlpha: Float = 1.673_263_242_354_377_2
private let seluScale: Float = 1.050_700_987_355_480_5

private func logistic(_ x: Float) -> Float { 1 / (1 + exp(-x)) }
