import SiameseGraph
import SiameseTensors

/// What each operation is in Keras.
extension KerasModel {
  mutating func add(
    _ node: Graph.Node, _ parameterShapes: [ParameterRole: [Int]], _ inputs: [Reference], inputShapes: [[Int]]
  ) throws -> Reference {
    let (name, shape) = (node.name, node.shape)
    func weights(_ roles: [(ParameterRole, String)]) -> [(name: String, read: () throws -> Tensor)] {
      roles.compactMap { role, word in
        guard let path = node.parameters[role], let shape = parameterShapes[role] else { return nil }
        return (word, reader(path, shape: shape))
      }
    }
    func single(_ className: String, _ config: [String: JSON] = [:]) -> Reference {
      layer(name, className, config, inputs, shape: shape)
    }
    switch node.operation {
    case .input(let shape):
      return layer(
        name, "InputLayer", ["batch_shape": .array([.null] + shape.map { JSON($0) })], [Reference](), shape: shape)
    case .convolution(let convolution):
      return try self.convolution(convolution, node, inputs, channels: inputShapes[0].last ?? 0)
    case .dense(let units, let bias, let activation):
      let (word, rest) = split(activation)
      let sum = weighted(
        node, "Dense", ["units": JSON(units), "use_bias": .bool(bias), "activation": .string(word)], inputs,
        shape: shape, weights([(.kernel, "kernel"), (.bias, "bias")]))
      return try finish(sum, rest, name, shape)
    case .batchNormalization(let epsilon, let momentum, let scale, let center):
      return weighted(
        node, "BatchNormalization",
        [
          "axis": -1, "epsilon": JSON(epsilon), "momentum": JSON(momentum), "scale": .bool(scale),
          "center": .bool(center),
        ], inputs, shape: shape,
        weights([
          (.gamma, "gamma"), (.beta, "beta"), (.movingMean, "moving_mean"), (.movingVariance, "moving_variance"),
        ]))
    case .layerNormalization(let epsilon, let scale, let center):
      return weighted(
        node, "LayerNormalization",
        ["axis": -1, "epsilon": JSON(epsilon), "scale": .bool(scale), "center": .bool(center)], inputs, shape: shape,
        weights([(.gamma, "gamma"), (.beta, "beta")]))
    case .groupNormalization(let groups, let epsilon, let scale, let center):
      return weighted(
        node, "GroupNormalization",
        [
          "axis": -1, "groups": JSON(groups), "epsilon": JSON(epsilon), "scale": .bool(scale), "center": .bool(center),
        ], inputs, shape: shape, weights([(.gamma, "gamma"), (.beta, "beta")]))
    case .unitNormalization: return single("UnitNormalization", ["axis": -1])
    case .localResponseNormalization(let radius, let bias, let alpha, let beta):
      return try localResponse(node, inputs[0], radius: radius, bias: bias, alpha: alpha, beta: beta)
    case .affine: return try affine(node, inputs, channels: shape.last ?? 0)
    case .linear(let scale, let offset):
      return single("Rescaling", ["scale": JSON(scale), "offset": JSON(offset)])
    case .activation(let function):
      return try activation(function, name, inputs[0], shape)
    case .parametricReLU(let sharedAxes):
      return weighted(
        node, "PReLU", ["shared_axes": sharedAxes.isEmpty ? .null : JSON(sharedAxes.map { $0 + 1 })], inputs,
        shape: shape, weights([(.slope, "alpha")]))
    case .softmax: return single("Activation", ["activation": "softmax"])
    case .pooling(let pooling): return try self.pooling(pooling, node, inputs)
    case .globalPooling(let kind, let keeps):
      return single(
        kind == .average ? "GlobalAveragePooling2D" : "GlobalMaxPooling2D",
        ["data_format": "channels_last", "keepdims": .bool(keeps)])
    case .zeroPadding(let insets):
      return single("ZeroPadding2D", ["padding": Self.amounts(insets), "data_format": "channels_last"])
    case .cropping(let insets):
      return single("Cropping2D", ["cropping": Self.amounts(insets), "data_format": "channels_last"])
    case .upsampling(let height, let width, let bilinear):
      return single(
        "UpSampling2D",
        [
          "size": JSON([height, width]), "interpolation": bilinear ? "bilinear" : "nearest",
          "data_format": "channels_last",
        ])
    case .elementwise(let kind):
      if kind == .divide {
        return layer(name, "Divide", module: Self.numpy, [:], inputs.map(Argument.output), shape: shape)
      }
      let classes: [Elementwise: String] = [
        .add: "Add", .subtract: "Subtract", .multiply: "Multiply", .average: "Average", .maximum: "Maximum",
        .minimum: "Minimum",
      ]
      return single(classes[kind] ?? "Add")
    case .concatenate(let axis): return single("Concatenate", ["axis": JSON(axis < 0 ? axis : axis + 1)])
    case .slice(let start, let count): return slice(node, inputs[0], inputShapes[0], start: start, count: count)
    case .reshape(let target):
      return target == [-1]
        ? single("Flatten", ["data_format": "channels_last"]) : single("Reshape", ["target_shape": JSON(shape)])
    case .permute(let axes): return single("Permute", ["dims": JSON(axes.map { $0 + 1 })])
    case .dropout(let rate): return single("Dropout", ["rate": JSON(rate), "noise_shape": .null, "seed": .null])
    case .stochasticDepth(let rate):
      return single(
        "Dropout",
        ["rate": JSON(rate), "noise_shape": .array([.null] + shape.map { _ in 1 }), "seed": .null])
    case .identity: return single("Activation", ["activation": "linear"])
    }
  }

