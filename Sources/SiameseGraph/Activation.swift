/// An element-wise function, under Keras' names for it.
///
/// The last four serve Lambdas and operator nodes of imported models rather than layers.
package enum Activation: Hashable, Sendable {
  case linear
  /// `max(x, threshold-gated slope · x)`, clipped above at `maximum`; plain ReLU is `.relu`, ReLU6 `.relu6`.
  case rectifier(maximum: Float?, slope: Float, threshold: Float)
  case sigmoid
  /// `clip(slope · x + offset, 0, 1)`: Keras 2 and Theano use 0.2 and 0.5, Keras 3 and PyTorch 1/6 and 0.5.
  case hardSigmoid(slope: Float, offset: Float)
  case tanh
  /// `x · sigmoid(x)`, also called swish.
  case silu
  /// `x · relu6(x + 3) / 6`, also called hard swish.
  case hardSilu
  case gelu(approximate: Bool)
  case elu(alpha: Float)
  case selu
  case softplus
  case softsign
  case exponential
  case mish
  case square
  case squareRoot
  case absolute
  /// `sign(x) · √|x|`.
  case signedSquareRoot

  package static let relu = Activation.rectifier(maximum: nil, slope: 0, threshold: 0)
  package static let relu6 = Activation.rectifier(maximum: 6, slope: 0, threshold: 0)
  package static func leakyReLU(slope: Float) -> Activation { .rectifier(maximum: nil, slope: slope, threshold: 0) }
}
