import SiameseGraph
import SiameseTensors

/// The layers that hold weights, each with the weights Keras stores for it, in Keras' order.
extension NetworkBuilder {
  /// Adds a layer that is one operation with one input.
  /// - Parameter weights: Keras' names of its weights, in Keras' order; those that the operation lacks are left out.
  /// - Throws: `GraphError` where the operation does not fit its input.
  @discardableResult
  mutating func layer(
    _ name: String, _ className: String, _ operation: Operation, _ input: Int,
    weights: [(ParameterRole, String)] = []
  ) throws(GraphError) -> Int {
    let shapes = operation.parameterShapes(inputs: [shape(input)])
    let present = weights.filter { shapes[$0.0] != nil }
    return try add(
      name, className, operation, [input], roles: roles(name, present),
      weights: present.map { role, word in
        KerasLayer.Weight(name: word, shape: shapes[role] ?? [], isTrainable: role.isTrainable)
      })
  }

  /// Adds a layer with the activation that its own node can apply, or a second node that is the activation.
  private mutating func activated(
    _ name: String, _ className: String, _ operation: (Activation) -> Operation, _ input: Int,
    activation: LayerActivation, roles: [ParameterRole: String], weights: [KerasLayer.Weight],
    parameters: [KerasLayer.Parameter]? = nil
  ) throws(GraphError) -> Int {
    switch activation {
    case .function(let function):
      return try add(
        name, className, operation(function), [input], roles: roles, weights: weights, parameters: parameters)
    case .operation(let last):
      let sum = try part(name, "logits", operation(.linear), [input], parameters: roles)
      return try add(name, className, last, [sum], weights: weights, parameters: parameters)
    }
  }

  private func roles(_ name: String, _ words: [(ParameterRole, String)]) -> [ParameterRole: String] {
    Dictionary(uniqueKeysWithValues: words.map { ($0.0, parameterPath(name, $0.1)) })
  }

  /// `Conv2D`; the kernel is `[height, width, C / groups, filters]`.
  mutating func convolution(
    _ name: String, _ input: Int, _ convolution: Convolution, activation: LayerActivation = .linear
  ) throws(GraphError) -> Int {
    let channels = shape(input).last ?? 0
    let c = convolution
    var weights = [
      KerasLayer.Weight(
        name: "kernel", shape: [c.kernel.height, c.kernel.width, channels / max(1, c.groups), c.filters])
    ]
    if c.bias { weights.append(.init(name: "bias", shape: [c.filters])) }
    func operation(_ activation: Activation) -> Operation {
      var copy = c
      copy.activation = activation
      return .convolution(copy)
    }
    return try activated(
      name, "Conv2D", operation, input, activation: activation,
      roles: roles(name, [(.kernel, "kernel")] + (c.bias ? [(.bias, "bias")] : [])), weights: weights)
  }

  /// `DepthwiseConv2D`, where `convolution` has as many groups as the input has channels; Keras' kernel is
  /// `[height, width, C, multiplier]`, the same elements in the same order as ours.
  /// - Throws: `GraphError` where the convolution does not fit its input.
  mutating func depthwiseConvolution(
    _ name: String, _ input: Int, _ convolution: Convolution, activation: LayerActivation = .linear
  ) throws(GraphError) -> Int {
    let c = convolution
    var weights = [
      KerasLayer.Weight(
        name: "depthwise_kernel", shape: [c.kernel.height, c.kernel.width, c.groups, c.filters / max(1, c.groups)])
    ]
    if c.bias { weights.append(.init(name: "bias", shape: [c.filters])) }
    func operation(_ activation: Activation) -> Operation {
      var copy = c
      copy.activation = activation
      return .convolution(copy)
    }
    var parameters = plainParameters(name, weights)
    parameters[0].shape = [c.kernel.height, c.kernel.width, 1, c.filters]
    return try activated(
      name, "DepthwiseConv2D", operation, input, activation: activation,
      roles: roles(name, [(.kernel, "depthwise_kernel")] + (c.bias ? [(.bias, "bias")] : [])), weights: weights,
      parameters: parameters)
  }

