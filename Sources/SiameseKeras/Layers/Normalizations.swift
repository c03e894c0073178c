import SiameseGraph
import SiameseTensors

/// Fixed and learned factors, and normalisations that Keras spells differently.
extension LayerCodec {
  /// `Normalization`: its mean and variance are attributes, or weights of the file.
  static let normalization = LayerCodec(
    .normalization, ["Normalization"],
    read: { reader, layer, call in
      guard !layer.bool("invert", default: false) else { throw LayerProblem("inverted normalisation is not supported") }
      return try reader.along(try layer.axis(default: -1), of: try reader.only(call), layer.name) { reader, node in
        guard let mean = layer.config["mean"].numbers, let variance = layer.config["variance"].numbers
        else { return try reader.builder.standardization(layer.name, node) }
        let count = max(mean.count, variance.count)
        let (means, variances) = (mean.spread(to: count), variance.spread(to: count))
        let scale = variances.map { 1 / max($0.squareRoot(), 1e-7) }
        return try reader.builder.fixedAffine(
          layer.name, layer.className, node, scale: scale, offset: zip(means, scale).map { -$0 * $1 })
      }
    })

  static let rescaling = LayerCodec(
    .normalization, ["Rescaling"],
    read: { reader, layer, call in
      let input = try reader.only(call)
      let scale = layer.config["scale"].numbers ?? [1]
      let offset = layer.config["offset"].numbers ?? [0]
      let count = max(scale.count, offset.count)
      // Factors a channel apply to Keras' last axis.
      let node = count == 1 ? input.node : try reader.plain(input, layer.name)
      return .init(
        node: try reader.builder.fixedAffine(
          layer.name, layer.className, node, scale: scale.spread(to: count), offset: offset.spread(to: count)),
        channelsFirst: count == 1 && input.channelsFirst)
    },
    writes: { if case .linear = $0 { true } else { false } },
    write: { model, source in
      guard case .linear(let scale, let offset) = source.node.operation else { return source.inputs[0] }
      return model.layer(
        source.node.name, "Rescaling", ["scale": JSON(scale), "offset": JSON(offset)], source.inputs,
        shape: source.node.shape)
    })

  /// A factor and an offset a channel: `Normalization` with fixed numbers where that can be, else a batch normalisation
  /// whose mean is 0 and whose variance is 1.
  static let affine = LayerCodec(
    .normalization, writes: { if case .affine = $0 { true } else { false } },
    write: { model, source in try model.affine(source.node, source.inputs, channels: source.node.shape.last ?? 0) })

  static let localResponse = LayerCodec(
    .normalization, writes: { if case .localResponseNormalization = $0 { true } else { false } },
    write: { model, source in try model.localResponse(source.node, source.inputs[0]) })
}

extension JSON {
  /// A number, a list of numbers, or a list in lists of one; nil for null and for anything else.
  var numbers: [Float]? {
    if let value = float { return [value] }
    if ["__numpy__", "__tensor__"].contains(self["class_name"].string) { return self["config"]["value"].numbers }
    guard let elements = array, !elements.isEmpty else { return nil }
    var result: [Float] = []
    for element in elements {
      guard let values = element.numbers else { return nil }
      result += values
    }
    return result
  }
}

extension [Float] {
  /// One number repeated; several as they are.
  fileprivate func spread(to count: Int) -> [Float] { self.count == 1 ? Array(repeating: self[0], count: count) : self }
}

extension KerasModel {
  fileprivate mutating func affine(_ node: Graph.Node, _ inputs: [Reference], channels: Int) throws -> Reference {
    func read(_ role: ParameterRole, default standard: Float) -> () throws -> Tensor {
      guard let path = node.parameters[role] else {
        return { Tensor(shape: [channels], repeating: standard) }
      }
      return reader(path, shape: [channels])
    }
    if node.parameters[.scale] != nil, node.parameters[.offset] != nil {
      let scale = try read(.scale, default: 1)().elements
      let offset = try read(.offset, default: 0)().elements
      if scale.allSatisfy({ $0 > 0 }) {
        return layer(
          node.name, "Normalization",
          [
            "axis": -1, "invert": false, "mean": .array(zip(scale, offset).map { JSON(-$1 / $0) }),
            "variance": .array(scale.map { JSON(1 / ($0 * $0)) }),
          ], inputs, shape: node.shape)
      }
    }
    return weighted(
      node, "BatchNormalization",
      ["axis": -1, "epsilon": 0, "momentum": 1, "scale": true, "center": true], inputs, shape: node.shape,
      [
        ("gamma", read(.scale, default: 1)), ("beta", read(.offset, default: 0)),
        ("moving_mean", { Tensor(shape: [channels], repeating: 0) }),
        ("moving_variance", { Tensor(shape: [channels], repeating: 1) }),
      ])
  }

  /// `x / (bias + alpha · Σ x²)^beta`, the sum over neighbouring channels by a 1×1 convolution with a band of ones.
  fileprivate mutating func localResponse(_ node: Graph.Node, _ input: Reference) throws -> Reference {
    let (name, shape) = (node.name, node.shape)
    guard case .localResponseNormalization(let radius, let bias, let alpha, let beta) = node.operation
    else { return input }
    guard shape.count == 3, let channels = shape.last, [0.5, 0.75, 1].contains(beta) else {
      throw KerasError.unwritable(
        layer: name, reason: "local response normalisation of \(shape) with exponent \(beta) has no counterpart")
    }
    let squared = layer("\(name)_squared", "Multiply", [:], [input, input], shape: shape)
    let summed = layer(
      "\(name)_summed", "Conv2D",
      [
        "filters": JSON(channels), "kernel_size": [1, 1], "strides": [1, 1], "padding": "valid", "use_bias": false,
        "activation": "linear", "data_format": "channels_last", "dilation_rate": [1, 1],
      ], [squared], shape: shape, weights: [("kernel", { Self.band(channels, radius: radius) })])
    var divisor = layer(
      "\(name)_base", "Rescaling", ["scale": JSON(alpha), "offset": JSON(bias)], [summed], shape: shape)
    if beta < 1 {
      let root = layer("\(name)_root", "Sqrt", module: Self.numpy, [:], [.output(divisor)], shape: shape)
      divisor = root
      if beta == 0.75 {
        let fourth = layer("\(name)_fourth_root", "Sqrt", module: Self.numpy, [:], [.output(root)], shape: shape)
        divisor = layer("\(name)_power", "Multiply", [:], [root, fourth], shape: shape)
      }
    }
    return layer(name, "Divide", module: Self.numpy, [:], [.output(input), .output(divisor)], shape: shape)
  }

  /// A kernel `[1, 1, channels, channels]` that adds up each channel's neighbours.
  private static func band(_ channels: Int, radius: Int) -> Tensor {
    var band = Tensor(shape: [1, 1, channels, channels])
    for from in 0..<channels {
      for to in max(0, from - radius)...min(channels - 1, from + radius) { band.elements[from * channels + to] = 1 }
    }
    return band
  }
}
