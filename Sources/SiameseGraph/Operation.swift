/// What a node of a graph computes, with everything fixed about it except its weights.
///
/// Shapes in comments leave out the batch axis. Feature maps are `[H, W, C]`. An operation's weights are listed by
/// `parameterShapes(inputs:)`, in Keras' own layouts and under Keras' own roles. What a case means in numbers stands
/// in its file under `Operations`.
package enum Operation: Hashable, Sendable {
  /// A picture or vector that enters the graph.
  case input(shape: [Int])
  /// `[H, W, C]` → `[H', W', filters]`; depthwise where `groups == C`.
  case convolution(Convolution)
  /// `[…, C]` → `[…, units]` along the last axis.
  case dense(units: Int, bias: Bool, activation: Activation)
  /// Per channel (last axis): `gamma · (x − mean) / √(variance + epsilon) + beta`.
  case batchNormalization(epsilon: Float, momentum: Float, scale: Bool, center: Bool)
  /// Over the last axis, per position.
  case layerNormalization(epsilon: Float, scale: Bool, center: Bool)
  /// Over all positions and the channels of a group.
  case groupNormalization(groups: Int, epsilon: Float, scale: Bool, center: Bool)
  /// `scale · x / √(mean(x²) + epsilon)` along the last axis.
  case rmsNormalization(epsilon: Float)
  /// `x / max(‖x‖₂, √epsilon)` along the last axis.
  case unitNormalization(epsilon: Float)
  /// `x · (k + alpha · Σ x²)^−beta`, the sum over `2 · radius + 1` neighbouring channels (Krizhevsky 2012).
  case localResponseNormalization(radius: Int, bias: Float, alpha: Float, beta: Float)
  /// `scale · x + offset` with one weight a channel each (Normalization, LayerScale); absent parts are 1 and 0.
  case affine(scale: Bool, offset: Bool)
  /// `scale · x + offset` with fixed numbers (Rescaling, operator nodes).
  case linear(scale: Float, offset: Float)
  /// A function of each element.
  case activation(Activation)
  /// `max(x, 0) + slope · min(x, 0)`, the slope learned; its shape may have extents of 1 for shared axes.
  case parametricReLU(sharedAxes: [Int])
  /// `exp(x) / Σ exp(x)` along the last axis.
  case softmax
  /// `x − log Σ exp(x)` along the last axis: the logarithm of softmax.
  case logSoftmax
  /// `[H, W, C]` → `[H', W', C]`.
  case pooling(Pooling)
  /// `[H, W, C]` → `[C]`, or `[1, 1, C]` where `keepsDimensions`.
  case globalPooling(Pooling.Kind, keepsDimensions: Bool)
  /// Zeros around a map.
  case zeroPadding(EdgeInsets)
  /// Rows and columns taken off a map.
  case cropping(EdgeInsets)
  /// `[H, W, C]` → `[height · H, width · W, C]`.
  case upsampling(height: Int, width: Int, bilinear: Bool)
  /// Element by element over two or more inputs, extents of 1 broadcast.
  case elementwise(Elementwise)
  /// Along `axis`, counted without the batch; −1 is the last.
  case concatenate(axis: Int)
  /// Channels (last axis) `start ..< start + count`.
  case slice(start: Int, count: Int)
  /// The same elements under another shape, in which one extent may be −1: what remains.
  case reshape(shape: [Int])
  /// Axes in their new order, counted from 0 without the batch.
  case permute(axes: [Int])
  /// Zeroes each element with probability `rate` in training; identity otherwise.
  case dropout(rate: Float)
  /// Zeroes whole samples with probability `rate` in training (stochastic depth); identity otherwise.
  case stochasticDepth(rate: Float)
  /// Passes its input on: layers that act in training only and are not ours to train.
  case identity

  /// The type that says what the operation does: the one list of all operations.
  var definition: any OperationDefinition {
    switch self {
    case .input(let shape): InputOperation(shape: shape)
    case .convolution(let convolution): convolution
    case .dense(let units, let bias, let activation): DenseOperation(units: units, bias: bias, activation: activation)
    case .batchNormalization(let epsilon, _, let scale, let center):
      BatchNormalizationOperation(epsilon: epsilon, scale: scale, center: center)
    case .layerNormalization(let epsilon, let scale, let center):
      LayerNormalizationOperation(epsilon: epsilon, scale: scale, center: center)
    case .groupNormalization(let groups, let epsilon, let scale, let center):
      GroupNormalizationOperation(groups: groups, epsilon: epsilon, scale: scale, center: center)
    case .rmsNormalization(let epsilon): RMSNormalizationOperation(epsilon: epsilon)
    case .unitNormalization(let epsilon): UnitNormalizationOperation(epsilon: epsilon)
    case .localResponseNormalization(let radius, let bias, let alpha, let beta):
      LocalResponseOperation(radius: radius, bias: bias, alpha: alpha, beta: beta)
    case .affine(let scale, let offset): AffineOperation(scale: scale, offset: offset)
    case .linear(let scale, let offset): LinearOperation(scale: scale, offset: offset)
    case .activation(let activation): activation
    case .parametricReLU(let sharedAxes): ParametricReLUOperation(sharedAxes: sharedAxes)
    case .softmax: SoftmaxOperation()
    case .logSoftmax: LogSoftmaxOperation()
    case .pooling(let pooling): pooling
    case .globalPooling(let kind, let keepsDimensions):
      GlobalPoolingOperation(kind: kind, keepsDimensions: keepsDimensions)
    case .zeroPadding(let insets): ZeroPaddingOperation(insets: insets)
    case .cropping(let insets): CroppingOperation(insets: insets)
    case .upsampling(let height, let width, let bilinear):
      UpsamplingOperation(height: height, width: width, bilinear: bilinear)
    case .elementwise(let kind): kind
    case .concatenate(let axis): ConcatenationOperation(axis: axis)
    case .slice(let start, let count): SliceOperation(start: start, count: count)
    case .reshape(let shape): ReshapeOperation(shape: shape)
    case .permute(let axes): PermutationOperation(axes: axes)
    case .dropout(let rate): DropoutOperation(rate: rate)
    case .stochasticDepth(let rate): StochasticDepthOperation(rate: rate)
    case .identity: IdentityOperation()
    }
  }
}

/// What a weight of a layer is for, by Keras' word.
package enum ParameterRole: String, Hashable, Sendable, CaseIterable, Codable {
  case kernel, bias, gamma, beta
  case movingMean = "moving_mean"
  case movingVariance = "moving_variance"
  case scale, offset, slope

  /// Whether gradient descent moves it: running statistics are not trained.
  package var isTrainable: Bool { self != .movingMean && self != .movingVariance }
}
