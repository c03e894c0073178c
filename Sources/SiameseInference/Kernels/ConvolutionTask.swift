import SiameseGraph
import SiameseOneDNN

/// Everything about a convolution but its weights, in oneDNN's terms.
struct ConvolutionTask {
  let convolution: Convolution
  /// `[N, C, H, W]`.
  let source: [Int], destination: [Int]
  /// `[filters, channels, kh, kw]`, or with groups `[groups, filters / groups, channels / groups, kh, kw]`.
  let weights: [Int]
  let window: Window

  /// Nil where the node is no convolution.
  init?(_ node: NodeContext) {
    guard case .convolution(let c) = node.operation else { return nil }
    let shape = node.inputShapes[0]
    convolution = c
    (source, destination) = (node.facts.extents(shape), node.facts.extents(node.shape))
    window = Window(c, height: shape[0], width: shape[1])
    let spatial = [c.kernel.height, c.kernel.width]
    weights =
      c.groups == 1
      ? [c.filters, shape[2]] + spatial : [c.groups, c.filters / c.groups, shape[2] / c.groups] + spatial
  }

  /// Strides of Keras' `[kh, kw, channels / groups, filters]` in the order of `weights`.
  var weightStrides: [Int] {
    let c = convolution, depth = source[1] / c.groups
    let spatial = [c.kernel.width * depth * c.filters, depth * c.filters]
    return c.groups == 1 ? [1, c.filters] + spatial : [c.filters / c.groups, 1, c.filters] + spatial
  }

  /// Multiplications and additions of the plain algorithm.
  var operationCount: Int {
    let c = convolution
    return 2 * destination.reduce(1, *) * c.kernel.height * c.kernel.width * source[1] / c.groups
  }
}

extension Window {
  /// The window of a convolution of maps of `height`×`width`.
  init(_ c: Convolution, height: Int, width: Int) {
    self.init(
      extent: c.kernel, strides: c.strides, dilation: c.dilation,
      insets: c.padding.insets(height: height, width: width, window: c.kernel, strides: c.strides, dilation: c.dilation)
    )
  }
}
