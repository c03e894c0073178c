import CSiameseOneDNN

/// Backward primitives. Each takes the forward (training) description it belongs to.
extension PrimitiveDescription {
  package static func convolutionBackwardData(
    of forward: PrimitiveDescription, _ algorithm: ConvolutionAlgorithm = .direct, sourceGradient: Layout,
    weights: Layout, destinationGradient: Layout, window: Window
  ) throws -> PrimitiveDescription {
    var window = window.raw
    return try describe("the gradient of a convolution's input \(sourceGradient.extents)", [], forward: forward) {
      siamese_convolution_backward_data(
        $0, $1, algorithm.raw, sourceGradient.handle, weights.handle, destinationGradient.handle, &window)
    }
  }

  package static func convolutionBackwardWeights(
    of forward: PrimitiveDescription, _ algorithm: ConvolutionAlgorithm = .direct, source: Layout,
    weightsGradient: Layout, biasGradient: Layout?, destinationGradient: Layout, window: Window
  ) throws -> PrimitiveDescription {
    var window = window.raw
    return try describe("the gradient of a convolution's weights \(weightsGradient.extents)", [], forward: forward) {
      siamese_convolution_backward_weights(
        $0, $1, algorithm.raw, source.handle, weightsGradient.handle, biasGradient?.handle,
        destinationGradient.handle, &window)
    }
  }

  package static func innerProductBackwardData(
    of forward: PrimitiveDescription, sourceGradient: Layout, weights: Layout, destinationGradient: Layout
  ) throws -> PrimitiveDescription {
    try describe("the gradient of an inner product's input \(sourceGradient.extents)", [], forward: forward) {
      siamese_inner_product_backward_data(
        $0, $1, sourceGradient.handle, weights.handle, destinationGradient.handle)
    }
  }

  package static func innerProductBackwardWeights(
    of forward: PrimitiveDescription, source: Layout, weightsGradient: Layout, biasGradient: Layout?,
    destinationGradient: Layout
  ) throws -> PrimitiveDescription {
    try describe("the gradient of an inner product's weights \(weightsGradient.extents)", [], forward: forward) {
      siamese_inner_product_backward_weights(
        $0, $1, source.handle, weightsGradient.handle, biasGradient?.handle, destinationGradient.handle)
    }
  }

  package static func poolingBackward(
    of forward: PrimitiveDescription, _ kind: PoolingAlgorithm, sourceGradient: Layout, destinationGradient: Layout,
    window: Window
  ) throws -> PrimitiveDescription {
    var window = window.raw
    return try describe("the gradient of a pooling of \(sourceGradient.extents)", [], forward: forward) {
      siamese_pooling_backward(
        $0, $1, kind.raw, sourceGradient.handle, destinationGradient.handle, &window)
    }
  }

  package static func eltwiseBackward(
    of forward: PrimitiveDescription, _ function: Eltwise, gradient: Layout, data: Layout
  ) throws -> PrimitiveDescription {
    try describe("the gradient of an element-wise function of \(data.extents)", [], forward: forward) {
      siamese_eltwise_backward($0, $1, function.algorithm, gradient.handle, data.handle, function.alpha, function.beta)
    }
  }

  package static func softmaxBackward(
    of forward: PrimitiveDescription, sourceGradient: Layout, destinationGradient: Layout, destination: Layout,
    axis: Int
  ) throws -> PrimitiveDescription {
    try describe("the gradient of a softmax of \(destination.extents)", [], forward: forward) {
      siamese_softmax_backward(
        $0, $1, sourceGradient.handle, destinationGradient.handle, destination.handle, Int32(axis))
    }
  }

  package static func localResponseBackward(
    of forward: PrimitiveDescription, gradient: Layout, data: Layout, size: Int, alpha: Float, beta: Float,
    bias: Float
  ) throws -> PrimitiveDescription {
    try describe("the gradient of a local response normalisation of \(data.extents)", [], forward: forward) {
      siamese_local_response_backward($0, $1, gradient.handle, data.handle, Int64(size), alpha, beta, bias)
    }
  }

  /// Of data, scale and shift.
  package static func batchNormalizationBackward(
    of forward: PrimitiveDescription, gradient: Layout, data: Layout, epsilon: Float, globalStatistics: Bool,
    rectified: Bool = false
  ) throws -> PrimitiveDescription {
    try describe("the gradient of a batch normalisation of \(data.extents)", [], forward: forward) {
      siamese_batch_normalization_backward(
        $0, $1, dnnl_backward, gradient.handle, data.handle, epsilon,
        NormalizationFlags.raw(globalStatistics: globalStatistics, rectified: rectified))
    }
  }

  /// Of data, scale and shift.
  package static func layerNormalizationBackward(
    of forward: PrimitiveDescription, gradient: Layout, data: Layout, statistics: Layout, epsilon: Float
  ) throws -> PrimitiveDescription {
    try describe("the gradient of a layer normalisation of \(data.extents)", [], forward: forward) {
      siamese_layer_normalization_backward(
        $0, $1, dnnl_backward, gradient.handle, data.handle, statistics.handle, epsilon,
        NormalizationFlags.raw(globalStatistics: false))
    }
  }

  package static func resamplingBackward(
    of forward: PrimitiveDescription, bilinear: Bool, sourceGradient: Layout, destinationGradient: Layout
  ) throws -> PrimitiveDescription {
    try describe("the gradient of a resampling to \(destinationGradient.extents)", [], forward: forward) {
      siamese_resampling_backward(
        $0, $1, bilinear ? dnnl_resampling_linear : dnnl_resampling_nearest, sourceGradient.handle,
        destinationGradient.handle)
    }
  }
}
