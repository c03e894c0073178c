import SiameseGraph
import SiameseTensors

/// Convolutions and dense layers: an activation may be part of the layer.
extension LayerCodec {
  static let convolution = LayerCodec(
    .weighted, ["Conv2D", "Convolution2D", "AtrousConvolution2D", "AtrousConv2D"],
    read: { reader, layer, call in
      let node = try reader.map(try reader.only(call), layer)
      let convolution = Convolution(
        filters: try layer.int("filters", "nb_filter"), kernel: try layer.kernelSize,
        strides: try layer.size("strides", "subsample", default: Size(1)), padding: try layer.padding,
        dilation: try layer.size("dilation_rate", "atrous_rate", default: Size(1)),
        groups: try layer.int("groups", default: 1), bias: layer.bool("use_bias", "bias", default: true))
      try convolution.check(channels: reader.builder.shape(node).last)
      let output = try reader.builder.convolution(layer.name, node, convolution, activation: try layer.activation)
      return .init(node: output, channelsFirst: layer.isChannelsFirst)
    },
    writes: { if case .convolution = $0 { true } else { false } },
    write: { model, source in
      guard case .convolution(let convolution) = source.node.operation else { return source.inputs[0] }
      return try model.convolution(convolution, source)
    })

  static let depthwiseConvolution = LayerCodec(
    .weighted, ["DepthwiseConv2D", "DepthwiseConvolution2D"],
    read: { reader, layer, call in
      let node = try reader.map(try reader.only(call), layer)
      let channels = try reader.spatialChannels(node)
      let (kernel, multiplier) = (try layer.size("kernel_size"), try layer.depthMultiplier)
      try Convolution(filters: channels * multiplier, kernel: kernel, groups: channels).check(channels: channels)
      let output = try reader.builder.depthwiseConvolution(
        layer.name, node,
        Convolution(
          filters: channels * multiplier, kernel: kernel,
          strides: try layer.size("strides", "subsample", default: Size(1)), padding: try layer.padding,
          dilation: try layer.size("dilation_rate", default: Size(1)), groups: channels,
          bias: layer.bool("use_bias", "bias", default: true)),
        activation: try layer.activation)
      return .init(node: output, channelsFirst: layer.isChannelsFirst)
    })

  static let separableConvolution = LayerCodec(
    .weighted, ["SeparableConv2D", "SeparableConvolution2D"],
    read: { reader, layer, call in
      let node = try reader.map(try reader.only(call), layer)
      let convolution = Convolution(
        filters: try layer.int("filters", "nb_filter"), kernel: try layer.kernelSize,
        strides: try layer.size("strides", "subsample", default: Size(1)), padding: try layer.padding,
        dilation: try layer.size("dilation_rate", default: Size(1)),
        bias: layer.bool("use_bias", "bias", default: true))
      let multiplier = try layer.depthMultiplier
      try convolution.check(channels: try reader.spatialChannels(node) * multiplier)
      let output = try reader.builder.separableConvolution(
        layer.name, node, convolution, multiplier: multiplier, activation: try layer.activation)
      return .init(node: output, channelsFirst: layer.isChannelsFirst)
    })

  static let dense = LayerCodec(
    .weighted, ["Dense"],
    read: { reader, layer, call in
      let node = try reader.plain(try reader.only(call), layer.name)
      let units = try layer.int("units", "output_dim")
      guard units > 0, units <= 1 << 24 else { throw LayerProblem("has \(units) units") }
      return .init(
        node: try reader.builder.dense(
          layer.name, node, units: units, bias: layer.bool("use_bias", "bias", default: true),
          activation: try layer.activation))
    },
    writes: { if case .dense = $0 { true } else { false } },
    write: { model, source in
      guard case .dense(let units, let bias, let activation) = source.node.operation else { return source.inputs[0] }
      let (word, rest) = KerasModel.split(activation)
      let sum = model.weighted(
        source.node, "Dense", ["units": JSON(units), "use_bias": .bool(bias), "activation": .string(word)],
        source.inputs, shape: source.node.shape, model.weights(source, [(.kernel, "kernel"), (.bias, "bias")]))
      return try model.finish(sum, rest, source.node.name, source.node.shape)
    })
}

