import CSiameseOneDNN

/// Whether a forward primitive must leave what its backward one needs.
package enum Direction: Hashable, Sendable {
  /// Results are all that is wanted.
  case inference
  /// A backward primitive follows.
  case training
  var raw: dnnl_prop_kind_t { self == .inference ? dnnl_forward_inference : dnnl_forward_training }
}

/// How a convolution is computed.
package enum ConvolutionAlgorithm: String, Hashable, Sendable, Codable {
  /// By its definition.
  case direct
  /// By Winograd's minimal filtering (Lavin and Gray, arXiv 1509.09308): fewer multiplications, a little less exact.
  case winograd
  var raw: dnnl_alg_kind_t { self == .direct ? dnnl_convolution_direct : dnnl_convolution_winograd }
}

/// Forward primitives. Layouts made with `Layout(any:)` are oneDNN's to choose; ask the description for them.
extension PrimitiveDescription {
  /// Copies elements from one layout (and type) to another.
  ///
  /// - Throws: `OneDNNError` where oneDNN has no implementation for these layouts.
  package static func reorder(from: Layout, to: Layout) throws -> PrimitiveDescription {
    try describe("a reorder from \(from.extents) to \(to.extents)", []) {
      siamese_reorder($0, $1, from.handle, to.handle)
    }
  }

  /// Puts arrays one after another along a logical axis.
  ///
  /// - Throws: `OneDNNError` where oneDNN has no implementation for these layouts.
  package static func concat(_ sources: [Layout], into destination: Layout, axis: Int) throws -> PrimitiveDescription {
    let handles = sources.map { Optional($0.handle) }
    return try describe("a concatenation of \(sources.map(\.extents))", []) {
      siamese_concat($0, $1, destination.handle, Int32(axis), Int32(handles.count), handles)
    }
  }

  /// A convolution of maps `[batch, channels, height, width]`, which oneDNN sums in float32.
  ///
  /// Weights are `[filters, channels, kernel height, kernel width]`, or, with groups,
  /// `[groups, filters / groups, channels / groups, kernel height, kernel width]`.
  ///
  /// - Parameter skip: How many implementations to pass over, in oneDNN's order of preference.
  /// - Throws: `OneDNNError` where oneDNN has no implementation for these layouts.
  package static func convolution(
    _ direction: Direction = .inference, _ algorithm: ConvolutionAlgorithm = .direct, source: Layout, weights: Layout,
    bias: Layout?, destination: Layout, window: Window, then operations: [PostOperation] = [], skip: Int = 0
  ) throws -> PrimitiveDescription {
    var window = window.raw
    return try describe("a convolution of \(source.extents) by \(weights.extents)", operations, skip: skip) {
      siamese_convolution_forward(
        $0, $1, direction.raw, algorithm.raw, source.handle, weights.handle, bias?.handle, destination.handle, &window)
    }
  }

  /// A product with weights `[units, channels]`, with spatial axes after them if the source has them.
  ///
  /// - Throws: `OneDNNError` where oneDNN has no implementation for these layouts.
  package static func innerProduct(
    _ direction: Direction = .inference, source: Layout, weights: Layout, bias: Layout?, destination: Layout,
    then operations: [PostOperation] = []
  ) throws -> PrimitiveDescription {
    try describe("an inner product of \(source.extents) by \(weights.extents)", operations) {
      siamese_inner_product_forward(
        $0, $1, direction.raw, source.handle, weights.handle, bias?.handle, destination.handle)
    }
  }

  /// The maximum or average under a window.
  ///
  /// - Throws: `OneDNNError` where oneDNN has no implementation for these layouts.
  package static func pooling(
    _ direction: Direction = .inference, _ kind: PoolingAlgorithm, source: Layout, destination: Layout, window: Window
  ) throws -> PrimitiveDescription {
    var window = window.raw
    return try describe("a pooling of \(source.extents)", []) {
      siamese_pooling_forward($0, $1, direction.raw, kind.raw, source.handle, destination.handle, &window)
    }
  }

  /// A function of each element.
  ///
  /// - Throws: `OneDNNError` where oneDNN has no implementation for these layouts.
  package static func eltwise(
    _ direction: Direction = .inference, _ function: Eltwise, _ data: Layout, then operations: [PostOperation] = []
  ) throws -> PrimitiveDescription {
    try describe("an element-wise function of \(data.extents)", operations) {
      siamese_eltwise_forward(
        $0, $1, direction.raw, function.algorithm, data.handle, function.alpha, function.beta)
    }
  }

