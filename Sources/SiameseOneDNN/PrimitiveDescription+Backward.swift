import CSiameseOneDNN

/// Backward primitives. Each takes the forward (training) description it belongs to.
extension PrimitiveDescription {
  /// The gradient of a convolution's input.
  ///
  /// - Throws: `OneDNNError` where oneDNN has no implementation for these layouts.
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

  /// The gradients of a convolution's kernel and, where `biasGradient` is given, of its bias.
  ///
  /// - Throws: `OneDNNError` where oneDNN has no implementation for these layouts.
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

  /// The gradient of a pooling's input. A maximum's takes the forward primitive's workspace.
  ///
  /// - Throws: `OneDNNError` where oneDNN has no implementation for these layouts.
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

  /// The gradient of a function's argument. `data` is the layout of the argument.
  ///
  /// - Throws: `OneDNNError` where oneDNN has no implementation for these layouts.
  package static func eltwiseBackward(
    of forward: PrimitiveDescription, _ function: Eltwise, gradient: Layout, data: Layout
  ) throws -> PrimitiveDescription {
    try describe("the gradient of an element-wise function of \(data.extents)", [], forward: forward) {
      siamese_eltwise_backward($0, $1, function.algorithm, gradient.handle, data.handle, function.alpha, function.beta)
    }
  }

  /// The gradients of a batch normalisation's input, scale and shift.
  ///
  /// - Throws: `OneDNNError` where oneDNN has no implementation for these layouts.
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
}