  static let numpy = "keras.src.ops.numpy"

  private static func amounts(_ insets: EdgeInsets) -> JSON {
    [JSON([insets.top, insets.bottom]), JSON([insets.left, insets.right])]
  }

  // MARK: Convolution and pooling

  private mutating func convolution(
    _ c: Convolution, _ node: Graph.Node, _ inputs: [Reference], channels: Int
  ) throws -> Reference {
    let (word, rest) = split(c.activation)
    var config: [String: JSON] = [
      "kernel_size": JSON([c.kernel.height, c.kernel.width]), "strides": JSON([c.strides.height, c.strides.width]),
      "dilation_rate": JSON([c.dilation.height, c.dilation.width]), "use_bias": .bool(c.bias),
      "activation": .string(word), "data_format": "channels_last", "padding": c.padding == .same ? "same" : "valid",
    ]
    var inputs = inputs
    if case .explicit(let insets) = c.padding, insets != .zero {
      var padded = layers[inputs[0].layer].shape
      padded[0] += insets.top + insets.bottom
      padded[1] += insets.left + insets.right
      inputs = [
        layer(
          "\(node.name)_pad", "ZeroPadding2D", ["padding": Self.amounts(insets), "data_format": "channels_last"],
          inputs, shape: padded)
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

  private mutating func pooling(_ pooling: Pooling, _ node: Graph.Node, _ inputs: [Reference]) throws -> Reference {
    if case .explicit(let insets) = pooling.padding, insets != .zero {
      throw KerasError.unwritable(layer: node.name, reason: "Keras' pooling takes no explicit padding")
    }
    return layer(
      node.name, pooling.kind == .maximum ? "MaxPooling2D" : "AveragePooling2D",
      [
        "pool_size": JSON([pooling.window.height, pooling.window.width]),
        "strides": JSON([pooling.strides.height, pooling.strides.width]),
        "padding": pooling.padding == .same ? "same" : "valid", "data_format": "channels_last",
      ], inputs, shape: node.shape)
  }

  // MARK: Activations

  /// The word that a layer's `activation` attribute takes, and what remains to be done after the layer.
  private func split(_ activation: Activation) -> (word: String, rest: Activation) {
    if let word = Self.word(activation) { return (word, .linear) }
    return ("linear", activation)
  }

  private mutating func finish(
    _ sum: Reference, _ rest: Activation, _ name: String, _ shape: [Int]
  ) throws -> Reference {
    rest == .linear ? sum : try activation(rest, "\(name)_activation", sum, shape)
  }

  /// Keras' name for an activation; nil for those with numbers of their own.
  private static func word(_ activation: Activation) -> String? {
    switch activation {
    case .linear: "linear"
    case .relu: "relu"
    case .sigmoid: "sigmoid"
    case .tanh: "tanh"
    case .silu: "silu"
    case .hardSilu: "hard_silu"
    case .gelu(approximate: false): "gelu"
    case .elu(alpha: 1): "elu"
    case .selu: "selu"
    case .softplus: "softplus"
    case .softsign: "softsign"
    case .exponential: "exponential"
    case .mish: "mish"
    default: nil
    }
  }

  private mutating func activation(
    _ function: Activation, _ name: String, _ input: Reference, _ shape: [Int]
  ) throws -> Reference {
    if let word = Self.word(function) {
      return layer(name, "Activation", ["activation": .string(word)], [input], shape: shape)
    }
    func operation(_ className: String, _ name: String, _ input: Reference) -> Reference {
      layer(name, className, module: Self.numpy, [:], [.output(input)], shape: shape)
    }
    switch function {
    case .rectifier(let maximum, let slope, let threshold):
      return layer(
        name, "ReLU",
        [
          "max_value": maximum.map { JSON($0) } ?? .null, "negative_slope": JSON(slope), "threshold": JSON(threshold),
        ], [input], shape: shape)
    case .hardSigmoid(let slope, let offset):
      let line = layer(
        "\(name)_line", "Rescaling", ["scale": JSON(slope), "offset": JSON(offset)], [input], shape: shape)
      return layer(
        name, "ReLU", ["max_value": 1, "negative_slope": 0, "threshold": 0], [line], shape: shape)
    case .elu(let alpha): return layer(name, "ELU", ["alpha": JSON(alpha)], [input], shape: shape)
    case .square: return layer(name, "Multiply", [:], [input, input], shape: shape)
    case .squareRoot: return operation("Sqrt", name, input)
    case .absolute: return operation("Absolute", name, input)
    case .signedSquareRoot:
      // √max(x, 0) − √max(−x, 0)
      let negative = layer("\(name)_turned", "Rescaling", ["scale": -1, "offset": 0], [input], shape: shape)
      let roots = [("above", input), ("below", negative)].map { part, value in
        operation(
          "Sqrt", "\(name)_root_\(part)",
          layer("\(name)_\(part)", "Activation", ["activation": "relu"], [value], shape: shape))
      }
      return layer(name, "Subtract", [:], roots, shape: shape)
    default:
      throw KerasError.unwritable(layer: name, reason: "Keras has no such activation (\(function))")
    }
  }

  // MARK: Operations that Keras spells differently

  /// A factor and an offset a channel: `Normalization` with fixed numbers where that can be, else a batch normalisation
  /// whose mean is 0 and whose variance is 1.
  private mutating func affine(_ node: Graph.Node, _ inputs: [Reference], channels: Int) throws -> Reference {
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
  private mutating func localResponse(
    _ node: Graph.Node, _ input: Reference, radius: Int, bias: Float, alpha: Float, beta: Float
  ) throws -> Reference {
    let (name, shape) = (node.name, node.shape)
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
      ], [squared], shape: shape,
      weights: [
        (
          "kernel",
          {
            var band = Tensor(shape: [1, 1, channels, channels])
            for from in 0..<channels {
              for to in max(0, from - radius)...min(channels - 1, from + radius) {
                band.elements[from * channels + to] = 1
              }
            }
            return band
          }
        )
      ])
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

  /// A run of channels: cropped from a map whose width is the channels.
  private mutating func slice(
    _ node: Graph.Node, _ input: Reference, _ inputShape: [Int], start: Int, count: Int
  ) -> Reference {
    let channels = inputShape.last ?? 0
    let rows = inputShape.dropLast().reduce(1, *)
    let flat = layer(
      "\(node.name)_rows", "Reshape", ["target_shape": JSON([rows, channels, 1])], [input],
      shape: [rows, channels, 1])
    let cut = layer(
      "\(node.name)_cut", "Cropping2D",
      ["cropping": [[0, 0], JSON([start, channels - start - count])], "data_format": "channels_last"], [flat],
      shape: [rows, count, 1])
    return layer(node.name, "Reshape", ["target_shape": JSON(node.shape)], [cut], shape: node.shape)
  }
}
