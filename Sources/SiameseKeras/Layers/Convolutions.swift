import SiameseGraph
import SiameseTensors

/// Each function below reads one family of layers and gives nil for classes that are not its own.
extension ConfigurationReader {
  /// Convolutions and dense layers.
  mutating func convolutions(_ layer: LayerAttributes, _ call: Call) throws -> Value? {
    switch layer.className {
    case "Conv2D", "Convolution2D", "AtrousConvolution2D", "AtrousConv2D":
      let input = try only(call)
      let node = try map(input, layer)
      let kernel =
        layer.config["nb_row"].isNull
        ? try layer.size("kernel_size") : Size(try layer.int("nb_row"), try layer.int("nb_col"))
      let convolution = Convolution(
        filters: try layer.int("filters", "nb_filter"), kernel: kernel,
        strides: try layer.size("strides", "subsample", default: Size(1)), padding: try layer.padding,
        dilation: try layer.size("dilation_rate", "atrous_rate", default: Size(1)),
        groups: try layer.int("groups", default: 1), bias: layer.bool("use_bias", "bias", default: true))
      try check(convolution, channels: builder.shape(node).last)
      let output = try builder.convolution(layer.name, node, convolution, activation: try activation(layer))
      return Value(node: output, channelsFirst: layer.isChannelsFirst)
    case "DepthwiseConv2D", "DepthwiseConvolution2D":
      let node = try map(try only(call), layer)
      let multiplier = try layer.int("depth_multiplier", default: 1)
      let kernel = try layer.size("kernel_size")
      let channels = try spatialChannels(node)
      try check(
        Convolution(filters: channels * multiplier, kernel: kernel, groups: channels), channels: channels)
      let output = try builder.depthwiseConvolution(
        layer.name, node, kernel: kernel, strides: try layer.size("strides", "subsample", default: Size(1)),
        padding: try layer.padding, dilation: try layer.size("dilation_rate", default: Size(1)),
        multiplier: multiplier, bias: layer.bool("use_bias", "bias", default: true),
        activation: try activation(layer))
      return Value(node: output, channelsFirst: layer.isChannelsFirst)
    case "SeparableConv2D", "SeparableConvolution2D":
      let node = try map(try only(call), layer)
      let kernel =
        layer.config["nb_row"].isNull
        ? try layer.size("kernel_size") : Size(try layer.int("nb_row"), try layer.int("nb_col"))
      let convolution = Convolution(
        filters: try layer.int("filters", "nb_filter"), kernel: kernel,
        strides: try layer.size("strides", "subsample", default: Size(1)), padding: try layer.padding,
        dilation: try layer.size("dilation_rate", default: Size(1)),
        bias: layer.bool("use_bias", "bias", default: true))
      let multiplier = try layer.int("depth_multiplier", default: 1)
      try check(convolution, channels: try spatialChannels(node) * max(1, multiplier))
      let output = try builder.separableConvolution(
        layer.name, node, convolution, multiplier: multiplier, activation: try activation(layer))
      return Value(node: output, channelsFirst: layer.isChannelsFirst)
    case "Dense":
      let node = try plain(try only(call), layer.name)
      let units = try layer.int("units", "output_dim")
      guard units > 0, units <= 1 << 24 else { throw LayerProblem("has \(units) units") }
      return Value(
        node: try builder.dense(
          layer.name, node, units: units, bias: layer.bool("use_bias", "bias", default: true),
          activation: try activation(layer)))
    case "Conv2DTranspose", "Deconvolution2D":
      throw UnsupportedLayer(remedy: "cut the model before it: embeddings need no upsampling by convolution")
    default: return nil
    }
  }

  private func activation(_ layer: LayerAttributes) throws -> LayerActivation {
    try LayerActivation(layer.config["activation"], version: version)
  }

  private func spatialChannels(_ node: Int) throws -> Int {
    let shape = builder.shape(node)
    guard shape.count == 3 else { throw LayerProblem("takes a [height, width, channels] input, found \(shape)") }
    return shape[2]
  }

  /// Sizes from a file are bounded before anything is multiplied with them.
  private func check(_ convolution: Convolution, channels: Int?) throws {
    let limits = [convolution.filters, convolution.kernel.height, convolution.kernel.width, convolution.groups]
    guard limits.allSatisfy({ $0 > 0 && $0 <= 1 << 20 }), let channels, channels > 0 else {
      throw LayerProblem("filters, kernel size and groups must be between 1 and \(1 << 20)")
    }
    guard channels % convolution.groups == 0, convolution.filters % convolution.groups == 0 else {
      throw LayerProblem(
        "\(channels) channels and \(convolution.filters) filters cannot be split into \(convolution.groups) groups")
    }
  }

