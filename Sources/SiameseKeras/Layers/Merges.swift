import SiameseGraph

/// Layers that make one value of several.
extension LayerCodec {
  static func merge(_ className: String, _ kind: Elementwise) -> LayerCodec {
    LayerCodec(
      .merging, [className],
      read: { reader, layer, call in
        // Operators of the same name take numbers and keywords besides values.
        guard call.keywords.values.allSatisfy({ $0.values.isEmpty }), call.arguments.count == 1 else { return nil }
        return try reader.merged(layer, kind, call.values)
      },
      writes: { $0 == .elementwise(kind) },
      write: { model, source in
        model.layer(source.node.name, className, [:], source.inputs, shape: source.node.shape)
      })
  }

  /// A division, which Keras has as an operator only.
  static let quotient = LayerCodec(
    .merging, writes: { $0 == .elementwise(.divide) },
    write: { model, source in
      model.layer(
        source.node.name, "Divide", module: KerasModel.numpy, [:], source.inputs.map(KerasModel.Argument.output),
        shape: source.node.shape)
    })

  static let concatenate = LayerCodec(
    .merging, ["Concatenate"],
    read: { reader, layer, call in
      try reader.concatenated(layer, call.values, axis: try layer.int("axis", default: -1))
    },
    writes: { if case .concatenate = $0 { true } else { false } },
    write: { model, source in
      guard case .concatenate(let axis) = source.node.operation else { return source.inputs[0] }
      return model.layer(
        source.node.name, "Concatenate", ["axis": JSON(axis < 0 ? axis : axis + 1)], source.inputs,
        shape: source.node.shape)
    })

  /// Keras 1's one layer for sums, products, concatenation and others.
  static let oldMerge = LayerCodec(
    .merging, ["Merge"],
    read: { reader, layer, call in
      let mode = layer.config["mode"].string ?? "sum"
      if mode == "concat" {
        return try reader.concatenated(layer, call.values, axis: try layer.int("concat_axis", default: -1))
      }
      guard let kind = ["sum": Elementwise.add, "mul": .multiply, "ave": .average, "max": .maximum][mode] else {
        throw LayerProblem("merge mode '\(mode)' is not supported")
      }
      return try reader.merged(layer, kind, call.values)
    })

  /// Keras applications' own layer in Inception-ResNet: the first value and a multiple of the second.
  static let scaledSum = LayerCodec(
    .merging, ["CustomScaleLayer"],
    read: { reader, layer, call in
      let values = try reader.alike(call.values, layer.name)
      guard values.count == 2 else { throw LayerProblem("takes two inputs, found \(values.count)") }
      let scaled = try reader.builder.part(
        layer.name, "scaled", .linear(scale: try layer.float("scale", default: 1), offset: 0), [values[1].node])
      return .init(
        node: try reader.builder.add(layer.name, layer.className, .elementwise(.add), [values[0].node, scaled]),
        channelsFirst: values[0].channelsFirst)
    })
}

extension ConfigurationReader {
  /// The values under one view of their axes: Keras' own where they differ.
  mutating func alike(_ values: [Value], _ layer: String) throws -> [Value] {
    let maps = values.filter { builder.shape($0.node).count == 3 }
    if maps.allSatisfy(\.channelsFirst) || !maps.contains(where: \.channelsFirst) { return values }
    return try values.map { Value(node: try plain($0, layer)) }
  }

  /// The values combined element by element.
  mutating func merged(_ layer: LayerAttributes, _ kind: Elementwise, _ values: [Value]) throws -> Value {
    let values = try alike(values, layer.name)
    return Value(
      node: try builder.add(layer.name, layer.className, .elementwise(kind), values.map(\.node)),
      channelsFirst: values.contains(where: \.channelsFirst))
  }

  /// The values one after the other along Keras' `axis`.
  mutating func concatenated(_ layer: LayerAttributes, _ values: [Value], axis: Int) throws -> Value {
    let values = try alike(values, layer.name)
    guard let first = values.first else { throw LayerProblem("takes at least one input") }
    return Value(
      node: try builder.add(
        layer.name, layer.className, .concatenate(axis: try self.axis(axis, of: first)), values.map(\.node)),
      channelsFirst: first.channelsFirst)
  }
}
