import SiameseGraph

/// Layers that give the same values another shape, or some of them.
extension LayerCodec {
  static let flatten = LayerCodec(
    .other, ["Flatten"],
    read: { reader, layer, call in
      let value = try reader.only(call)
      // A Flatten that knows its maps are channels first turns them round itself; one that does not, keeps their order.
      let node = layer.isChannelsFirst ? try reader.map(value, layer) : try reader.plain(value, layer.name)
      return .init(node: try reader.builder.add(layer.name, layer.className, .reshape(shape: [-1]), [node]))
    },
    writes: { $0 == .reshape(shape: [-1]) },
    write: { model, source in
      model.layer(
        source.node.name, "Flatten", ["data_format": "channels_last"], source.inputs, shape: source.node.shape)
    })

  static let reshape = LayerCodec.layer(
    ["Reshape"], .other, .kerasOrder,
    read: { layer, _ in
      guard let target = layer.config["target_shape"].array?.map(\.int), target.allSatisfy({ $0 != nil && $0 != 0 })
      else { throw LayerProblem("its target_shape is not a list of numbers") }
      return .reshape(shape: target.compactMap { $0 })
    },
    write: { operation, shape in
      if case .reshape = operation { ["target_shape": JSON(shape)] } else { nil }
    })

  static let permute = LayerCodec(
    .other, ["Permute"],
    read: { reader, layer, call in
      let value = try reader.only(call)
      let dimensions = (layer.config["dims"].array ?? []).compactMap(\.int)
      let rank = reader.builder.shape(value.node).count
      guard dimensions.sorted() == Array(1...max(1, rank)) else {
        throw LayerProblem("its dims \(dimensions) do not order \(rank) axes")
      }
      let axes = try dimensions.map { try reader.axis($0, of: value) }
      let node = try reader.permuted(value.node, axes, layer.name)
      return .init(node: try reader.builder.add(layer.name, layer.className, .identity, [node]))
    },
    writes: { if case .permute = $0 { true } else { false } },
    write: { model, source in
      guard case .permute(let axes) = source.node.operation else { return source.inputs[0] }
      return model.layer(
        source.node.name, "Permute", ["dims": JSON(axes.map { $0 + 1 })], source.inputs, shape: source.node.shape)
    })

  /// A run of channels: cropped from a map whose width is the channels.
  static let slice = LayerCodec(
    .other, writes: { if case .slice = $0 { true } else { false } },
    write: { model, source in
      guard case .slice(let start, let count) = source.node.operation else { return source.inputs[0] }
      let (name, input) = (source.node.name, source.inputShapes[0])
      let (channels, rows) = (input.last ?? 0, input.dropLast().reduce(1, *))
      let flat = model.layer(
        "\(name)_rows", "Reshape", ["target_shape": JSON([rows, channels, 1])], [source.inputs[0]],
        shape: [rows, channels, 1])
      let cut = model.layer(
        "\(name)_cut", "Cropping2D",
        ["cropping": [[0, 0], JSON([start, channels - start - count])], "data_format": "channels_last"], [flat],
        shape: [rows, count, 1])
      return model.layer(
        name, "Reshape", ["target_shape": JSON(source.node.shape)], [cut], shape: source.node.shape)
    })
}