  /// Two arrays, element by element; the second is repeated along axes of extent 1.
  ///
  /// - Throws: `OneDNNError` where oneDNN has no implementation for these layouts.
  package static func binary(
    _ kind: BinaryKind, _ first: Layout, _ second: Layout, into destination: Layout,
    then operations: [PostOperation] = []
  ) throws -> PrimitiveDescription {
    try describe("an element-wise \(kind) of \(first.extents) and \(second.extents)", operations) {
      siamese_binary($0, $1, kind.algorithm, first.handle, second.handle, destination.handle)
    }
  }

  /// `e^x / Σ e^x` along a logical axis.
  ///
  /// - Throws: `OneDNNError` where oneDNN has no implementation for these layouts.
  package static func softmax(
    _ direction: Direction = .inference, source: Layout, destination: Layout, axis: Int
  ) throws -> PrimitiveDescription {
    try describe("a softmax of \(source.extents)", []) {
      siamese_softmax_forward($0, $1, direction.raw, source.handle, destination.handle, Int32(axis))
    }
  }

  /// A local response normalisation across channels: `x · (bias + alpha / size · Σ x²)^−beta` over `size` neighbours.
  ///
  /// - Throws: `OneDNNError` where oneDNN has no implementation for these layouts.
  package static func localResponse(
    _ direction: Direction = .inference, _ data: Layout, size: Int, alpha: Float, beta: Float, bias: Float
  ) throws -> PrimitiveDescription {
    try describe("a local response normalisation of \(data.extents)", []) {
      siamese_local_response_forward($0, $1, direction.raw, data.handle, Int64(size), alpha, beta, bias)
    }
  }

  /// A batch normalisation with scale and shift as arguments.
  ///
  /// `globalStatistics` takes mean and variance as inputs, otherwise they are computed and given; `rectified` ends with
  /// a ReLU, whose mask is the workspace.
  ///
  /// - Throws: `OneDNNError` where oneDNN has no implementation for these layouts.
  package static func batchNormalization(
    _ direction: Direction, _ data: Layout, epsilon: Float, globalStatistics: Bool, rectified: Bool = false
  ) throws -> PrimitiveDescription {
    try describe("a batch normalisation of \(data.extents)", []) {
      siamese_batch_normalization_forward(
        $0, $1, direction.raw, data.handle, epsilon,
        NormalizationFlags.raw(globalStatistics: globalStatistics, rectified: rectified))
    }
  }

  /// A layer normalisation over the last logical axis, with scale and shift as arguments.
  ///
  /// `statistics` is the layout of means and variances: that of the data without its last axis.
  ///
  /// - Throws: `OneDNNError` where oneDNN has no implementation for these layouts.
  package static func layerNormalization(
    _ direction: Direction = .inference, _ data: Layout, statistics: Layout, epsilon: Float
  ) throws -> PrimitiveDescription {
    try describe("a layer normalisation of \(data.extents)", []) {
      siamese_layer_normalization_forward(
        $0, $1, direction.raw, data.handle, statistics.handle, epsilon,
        NormalizationFlags.raw(globalStatistics: false))
    }
  }

  /// A map in other extents, each output pixel from the nearest input pixel or from the four around it.
  ///
  /// - Throws: `OneDNNError` where oneDNN has no implementation for these layouts.
  package static func resampling(
    _ direction: Direction = .inference, bilinear: Bool, source: Layout, destination: Layout
  ) throws -> PrimitiveDescription {
    try describe("a resampling of \(source.extents) to \(destination.extents)", []) {
      siamese_resampling_forward(
        $0, $1, direction.raw, bilinear ? dnnl_resampling_linear : dnnl_resampling_nearest, source.handle,
        destination.handle)
    }
  }
}

enum NormalizationFlags {
  static func raw(globalStatistics: Bool, rectified: Bool = false) -> UInt32 {
    dnnl_use_scale.rawValue | dnnl_use_shift.rawValue | (globalStatistics ? dnnl_use_global_stats.rawValue : 0)
      | (rectified ? dnnl_fuse_norm_relu.rawValue : 0)
  }
}
