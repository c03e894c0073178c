/// What a node of a graph computes, with everything fixed about it except its weights.
///
/// Shapes in comments leave out the batch axis. Feature maps are `[H, W, C]`. An operation's weights are listed by
/// `parameterShapes(inputs:)`, in Keras' own layouts and under Keras' own roles.
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
  /// `x / max(‖x‖₂, √epsilon)` along the last axis.
  case unitNormalization(epsilon: Float)
  /// `x · (k + alpha · Σ x²)^−beta`, the sum over `2 · radius + 1` neighbouring channels (Krizhevsky 2012).
  case localResponseNormalization(radius: Int, bias: Float, alpha: Float, beta: Float)
  /// `scale · x + offset` with one weight a channel each (Normalization, LayerScale); absent parts are 1 and 0.
  case affine(scale: Bool, offset: Bool)
  /// `scale · x + offset` with fixed numbers (Rescaling, operator nodes).
  case linear(scale: Float, offset: Float)
  case activation(Activation)
  /// `max(x, 0) + slope · min(x, 0)`, the slope learned; its shape may have extents of 1 for shared axes.
  case parametricReLU(sharedAxes: [Int])
  /// Along the last axis.
  case softmax
  case pooling(Pooling)
  /// `[H, W, C]` → `[C]`, or `[1, 1, C]` where `keepsDimensions`.
  case globalPooling(Pooling.Kind, keepsDimensions: Bool)
  case zeroPadding(EdgeInsets)
  case cropping(EdgeInsets)
  case upsampling(height: Int, width: Int, bilinear: Bool)
  /// Element by element over two or more inputs, extents of 1 broadcast.
  case elementwise(Elementwise)
  /// Along `axis`, counted without the batch; −1 is the last.
  case concatenate(axis: Int)
  /// Channels (last axis) `start ..< start + count`.
  case slice(start: Int, count: Int)
  case reshape(shape: [Int])
  /// Axes in their new order, counted from 0 without the batch.
  case permute(axes: [Int])
  /// Zeroes each element with probability `rate` in training; identity otherwise.
  case dropout(rate: Float)
  /// Zeroes whole samples with probability `rate` in training (stochastic depth); identity otherwise.
  case stochasticDepth(rate: Float)
  /// Passes its input on: layers that act in training only and are not ours to train.
  case identity
}

package enum Elementwise: Hashable, Sendable { case add, subtract, multiply, average, maximum, minimum, divide }

package struct EdgeInsets: Hashable, Sendable {
  package var top = 0, bottom = 0, left = 0, right = 0
  package static let zero = EdgeInsets()
  package init(top: Int = 0, bottom: Int = 0, left: Int = 0, right: Int = 0) {
    (self.top, self.bottom, self.left, self.right) = (top, bottom, left, right)
  }
}

/// How a window meets the edges of its input: TensorFlow's two rules, or given amounts.
package enum Padding: Hashable, Sendable {
  /// No padding: the window stays inside.
  case valid
  /// As much as gives `⌈extent / stride⌉` outputs, the odd one below and to the right.
  case same
  /// These amounts, as after absorbing a padding layer.
  case explicit(EdgeInsets)
}

package struct Size: Hashable, Sendable {
  package var height: Int, width: Int
  package init(_ height: Int, _ width: Int) { (self.height, self.width) = (height, width) }
  package init(_ extent: Int) { self.init(extent, extent) }
}

package struct Convolution: Hashable, Sendable {
  package var filters: Int
  package var kernel: Size
  package var strides: Size
  package var padding: Padding
  package var dilation: Size
  /// Kernel is `[kernel.height, kernel.width, C / groups, filters]`, output channels ordered by group.
  package var groups: Int
  package var bias: Bool
  /// A second input of the output's shape is added before the activation (made by a pass, never by an importer).
  package var residual: Bool
  package var activation: Activation
  /// Applied to the input as it is read, before zeros are put around it (made by a pass, never by an importer).
  package var inputActivation = Activation.linear

  package init(
    filters: Int, kernel: Size, strides: Size = Size(1), padding: Padding = .valid, dilation: Size = Size(1),
    groups: Int = 1, bias: Bool = true, residual: Bool = false, activation: Activation = .linear
  ) {
    self.filters = filters
    self.kernel = kernel
    self.strides = strides
    self.padding = padding
    self.dilation = dilation
    self.groups = groups
    self.bias = bias
    self.residual = residual
    self.activation = activation
  }
}

package struct Pooling: Hashable, Sendable {
  /// Averages leave padding out of the count, as TensorFlow's do.
  package enum Kind: Hashable, Sendable { case maximum, average }
  package var kind: Kind
  package var window: Size
  package var strides: Size
  package var padding: Padding

  package init(_ kind: Kind, window: Size, strides: Size, padding: Padding = .valid) {
    (self.kind, self.window, self.strides, self.padding) = (kind, window, strides, padding)
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
