import CSiameseOneDNN

/// One of oneDNN's element-wise functions and its two numbers.
package struct Eltwise: Hashable, Sendable {
  /// oneDNN's number of the function.
  package var kind: UInt32
  /// The two numbers that oneDNN's documentation calls alpha and beta.
  package var alpha: Float, beta: Float

  init(_ kind: dnnl_alg_kind_t, alpha: Float = 0, beta: Float = 0) {
    (self.kind, self.alpha, self.beta) = (kind.rawValue, alpha, beta)
  }

  var algorithm: dnnl_alg_kind_t { dnnl_alg_kind_t(rawValue: kind) }

  /// `max(x, 0) + slope · min(x, 0)`.
  package static func relu(slope: Float = 0) -> Eltwise { Eltwise(dnnl_eltwise_relu, alpha: slope) }
  /// `scale · x + offset`.
  package static func linear(scale: Float, offset: Float) -> Eltwise {
    Eltwise(dnnl_eltwise_linear, alpha: scale, beta: offset)
  }
  /// `min(max(x, lowest), highest)`.
  package static func clip(_ lowest: Float, _ highest: Float) -> Eltwise {
    Eltwise(dnnl_eltwise_clip, alpha: lowest, beta: highest)
  }
  /// `1 / (1 + e^−x)`.
  package static let logistic = Eltwise(dnnl_eltwise_logistic)
  /// The hyperbolic tangent.
  package static let tanh = Eltwise(dnnl_eltwise_tanh)
  /// `x / (1 + e^−x)`, also called SiLU.
  package static let swish = Eltwise(dnnl_eltwise_swish, alpha: 1)
  /// `x · min(max(x / 6 + 1/2, 0), 1)`.
  package static let hardSwish = Eltwise(dnnl_eltwise_hardswish, alpha: 1 / 6, beta: 0.5)
  /// `x Φ(x)`, by the hyperbolic tangent where `approximate`.
  package static func gelu(approximate: Bool) -> Eltwise {
    Eltwise(approximate ? dnnl_eltwise_gelu_tanh : dnnl_eltwise_gelu_erf)
  }
  /// `x` above zero, `alpha · (e^x − 1)` below.
  package static func elu(alpha: Float) -> Eltwise { Eltwise(dnnl_eltwise_elu, alpha: alpha) }
  /// `ln(1 + e^x)`.
  package static let softplus = Eltwise(siamese_eltwise_softplus(), alpha: 1)
  /// `e^x`.
  package static let exponential = Eltwise(dnnl_eltwise_exp)
  /// `x · tanh(ln(1 + e^x))`.
  package static let mish = Eltwise(dnnl_eltwise_mish)
  /// `x²`.
  package static let square = Eltwise(dnnl_eltwise_square)
  /// `√x`.
  package static let squareRoot = Eltwise(dnnl_eltwise_sqrt)
  /// `|x|`.
  package static let absolute = Eltwise(dnnl_eltwise_abs)
}