  /// `SeparableConv2D`: a depthwise convolution, then a pointwise one that carries bias and activation.
  mutating func separableConvolution(
    _ name: String, _ input: Int, _ convolution: Convolution, multiplier: Int = 1,
    activation: LayerActivation = .linear
  ) throws(GraphError) -> Int {
    let channels = shape(input).last ?? 0
    let c = convolution
    var weights = [
      KerasLayer.Weight(name: "depthwise_kernel", shape: [c.kernel.height, c.kernel.width, channels, multiplier]),
      KerasLayer.Weight(name: "pointwise_kernel", shape: [1, 1, channels * multiplier, c.filters]),
    ]
    if c.bias { weights.append(.init(name: "bias", shape: [c.filters])) }
    var parameters = plainParameters(name, weights)
    parameters[0].shape = [c.kernel.height, c.kernel.width, 1, channels * multiplier]
    let depthwise = try part(
      name, "depthwise",
      .convolution(
        Convolution(
          filters: channels * multiplier, kernel: c.kernel, strides: c.strides, padding: c.padding,
          dilation: c.dilation, groups: max(1, channels), bias: false)),
      [input], parameters: roles(name, [(.kernel, "depthwise_kernel")]))
    func operation(_ activation: Activation) -> Operation {
      .convolution(Convolution(filters: c.filters, kernel: Size(1), bias: c.bias, activation: activation))
    }
    return try activated(
      name, "SeparableConv2D", operation, depthwise, activation: activation,
      roles: roles(name, [(.kernel, "pointwise_kernel")] + (c.bias ? [(.bias, "bias")] : [])), weights: weights,
      parameters: parameters)
  }

  /// `Dense` along the last axis; the kernel is `[C, units]`.
  mutating func dense(
    _ name: String, _ input: Int, units: Int, bias: Bool = true, activation: LayerActivation = .linear
  ) throws(GraphError) -> Int {
    var weights = [KerasLayer.Weight(name: "kernel", shape: [shape(input).last ?? 0, units])]
    if bias { weights.append(.init(name: "bias", shape: [units])) }
    return try activated(
      name, "Dense", { .dense(units: units, bias: bias, activation: $0) }, input, activation: activation,
      roles: roles(name, [(.kernel, "kernel")] + (bias ? [(.bias, "bias")] : [])), weights: weights)
  }

  /// `BatchNormalization` over the last axis: gamma, beta, moving mean, moving variance.
  /// - Throws: `GraphError` where the input has no channels.
  mutating func batchNormalization(
    _ name: String, _ input: Int, epsilon: Float = 1e-3, momentum: Float = 0.99, scale: Bool = true,
    center: Bool = true
  ) throws(GraphError) -> Int {
    try layer(
      name, "BatchNormalization",
      .batchNormalization(epsilon: epsilon, momentum: momentum, scale: scale, center: center), input,
      weights: [
        (.gamma, "gamma"), (.beta, "beta"), (.movingMean, "moving_mean"), (.movingVariance, "moving_variance"),
      ])
  }

  /// `LayerNormalization` over the last axis: gamma, beta.
  /// - Throws: `GraphError` where the input has no channels.
  mutating func layerNormalization(
    _ name: String, _ input: Int, epsilon: Float = 1e-3
  ) throws(GraphError) -> Int {
    try layer(
      name, "LayerNormalization", .layerNormalization(epsilon: epsilon, scale: true, center: true), input,
      weights: [(.gamma, "gamma"), (.beta, "beta")])
  }

