import SiameseGraph

/// A value in a drawing, with one method for each kind of layer; names left out are Keras' automatic ones.
///
/// ```swift
/// let squeezed = x.convolution("fire2/squeeze1x1", 16, 1).relu("fire2/relu_squeeze1x1")
/// ```
struct FeatureMap {
  let blueprint: Blueprint
  let node: Int

  var shape: [Int] { blueprint.shape(node) }
  var height: Int { shape[0] }
  var width: Int { shape.count > 1 ? shape[1] : 1 }
  var channels: Int { shape.last ?? 1 }

  private func next(_ body: (inout NetworkBuilder) throws(GraphError) -> Int) -> FeatureMap {
    FeatureMap(blueprint: blueprint, node: blueprint.draw(body))
  }

  private func layer(
    _ name: String?, _ className: String, _ operation: Operation, _ others: [FeatureMap] = []
  ) -> FeatureMap {
    next { builder throws(GraphError) in
      try builder.add(blueprint.name(name, className), className, operation, [node] + others.map(\.node))
    }
  }

  // MARK: Layers with weights

  func convolution(
    _ name: String? = nil, _ filters: Int, _ kernel: Int, stride: Int = 1, padding: Padding = .same, groups: Int = 1,
    bias: Bool = true, activation: LayerActivation = .linear
  ) -> FeatureMap {
    convolution(
      name, filters, Size(kernel), stride: stride, padding: padding, groups: groups, bias: bias, activation: activation)
  }

  func convolution(
    _ name: String? = nil, _ filters: Int, _ kernel: Size, stride: Int = 1, padding: Padding = .same, groups: Int = 1,
    bias: Bool = true, activation: LayerActivation = .linear
  ) -> FeatureMap {
    next { builder throws(GraphError) in
      try builder.convolution(
        blueprint.name(name, "Conv2D"), node,
        Convolution(
          filters: filters, kernel: kernel, strides: Size(stride), padding: padding, groups: groups, bias: bias),
        activation: activation)
    }
  }

  func depthwise(
    _ name: String? = nil, _ kernel: Int, stride: Int = 1, padding: Padding = .same, multiplier: Int = 1,
    bias: Bool = true
  ) -> FeatureMap {
    // Asked before the builder is changed: the two may not happen at the same time.
    let channels = channels
    return next { builder throws(GraphError) in
      try builder.depthwiseConvolution(
        blueprint.name(name, "DepthwiseConv2D"), node,
        Convolution(
          filters: channels * multiplier, kernel: Size(kernel), strides: Size(stride), padding: padding,
          groups: channels, bias: bias))
    }
  }

  func separable(
    _ name: String? = nil, _ filters: Int, _ kernel: Int, stride: Int = 1, padding: Padding = .same, bias: Bool = true
  ) -> FeatureMap {
    next { builder throws(GraphError) in
      try builder.separableConvolution(
        blueprint.name(name, "SeparableConv2D"), node,
        Convolution(filters: filters, kernel: Size(kernel), strides: Size(stride), padding: padding, bias: bias))
    }
  }

  func dense(
    _ name: String? = nil, _ units: Int, bias: Bool = true, activation: LayerActivation = .linear
  ) -> FeatureMap {
    next { builder throws(GraphError) in
      try builder.dense(blueprint.name(name, "Dense"), node, units: units, bias: bias, activation: activation)
    }
  }

  func batchNorm(
    _ name: String? = nil, epsilon: Float = 1e-3, momentum: Float = 0.99, scale: Bool = true
  ) -> FeatureMap {
    next { builder throws(GraphError) in
      try builder.batchNormalization(
        blueprint.name(name, "BatchNormalization"), node, epsilon: epsilon, momentum: momentum, scale: scale)
    }
  }

  func layerNorm(_ name: String? = nil, epsilon: Float) -> FeatureMap {
    next { builder throws(GraphError) in
      try builder.layerNormalization(blueprint.name(name, "LayerNormalization"), node, epsilon: epsilon)
    }
  }

  func layerScale(_ name: String? = nil) -> FeatureMap {
    next { builder throws(GraphError) in try builder.layerScale(blueprint.name(name, "LayerScale"), node) }
  }

  /// `Normalization`, its mean and variance in the file.
  func standardized(_ name: String? = nil) -> FeatureMap {
    next { builder throws(GraphError) in try builder.standardization(blueprint.name(name, "Normalization"), node) }
  }

  /// `Normalization` as EfficientNet has it: ImageNet's statistics in a file ask for a second scaling, by the root of
  /// the deviation, which Keras adds when it loads those weights.
  func standardizedAsImageNet(_ name: String? = nil) -> FeatureMap {
    next { builder throws(GraphError) in
      try builder.standardization(blueprint.name(name, "Normalization"), node, doubledForImageNet: true)
    }
  }

  /// `Normalization` with fixed mean and variance a channel.
  func standardized(_ name: String? = nil, mean: [Float], variance: [Float]) -> FeatureMap {
    let scale = variance.map { 1 / $0.squareRoot() }
    return next { builder throws(GraphError) in
      try builder.fixedAffine(
        blueprint.name(name, "Normalization"), "Normalization", node, scale: scale,
        offset: zip(mean, scale).map { -$0 * $1 })
    }
  }

