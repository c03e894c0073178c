/// An element-wise function, under Keras' names for it.
///
/// The last four serve Lambdas and operator nodes of imported models rather than layers.
package enum Activation: Hashable, Sendable {
  /// `x`.
  case linear
  /// `x` from `threshold` on, clipped above at `maximum`; `slope · (x − threshold)` below it. Plain ReLU is `.relu`.
  case rectifier(maximum: Float?, slope: Float, threshold: Float)
  /// `1 / (1 + exp(−x))`.
  case sigmoid
  /// `clip(slope · x + offset, 0, 1)`: Keras 2 and Theano use 0.2 and 0.5, Keras 3 and PyTorch 1/6 and 0.5.
  case hardSigmoid(slope: Float, offset: Float)
  /// The hyperbolic tangent.
  case tanh
  /// `x · sigmoid(x)`, also called swish.
  case silu
  /// `x · relu6(x + 3) / 6`, also called hard swish.
  case hardSilu
  /// `x · Φ(x)`, Φ the normal distribution (Hendrycks and Gimpel 2016, arXiv 1606.08415), or its approximation by tanh.
  case gelu(approximate: Bool)
  /// `x`, below zero `alpha · (exp(x) − 1)`.
  case elu(alpha: Float)
  /// ELU with the two factors that keep mean and variance (Klambauer et al. 2017, arXiv 1706.02515).
  case selu
  /// `log(1 + exp(x))`.
  case softplus
  /// `x / (1 + |x|)`.
  case softsign
  /// `exp(x)`.
  case exponential
  /// `x · tanh(softplus(x))`.
  case mish
  /// `x²`.
  case square
  /// `√x`.
  case squareRoot
  /// `|x|`.
  case absolute
  /// `sign(x) · √|x|`.
  case signedSquareRoot

  /// `max(x, 0)`.
  package static let relu = Activation.rectifier(maximum: nil, slope: 0, threshold: 0)
  /// `min(max(x, 0), 6)`.
  package static let relu6 = Activation.rectifier(maximum: 6, slope: 0, threshold: 0)
  /// `x`, below zero `slope · x`.
  package static func leakyReLU(slope: Float) -> Activation { .rectifier(maximum: nil, slope: slope, threshold: 0) }
}