  /// Normalisations and learned or fixed factors.
  mutating func normalizations(_ layer: LayerAttributes, _ call: Call) throws -> Value? {
    switch layer.className {
    case "BatchNormalization", "BatchNormalizationV1", "BatchNormalizationV2", "SyncBatchNormalization":
      guard try layer.int("mode", default: 0) != 1 else {
        throw LayerProblem("normalises each sample by itself (mode 1), which Keras itself has dropped")
      }
      let input = try only(call)
      return try along(try layer.axis(default: -1), of: input, layer.name) { reader, node in
        try reader.builder.batchNormalization(
          layer.name, node, epsilon: try layer.float("epsilon", default: 1e-3),
          momentum: try layer.float("momentum", default: 0.99), scale: layer.bool("scale", default: true),
          center: layer.bool("center", default: true))
      }
    case "LayerNormalization":
      guard !layer.bool("rms_scaling", default: false) else { throw LayerProblem("rms_scaling is not supported") }
      return try along(try layer.axis(default: -1), of: try only(call), layer.name) { reader, node in
        try reader.builder.normalization(
          layer.name, node, epsilon: try layer.float("epsilon", default: 1e-3),
          scale: layer.bool("scale", default: true), center: layer.bool("center", default: true))
      }
    case "GroupNormalization":
      let groups = try layer.int("groups", default: 32)
      return try along(try layer.axis(default: -1), of: try only(call), layer.name) { reader, node in
        let channels = reader.builder.shape(node).last ?? 0
        return try reader.builder.normalization(
          layer.name, node, groups: groups == -1 ? channels : groups,
          epsilon: try layer.float("epsilon", default: 1e-3), scale: layer.bool("scale", default: true),
          center: layer.bool("center", default: true))
      }
    case "UnitNormalization":
      return try along(try layer.axis(default: -1), of: try only(call), layer.name) { reader, node in
        try reader.builder.add(layer.name, layer.className, .unitNormalization(epsilon: 1e-12), [node])
      }
    case "Normalization":
      guard !layer.bool("invert", default: false) else { throw LayerProblem("inverted normalisation is not supported") }
      return try along(try layer.axis(default: -1), of: try only(call), layer.name) { reader, node in
        guard let mean = Self.numbers(layer.config["mean"]), let variance = Self.numbers(layer.config["variance"])
        else { return try reader.builder.standardization(layer.name, node) }
        let spread = max(mean.count, variance.count)
        let (means, variances) = (Self.spread(mean, spread), Self.spread(variance, spread))
        let scale = variances.map { 1 / max($0.squareRoot(), 1e-7) }
        return try reader.builder.fixedAffine(
          layer.name, layer.className, node, scale: scale, offset: zip(means, scale).map { -$0 * $1 })
      }
    case "Rescaling":
      let input = try only(call)
      let scale = Self.numbers(layer.config["scale"]) ?? [1]
      let offset = Self.numbers(layer.config["offset"]) ?? [0]
      let spread = max(scale.count, offset.count)
      // Factors a channel apply to Keras' last axis.
      let node = spread == 1 ? input.node : try plain(input, layer.name)
      return Value(
        node: try builder.fixedAffine(
          layer.name, layer.className, node, scale: Self.spread(scale, spread), offset: Self.spread(offset, spread)),
        channelsFirst: spread == 1 && input.channelsFirst)
    case "LayerScale":
      return Value(node: try builder.layerScale(layer.name, try plain(try only(call), layer.name)))
    default: return nil
    }
  }

  /// A number, a list of numbers, or a list in lists of one; nil for null.
  static func numbers(_ json: JSON) -> [Float]? {
    if let value = json.float { return [value] }
    if json["class_name"].string == "__numpy__" || json["class_name"].string == "__tensor__" {
      return numbers(json["config"]["value"])
    }
    guard let elements = json.array, !elements.isEmpty else { return nil }
    var result: [Float] = []
    for element in elements {
      guard let values = numbers(element) else { return nil }
      result += values
    }
    return result
  }

  private static func spread(_ values: [Float], _ count: Int) -> [Float] {
    values.count == 1 ? Array(repeating: values[0], count: count) : values
  }

  /// Activations, and layers that only act in training.
  mutating func activations(_ layer: LayerAttributes, _ call: Call) throws -> Value? {
    if let activation = try LayerActivation(layer: layer) {
      let input = try only(call)
      switch activation {
      case .function(let function):
        return Value(
          node: try builder.add(layer.name, layer.className, .activation(function), [input.node]),
          channelsFirst: input.channelsFirst)
      case .softmax:
        return try along(try layer.axis(default: -1), of: input, layer.name) { reader, node in
          try reader.builder.add(layer.name, layer.className, .softmax, [node])
        }
      }
    }
    switch layer.className {
    case "PReLU":
      let input = try only(call)
      let node = try plain(input, layer.name)
      let shared = (layer.config["shared_axes"].array ?? []).compactMap(\.int)
      let rank = builder.shape(node).count
      guard shared.allSatisfy({ $0 > 0 && $0 <= rank }) else { throw LayerProblem("shared axes \(shared) do not exist") }
      return Value(node: try builder.parametricReLU(layer.name, node, sharedAxes: shared.map { $0 - 1 }))
    case "Dropout", "SpatialDropout2D", "AlphaDropout", "GaussianDropout":
      let input = try only(call)
      let rate = try layer.float("rate", "p", default: 0)
      let operation: Operation = layer.className == "Dropout" ? .dropout(rate: rate) : .identity
      return Value(
        node: try builder.add(layer.name, layer.className, operation, [input.node]), channelsFirst: input.channelsFirst)
    case "StochasticDepth", "DropConnect":
      let input = try only(call)
      let rate = try layer.float("drop_path_rate", "rate", default: 0)
      return Value(
        node: try builder.add(layer.name, layer.className, .stochasticDepth(rate: rate), [input.node]),
        channelsFirst: input.channelsFirst)
    case "GaussianNoise", "ActivityRegularization", "Identity", "RandAugment", "AugMix", "CutMix", "MixUp",
      _ where layer.className.hasPrefix("Random") && layer.className != "RandomCrop":
      let input = try only(call)
      return Value(
        node: try builder.add(layer.name, layer.className, .identity, [input.node]), channelsFirst: input.channelsFirst)
    default: return nil
    }
  }
}
