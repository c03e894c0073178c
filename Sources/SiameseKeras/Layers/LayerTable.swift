import SiameseGraph

/// Every layer of Keras that is known here. A new layer is one entry.
enum LayerTable {
  static let all: [LayerCodec] = normalizations + activations + maps + shapes + merges + trainingOnly + weighted

  /// The codec of a class.
  static func codec(ofClass className: String) -> LayerCodec? {
    // Keras' layers that change pictures at random act in training only; RandomCrop also changes their size.
    let isRandom = className.hasPrefix("Random") && className != "RandomCrop"
    return byClass[isRandom ? "Identity" : className]
  }

  /// The codec that writes an operation.
  static func codec(of operation: Operation) -> LayerCodec? { all.first { $0.writes(operation) } }

  private static let byClass = Dictionary(
    all.flatMap { codec in codec.classNames.map { ($0, codec) } }, uniquingKeysWith: { first, _ in first })

  private static let weighted: [LayerCodec] = [
    LayerCodec(
      .input, writes: { if case .input = $0 { true } else { false } },
      write: { model, source in
        let shape = source.node.shape
        return model.layer(
          source.node.name, "InputLayer", ["batch_shape": .array([.null] + shape.map { JSON($0) })],
          [KerasModel.Reference](), shape: shape)
      }),
    .convolution, .depthwiseConvolution, .separableConvolution, .dense,
    .refused(
      ["Conv2DTranspose", "Deconvolution2D"],
      remedy: "cut the model before it: embeddings need no upsampling by convolution"),
  ]

  private static let normalizations: [LayerCodec] = [
    .layer(
      ["BatchNormalization", "BatchNormalizationV1", "BatchNormalizationV2", "SyncBatchNormalization"], .normalization,
      .alongAxis,
      weights: [
        (.gamma, "gamma"), (.beta, "beta"), (.movingMean, "moving_mean"), (.movingVariance, "moving_variance"),
      ],
      read: { layer, _ in
        guard try layer.int("mode", default: 0) != 1 else {
          throw LayerProblem("normalises each sample by itself (mode 1), which Keras itself has dropped")
        }
        return .batchNormalization(
          epsilon: try layer.float("epsilon", default: 1e-3), momentum: try layer.float("momentum", default: 0.99),
          scale: layer.bool("scale", default: true), center: layer.bool("center", default: true))
      },
      write: { operation, _ in
        guard case .batchNormalization(let epsilon, let momentum, let scale, let center) = operation else { return nil }
        return [
          "axis": -1, "epsilon": JSON(epsilon), "momentum": JSON(momentum), "scale": .bool(scale),
          "center": .bool(center),
        ]
      }),
    .layer(
      ["LayerNormalization"], .normalization, .alongAxis, weights: [(.gamma, "gamma"), (.beta, "beta")],
      read: { layer, _ in
        guard !layer.bool("rms_scaling", default: false) else { throw LayerProblem("rms_scaling is not supported") }
        return .layerNormalization(
          epsilon: try layer.float("epsilon", default: 1e-3), scale: layer.bool("scale", default: true),
          center: layer.bool("center", default: true))
      },
      write: { operation, _ in
        guard case .layerNormalization(let epsilon, let scale, let center) = operation else { return nil }
        return ["axis": -1, "epsilon": JSON(epsilon), "scale": .bool(scale), "center": .bool(center)]
      }),
    .layer(
      ["GroupNormalization"], .normalization, .alongAxis, weights: [(.gamma, "gamma"), (.beta, "beta")],
      read: { layer, shape in
        let groups = try layer.int("groups", default: 32)
        return .groupNormalization(
          groups: groups == -1 ? shape.last ?? 0 : groups, epsilon: try layer.float("epsilon", default: 1e-3),
          scale: layer.bool("scale", default: true), center: layer.bool("center", default: true))
      },
      write: { operation, _ in
        guard case .groupNormalization(let groups, let epsilon, let scale, let center) = operation else { return nil }
        return [
          "axis": -1, "groups": JSON(groups), "epsilon": JSON(epsilon), "scale": .bool(scale), "center": .bool(center),
        ]
      }),
    .layer(
      ["RMSNormalization"], .normalization, .kerasOrder, weights: [(.scale, "scale")],
      read: { layer, shape in
        // Keras normalises along the axis that is named, but scales along the last.
        let axis = try layer.axis(default: -1)
        guard axis == -1 || axis == shape.count else {
          throw LayerProblem("normalises along axis \(axis); the last axis is supported")
        }
        return .rmsNormalization(epsilon: try layer.float("epsilon", default: 1e-6))
      },
      write: { operation, _ in
        guard case .rmsNormalization(let epsilon) = operation else { return nil }
        return ["axis": -1, "epsilon": JSON(epsilon)]
      }),
    .layer(
      ["UnitNormalization"], .normalization, .alongAxis,
      read: { _, _ in .unitNormalization(epsilon: 1e-12) },
      write: { operation, _ in if case .unitNormalization = operation { ["axis": -1] } else { nil } }),
    .layer(
      ["LayerScale"], .normalization, .kerasOrder, weights: [(.scale, "gamma")],
      read: { _, _ in .affine(scale: true, offset: false) }, write: { _, _ in nil }),
    .normalization, .rescaling, .affine, .localResponse,
  ]

