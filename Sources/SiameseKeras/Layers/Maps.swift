import SiameseGraph

/// Layers over maps `[H, W, C]`, without weights.
extension LayerCodec {
  static func pooling(_ kind: Pooling.Kind, _ classNames: [String]) -> LayerCodec {
    .layer(
      classNames, .pooling, .map,
      read: { layer, _ in
        let window = try layer.size("pool_size", default: Size(2))
        guard max(window.height, window.width) <= 1 << 16 else {
          throw LayerProblem("pools over windows of more than \(1 << 16)")
        }
        return .pooling(
          Pooling(
            kind, window: window, strides: try layer.size("strides", default: window), padding: try layer.padding))
      },
      write: { operation, _ in
        guard case .pooling(let pooling) = operation, pooling.kind == kind else { return nil }
        if case .explicit(let insets) = pooling.padding, insets != .zero {
          throw LayerProblem("Keras' pooling takes no explicit padding")
        }
        return [
          "pool_size": JSON([pooling.window.height, pooling.window.width]),
          "strides": JSON([pooling.strides.height, pooling.strides.width]),
          "padding": pooling.padding == .same ? "same" : "valid", "data_format": "channels_last",
        ]
      })
  }

  static func globalPooling(_ kind: Pooling.Kind, _ classNames: [String]) -> LayerCodec {
    LayerCodec(
      .pooling, classNames,
      read: { reader, layer, call in
        let keeps = layer.bool("keepdims", default: false)
        let node = try reader.map(try reader.only(call), layer)
        return .init(
          node: try reader.builder.add(
            layer.name, layer.className, .globalPooling(kind, keepsDimensions: keeps), [node]),
          channelsFirst: keeps && layer.isChannelsFirst)
      },
      writes: { if case .globalPooling(kind, _) = $0 { true } else { false } },
      write: { model, source in
        guard case .globalPooling(_, let keeps) = source.node.operation else { return source.inputs[0] }
        return model.layer(
          source.node.name, classNames[0], ["data_format": "channels_last", "keepdims": .bool(keeps)], source.inputs,
          shape: source.node.shape)
      })
  }

  static let zeroPadding = LayerCodec.layer(
    ["ZeroPadding2D"], .other, .map,
    read: { layer, _ in
      let insets = try layer.insets("padding")
      guard [insets.top, insets.bottom, insets.left, insets.right].allSatisfy({ $0 <= 1 << 16 }) else {
        throw LayerProblem("pads by more than \(1 << 16)")
      }
      return .zeroPadding(insets)
    },
    write: { operation, _ in
      guard case .zeroPadding(let insets) = operation else { return nil }
      return ["padding": JSON(insets), "data_format": "channels_last"]
    })

  static let cropping = LayerCodec.layer(
    ["Cropping2D"], .other, .map, read: { layer, _ in .cropping(try layer.insets("cropping")) },
    write: { operation, _ in
      guard case .cropping(let insets) = operation else { return nil }
      return ["cropping": JSON(insets), "data_format": "channels_last"]
    })

  static let upsampling = LayerCodec.layer(
    ["UpSampling2D"], .other, .map,
    read: { layer, _ in
      let factors = try layer.size("size", default: Size(2))
      let interpolation = layer.config["interpolation"].string ?? "nearest"
      guard ["nearest", "bilinear"].contains(interpolation) else {
        throw LayerProblem("interpolation '\(interpolation)' is not supported; nearest and bilinear are")
      }
      guard (1...64).contains(factors.height), (1...64).contains(factors.width) else {
        throw LayerProblem("enlarges by more than 64")
      }
      return .upsampling(height: factors.height, width: factors.width, bilinear: interpolation == "bilinear")
    },
    write: { operation, _ in
      guard case .upsampling(let height, let width, let bilinear) = operation else { return nil }
      return [
        "size": JSON([height, width]), "interpolation": bilinear ? "bilinear" : "nearest",
        "data_format": "channels_last",
      ]
    })

  /// Layers that bring pictures to a size: nothing where they have it, a cropping where that is all.
  static let centerCrop = LayerCodec.layer(
    ["CenterCrop", "Resizing", "RandomCrop"], .other, .map,
    read: { layer, shape in
      let (height, width) = (try layer.int("height"), try layer.int("width"))
      guard shape.count == 3 else { throw LayerProblem("takes a [height, width, channels] input, found \(shape)") }
      if shape[0] == height, shape[1] == width { return .identity }
      guard layer.className == "CenterCrop", (1...shape[0]).contains(height), (1...shape[1]).contains(width) else {
        throw UnsupportedLayer(
          remedy: "it makes \(height)×\(width) of \(shape[0])×\(shape[1]) pictures; save the model without it: "
            + "pictures are resized before they enter the network")
      }
      let (top, left) = ((shape[0] - height) / 2, (shape[1] - width) / 2)
      return .cropping(
        EdgeInsets(top: top, bottom: shape[0] - height - top, left: left, right: shape[1] - width - left))
    },
    write: { _, _ in nil })
}

extension JSON {
  /// `[[top, bottom], [left, right]]`, as Keras writes amounts at the edges.
  init(_ insets: EdgeInsets) {
    self = [JSON([insets.top, insets.bottom]), JSON([insets.left, insets.right])]
  }
}