extension LayerAttributes {
  /// The height and width of a convolution's kernel: two attributes in Keras 1.
  fileprivate var kernelSize: Size {
    get throws {
      config["nb_row"].isNull ? try size("kernel_size") : Size(try int("nb_row"), try int("nb_col"))
    }
  }

  /// The output channels that a depthwise convolution makes of each input channel.
  fileprivate var depthMultiplier: Int {
    get throws {
      let multiplier = try int("depth_multiplier", default: 1)
      guard (1...1 << 20).contains(multiplier) else {
        throw LayerProblem("its depth_multiplier must be between 1 and \(1 << 20), found \(multiplier)")
      }
      return multiplier
    }
  }

  fileprivate var activation: LayerActivation {
    get throws { try LayerActivation(config["activation"], version: version) }
  }
}

extension ConfigurationReader {
  fileprivate func spatialChannels(_ node: Int) throws -> Int {
    let shape = builder.shape(node)
    guard shape.count == 3 else { throw LayerProblem("takes a [height, width, channels] input, found \(shape)") }
    return shape[2]
  }
}

extension Convolution {
  /// Sizes from a file are bounded before anything is multiplied with them.
  fileprivate func check(channels: Int?) throws {
    let limits = [filters, kernel.height, kernel.width, groups]
    guard limits.allSatisfy({ $0 > 0 && $0 <= 1 << 20 }), let channels, channels > 0 else {
      throw LayerProblem("filters, kernel size and groups must be between 1 and \(1 << 20)")
    }
    guard channels % groups == 0, filters % groups == 0 else {
      throw LayerProblem("\(channels) channels and \(filters) filters cannot be split into \(groups) groups")
    }
  }
}

extension KerasModel {
  fileprivate mutating func convolution(_ c: Convolution, _ source: Source) throws -> Reference {
    let (node, channels) = (source.node, source.inputShapes[0].last ?? 0)
    guard !c.residual, c.inputActivation == .linear else {
      throw KerasError.unwritable(layer: node.name, reason: "a pass has merged it with its neighbours")
    }
    let (word, rest) = Self.split(c.activation)
    var config: [String: JSON] = [
      "kernel_size": JSON([c.kernel.height, c.kernel.width]), "strides": JSON([c.strides.height, c.strides.width]),
      "dilation_rate": JSON([c.dilation.height, c.dilation.width]), "use_bias": .bool(c.bias),
      "activation": .string(word), "data_format": "channels_last", "padding": c.padding == .same ? "same" : "valid",
    ]
    var inputs = source.inputs
    if case .explicit(let insets) = c.padding, insets != .zero {
      var padded = layers[inputs[0].layer].shape
      padded[0] += insets.top + insets.bottom
      padded[1] += insets.left + insets.right
      inputs = [
        layer(
          "\(node.name)_pad", "ZeroPadding2D", ["padding": JSON(insets), "data_format": "channels_last"], inputs,
          shape: padded)
      ]
    }
    let isDepthwise = c.groups == channels && c.groups > 1
    let kernelShape =
      isDepthwise
      ? [c.kernel.height, c.kernel.width, channels, c.filters / channels]
      : [c.kernel.height, c.kernel.width, channels / c.groups, c.filters]
    if isDepthwise {
      config["depth_multiplier"] = JSON(c.filters / channels)
    } else {
      config["filters"] = JSON(c.filters)
      if c.groups > 1 { config["groups"] = JSON(c.groups) }
    }
    var weights: [(name: String, read: () throws -> Tensor)] = []
    if let kernel = node.parameters[.kernel] {
      weights.append((isDepthwise ? "depthwise_kernel" : "kernel", reader(kernel, shape: kernelShape)))
    }
    if c.bias, let bias = node.parameters[.bias] { weights.append(("bias", reader(bias, shape: [c.filters]))) }
    let sum = weighted(
      node, isDepthwise ? "DepthwiseConv2D" : "Conv2D", config, inputs, shape: node.shape, weights)
    return try finish(sum, rest, node.name, node.shape)
  }
}
