import CSiameseOneDNN

/// Whether a forward primitive must leave what its backward one needs.
package enum Direction: Hashable, Sendable {
  case inference, training
  var raw: dnnl_prop_kind_t { self == .inference ? dnnl_forward_inference : dnnl_forward_training }
}

/// How oneDNN is to compute a convolution: directly, or by Winograd's transforms.
package enum ConvolutionAlgorithm: String, Hashable, Sendable, Codable {
  case direct, winograd
  var raw: dnnl_alg_kind_t { self == .direct ? dnnl_convolution_direct : dnnl_convolution_winograd }
}

/// Forward primitives. Layouts made with `Layout(any:)` are oneDNN's to choose; ask the description for them.
extension PrimitiveDescription {
  /// A copy into another layout or element type.
  package static func reorder(
    from: Layout, to: Layout, then operations: [PostOperation] = []
  ) throws -> PrimitiveDescription {
    try describe("a reorder from \(from.extents) to \(to.extents)", operations) {
      siamese_reorder($0, $1, from.handle, to.handle)
    }
  }

  /// Arrays one after another along an axis.
  package static func concat(_ sources: [Layout], into destination: Layout, axis: Int) throws -> PrimitiveDescription {
    let handles = sources.map { Optional($0.handle) }
    return try describe("a concatenation of \(sources.map(\.extents))", []) {
      siamese_concat($0, $1, destination.handle, Int32(axis), Int32(handles.count), handles)
    }
  }

  /// Weights are `[filters, channels, kh, kw]`, or `[groups, filters / groups, channels / groups, kh, kw]`.
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

  /// Weights are `[units, channels]` (and spatial axes, if the source has them).
  package static func innerProduct(
    _ direction: Direction = .inference, source: Layout, weights: Layout, bias: Layout?, destination: Layout,
    then operations: [PostOperation] = [], skip: Int = 0
  ) throws -> PrimitiveDescription {
    try describe("an inner product of \(source.extents) by \(weights.extents)", operations, skip: skip) {
      siamese_inner_product_forward(
        $0, $1, direction.raw, source.handle, weights.handle, bias?.handle, destination.handle)
    }
  }

  /// A pooling by a window.
  package static func pooling(
    _ direction: Direction = .inference, _ kind: PoolingAlgorithm, source: Layout, destination: Layout, window: Window,
    then operations: [PostOperation] = []
  ) throws -> PrimitiveDescription {
    var window = window.raw
    return try describe("a pooling of \(source.extents)", operations) {
      siamese_pooling_forward($0, $1, direction.raw, kind.raw, source.handle, destination.handle, &window)
    }
  }

  /// An element-wise function.
  package static func eltwise(
    _ direction: Direction = .inference, _ function: Eltwise, _ data: Layout, then operations: [PostOperation] = []
  ) throws -> PrimitiveDescription {
    try describe("an element-wise function of \(data.extents)", operations) {
      siamese_eltwise_forward(
        $0, $1, direction.raw, function.algorithm, data.handle, function.alpha, function.beta)
    }
  }

  /// A function of two arrays; extents of 1 of the second are broadcast.
  package static func binary(
    _ kind: BinaryKind, _ first: Layout, _ second: Layout, into destination: Layout,
    then operations: [PostOperation] = []
  ) throws -> PrimitiveDescription {
    try describe("an element-wise \(kind) of \(first.extents) and \(second.extents)", operations) {
      siamese_binary($0, $1, kind.algorithm, first.handle, second.handle, destination.handle)
    }
  }

  /// `exp(x) / Σ exp(x)` along an axis.
  package static func softmax(
    _ direction: Direction = .inference, source: Layout, destination: Layout, axis: Int
  ) throws -> PrimitiveDescription {
    try describe("a softmax of \(source.extents)", []) {
      siamese_softmax_forward($0, $1, direction.raw, source.handle, destination.handle, Int32(axis))
    }
  }

  /// Across channels: `x · (bias + alpha / size · Σ x²)^−beta` over `size` neighbours.
  package static func localResponse(
    _ direction: Direction = .inference, _ data: Layout, size: Int, alpha: Float, beta: Float, bias: Float
  ) throws -> PrimitiveDescription {
    try describe("a local response normalisation of \(data.extents)", []) {
      siamese_local_response_forward($0, $1, direction.raw, data.handle, Int64(size), alpha, beta, bias)
    }
  }

  /// With scale and shift as arguments; `globalStatistics` takes mean and variance as inputs; `rectified` ends with a
  /// ReLU, whose mask is the workspace.
  package static func batchNormalization(
    _ direction: Direction, _ data: Layout, epsilon: Float, globalStatistics: Bool, rectified: Bool = false
  ) throws -> PrimitiveDescription {
    try describe("a batch normalisation of \(data.extents)", []) {
      siamese_batch_normalization_forward(
        $0, $1, direction.raw, data.handle, epsilon,
        NormalizationFlags.raw(globalStatistics: globalStatistics, rectified: rectified))
    }
  }

  /// Over the last logical axis, with scale and shift as arguments. `statistics` has that axis removed.
  package static func layerNormalization(
    _ direction: Direction = .inference, _ data: Layout, statistics: Layout, epsilon: Float
  ) throws -> PrimitiveDescription {
    try describe("a layer normalisation of \(data.extents)", []) {
      siamese_layer_normalization_forward(
        $0, $1, direction.raw, data.handle, statistics.handle, epsilon,
        NormalizationFlags.raw(globalStatistics: false))
    }
  }

  /// Maps of another height and width, by repetition or by straight lines between neighbours.
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