  private static let activations: [LayerCodec] = [
    .activation,
    .layer(
      ["PReLU"], .activation, .kerasOrder, weights: [(.slope, "alpha")],
      read: { layer, shape in
        let shared = (layer.config["shared_axes"].array ?? []).compactMap(\.int)
        guard shared.allSatisfy({ $0 > 0 && $0 <= shape.count }) else {
          throw LayerProblem("shared axes \(shared) do not exist")
        }
        return .parametricReLU(sharedAxes: shared.map { $0 - 1 })
      },
      write: { operation, _ in
        guard case .parametricReLU(let sharedAxes) = operation else { return nil }
        return ["shared_axes": sharedAxes.isEmpty ? .null : JSON(sharedAxes.map { $0 + 1 })]
      }),
  ]

  private static let maps: [LayerCodec] = [
    .pooling(.maximum, ["MaxPooling2D", "MaxPool2D"]), .pooling(.average, ["AveragePooling2D", "AvgPool2D"]),
    .globalPooling(.maximum, ["GlobalMaxPooling2D", "GlobalMaxPool2D"]),
    .globalPooling(.average, ["GlobalAveragePooling2D", "GlobalAvgPool2D"]), .zeroPadding, .cropping, .upsampling,
    .centerCrop,
  ]

  private static let shapes: [LayerCodec] = [
    .flatten, .reshape, .permute, .slice,
  ]

  private static let merges: [LayerCodec] = [
    .merge("Add", .add), .merge("Subtract", .subtract), .merge("Multiply", .multiply), .merge("Average", .average),
    .merge("Maximum", .maximum), .merge("Minimum", .minimum), .quotient, .concatenate, .oldMerge, .scaledSum,
  ]

  private static let trainingOnly: [LayerCodec] = [
    .layer(
      ["Dropout"], .other, .anywhere, read: { layer, _ in .dropout(rate: try layer.float("rate", "p", default: 0)) },
      write: { operation, _ in
        guard case .dropout(let rate) = operation else { return nil }
        return ["rate": JSON(rate), "noise_shape": .null, "seed": .null]
      }),
    .layer(
      ["StochasticDepth", "DropConnect"], .other, .anywhere,
      read: { layer, _ in .stochasticDepth(rate: try layer.float("drop_path_rate", "rate", default: 0)) },
      write: { _, _ in nil }),
    LayerCodec(
      .other, writes: { if case .stochasticDepth = $0 { true } else { false } },
      write: { model, source in
        guard case .stochasticDepth(let rate) = source.node.operation else { return source.inputs[0] }
        let shape = source.node.shape
        return model.layer(
          source.node.name, "Dropout",
          ["rate": JSON(rate), "noise_shape": .array([.null] + shape.map { _ in 1 }), "seed": .null], source.inputs,
          shape: shape)
      }),
    .layer(
      [
        "Identity", "SpatialDropout2D", "AlphaDropout", "GaussianDropout", "GaussianNoise", "ActivityRegularization",
        "RandAugment", "AugMix", "CutMix", "MixUp",
      ], .other, .anywhere, read: { _, _ in .identity }, write: { _, _ in nil }),
    LayerCodec(
      .other, writes: { $0 == .identity },
      write: { model, source in
        model.layer(
          source.node.name, "Activation", ["activation": "linear"], source.inputs, shape: source.node.shape)
      }),
  ]
}