  /// `Normalization` whose mean and variance are weights: `(x − mean) / √variance`.
  /// - Parameter doubledForImageNet: Whether ImageNet's variances ask for a division by `√deviation` besides.
  mutating func standardization(
    _ name: String, _ input: Int, doubledForImageNet: Bool = false
  ) throws(GraphError) -> Int {
    let channels = [shape(input).last ?? 0]
    let weights = [
      KerasLayer.Weight(name: "mean", shape: channels, isTrainable: false),
      KerasLayer.Weight(name: "variance", shape: channels, isTrainable: false),
      KerasLayer.Weight(name: "count", shape: [], isTrainable: false),
    ]
    return try add(
      name, "Normalization", .affine(scale: true, offset: true), [input],
      roles: roles(name, [(.scale, "scale"), (.offset, "offset")]), weights: weights,
      parameters: [
        .init(path: parameterPath(name, "scale"), shape: channels, sources: [1]) {
          Standardization.scale($0[0], doubledForImageNet: doubledForImageNet)
        },
        .init(path: parameterPath(name, "offset"), shape: channels, sources: [0, 1]) {
          Standardization.offset(mean: $0[0], variance: $0[1], doubledForImageNet: doubledForImageNet)
        },
      ])
  }

  /// A fixed `scale · x + offset` a channel, as `Normalization` and `Rescaling` with numbers in the configuration give.
  mutating func fixedAffine(
    _ name: String, _ className: String, _ input: Int, scale: [Float], offset: [Float]
  ) throws(GraphError) -> Int {
    let channels = shape(input).last ?? 0
    func spread(_ values: [Float]) throws(GraphError) -> Tensor {
      guard values.count == channels || values.count == 1 else {
        throw .misfit(layer: name, reason: "has \(values.count) values for \(channels) channels")
      }
      return Tensor(
        shape: [channels],
        elements: values.count == channels ? values : Array(repeating: values[0], count: channels))
    }
    if scale.count == 1, offset.count == 1 {
      return try add(name, className, .linear(scale: scale[0], offset: offset[0]), [input])
    }
    hold(parameterPath(name, "scale"), try spread(scale))
    hold(parameterPath(name, "offset"), try spread(offset))
    return try add(
      name, className, .affine(scale: true, offset: true), [input],
      roles: roles(name, [(.scale, "scale"), (.offset, "offset")]))
  }

  /// `LayerScale` of ConvNeXt: a learned factor a channel.
  /// - Throws: `GraphError` where the input has no channels.
  mutating func layerScale(_ name: String, _ input: Int) throws(GraphError) -> Int {
    try layer(name, "LayerScale", .affine(scale: true, offset: false), input, weights: [(.scale, "gamma")])
  }

  private func plainParameters(_ name: String, _ weights: [KerasLayer.Weight]) -> [KerasLayer.Parameter] {
    weights.enumerated().map { index, weight in
      .init(path: parameterPath(name, weight.name), shape: weight.shape, sources: [index])
    }
  }
}

/// How mean and variance become a factor and an offset.
enum Standardization {
  /// Keras divides by `max(√variance, 1e-7)`.
  static func scale(_ variance: Tensor, doubledForImageNet: Bool = false) -> Tensor {
    let deviations: [Float] = [0.229, 0.224, 0.225]
    let isImageNet =
      doubledForImageNet && variance.count == 3
      && zip(variance.elements, deviations).allSatisfy { abs($0 - $1 * $1) < 1e-4 }
    return Tensor(
      shape: variance.shape,
      elements: variance.elements.map {
        let deviation = max($0.squareRoot(), 1e-7)
        return isImageNet ? 1 / (deviation * deviation.squareRoot()) : 1 / deviation
      })
  }

  static func offset(mean: Tensor, variance: Tensor, doubledForImageNet: Bool = false) -> Tensor {
    let scale = scale(variance, doubledForImageNet: doubledForImageNet)
    return Tensor(shape: mean.shape, elements: zip(mean.elements, scale.elements).map { -$0 * $1 })
  }
}