  func rescaled(_ name: String? = nil, scale: [Float], offset: [Float] = [0]) -> FeatureMap {
    next { builder throws(GraphError) in
      try builder.fixedAffine(
        blueprint.name(name, "Rescaling"), "Rescaling", node, scale: scale,
        offset: offset.count == scale.count ? offset : Array(repeating: offset[0], count: scale.count))
    }
  }

  // MARK: Layers without

  func relu(_ name: String? = nil, className: String = "Activation") -> FeatureMap {
    activation(name, .relu, className: className)
  }

  func activation(_ name: String? = nil, _ function: Activation, className: String = "Activation") -> FeatureMap {
    layer(name, className, .activation(function))
  }

  func softmax(_ name: String? = nil) -> FeatureMap { layer(name, "Activation", .softmax) }

  func maxPool(_ name: String? = nil, _ window: Int, stride: Int, padding: Padding = .valid) -> FeatureMap {
    layer(
      name, "MaxPooling2D",
      .pooling(Pooling(.maximum, window: Size(window), strides: Size(stride), padding: padding)))
  }

  func averagePool(_ name: String? = nil, _ window: Int, stride: Int, padding: Padding = .valid) -> FeatureMap {
    layer(
      name, "AveragePooling2D",
      .pooling(Pooling(.average, window: Size(window), strides: Size(stride), padding: padding)))
  }

  func globalAverage(_ name: String? = nil, keepsDimensions: Bool = false) -> FeatureMap {
    layer(name, "GlobalAveragePooling2D", .globalPooling(.average, keepsDimensions: keepsDimensions))
  }

  func zeroPad(_ name: String? = nil, _ insets: EdgeInsets) -> FeatureMap {
    layer(name, "ZeroPadding2D", .zeroPadding(insets))
  }

  func zeroPad(_ name: String? = nil, _ amount: Int) -> FeatureMap {
    zeroPad(name, EdgeInsets(top: amount, bottom: amount, left: amount, right: amount))
  }

  func crop(_ name: String? = nil, _ insets: EdgeInsets) -> FeatureMap {
    layer(name, "Cropping2D", .cropping(insets))
  }

  func dropout(_ name: String? = nil, _ rate: Float) -> FeatureMap {
    layer(name, "Dropout", .dropout(rate: rate))
  }

  func stochasticDepth(_ name: String? = nil, _ rate: Float) -> FeatureMap {
    layer(name, "StochasticDepth", .stochasticDepth(rate: rate))
  }

  /// `Dropout` of whole samples.
  func droppedAsWhole(_ name: String? = nil, _ rate: Float) -> FeatureMap {
    layer(name, "Dropout", .stochasticDepth(rate: rate))
  }

  func identity(_ name: String? = nil) -> FeatureMap { layer(name, "Activation", .identity) }

  func flatten(_ name: String? = nil) -> FeatureMap {
    let name = blueprint.name(name, "Flatten")
    return FeatureMap(blueprint: blueprint, node: blueprint.flattening(name, node))
      .layer(name, "Flatten", .reshape(shape: [-1]))
  }

  func reshape(_ name: String? = nil, _ shape: [Int]) -> FeatureMap {
    layer(name, "Reshape", .reshape(shape: shape))
  }

  /// `scale · x + offset`, as an operator in the model's code or, by `className`, a layer.
  func linear(_ name: String? = nil, _ className: String, scale: Float = 1, offset: Float = 0) -> FeatureMap {
    layer(name, className, .linear(scale: scale, offset: offset))
  }

  func unitNorm(_ name: String? = nil, className: String = "UnitNormalization") -> FeatureMap {
    layer(name, className, .unitNormalization(epsilon: 1e-12))
  }

  func localResponseNorm(_ name: String, radius: Int, bias: Float, alpha: Float, beta: Float) -> FeatureMap {
    layer(name, "Lambda", .localResponseNormalization(radius: radius, bias: bias, alpha: alpha, beta: beta))
  }

  func add(_ name: String? = nil, _ others: FeatureMap...) -> FeatureMap {
    layer(name, "Add", .elementwise(.add), others)
  }

  /// `other + self`, as an operator in the model's code.
  func added(to other: FeatureMap) -> FeatureMap {
    other.layer(nil, "Operator", .elementwise(.add), [self])
  }

  /// `self + scale · other`.
  func addScaled(_ name: String? = nil, _ other: FeatureMap, scale: Float) -> FeatureMap {
    next { builder throws(GraphError) in
      let name = blueprint.name(name, "CustomScaleLayer")
      let scaled = try builder.part(name, "scaled", .linear(scale: scale, offset: 0), [other.node])
      return try builder.add(name, "CustomScaleLayer", .elementwise(.add), [node, scaled])
    }
  }

  /// The layers that `body` adds, as a `Sequential` model of that name inside this one.
  func inside(_ model: String, _ body: (FeatureMap) -> FeatureMap) -> FeatureMap {
    blueprint.enter(model)
    defer { blueprint.leave() }
    return body(self)
  }

  func multiply(_ name: String? = nil, _ other: FeatureMap) -> FeatureMap {
    layer(name, "Multiply", .elementwise(.multiply), [other])
  }

  static func concatenate(_ name: String? = nil, _ maps: [FeatureMap]) -> FeatureMap {
    maps[0].layer(name, "Concatenate", .concatenate(axis: -1), Array(maps.dropFirst()))
  }
}
