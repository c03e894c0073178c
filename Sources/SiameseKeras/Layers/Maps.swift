import SiameseGraph

/// Layers that move, cut and gather values without weights.
extension ConfigurationReader {
  /// Pooling, padding, cropping, upsampling: layers over `[H, W, C]`.
  mutating func maps(_ layer: LayerAttributes, _ call: Call) throws -> Value? {
    let operation: Operation
    switch layer.className {
    case "MaxPooling2D", "MaxPool2D", "AveragePooling2D", "AvgPool2D":
      let window = try layer.size("pool_size", default: Size(2))
      operation = .pooling(
        Pooling(
          layer.className.hasPrefix("Max") ? .maximum : .average, window: window,
          strides: try layer.size("strides", default: window), padding: try layer.padding))
    case "GlobalMaxPooling2D", "GlobalMaxPool2D", "GlobalAveragePooling2D", "GlobalAvgPool2D":
      let keeps = layer.bool("keepdims", default: false)
      let node = try map(try only(call), layer)
      return Value(
        node: try builder.add(
          layer.name, layer.className,
          .globalPooling(layer.className.hasPrefix("GlobalMax") ? .maximum : .average, keepsDimensions: keeps), [node]),
        channelsFirst: keeps && layer.isChannelsFirst)
    case "ZeroPadding2D":
      let insets = try layer.insets("padding")
      guard [insets.top, insets.bottom, insets.left, insets.right].allSatisfy({ $0 <= 1 << 16 }) else {
        throw LayerProblem("pads by more than \(1 << 16)")
      }
      operation = .zeroPadding(insets)
    case "Cropping2D": operation = .cropping(try layer.insets("cropping"))
    case "UpSampling2D":
      let factors = try layer.size("size", default: Size(2))
      let interpolation = layer.config["interpolation"].string ?? "nearest"
      guard ["nearest", "bilinear"].contains(interpolation) else {
        throw LayerProblem("interpolation '\(interpolation)' is not supported; nearest and bilinear are")
      }
      guard (1...64).contains(factors.height), (1...64).contains(factors.width) else {
        throw LayerProblem("enlarges by more than 64")
      }
      operation = .upsampling(height: factors.height, width: factors.width, bilinear: interpolation == "bilinear")
    case "CenterCrop", "Resizing", "RandomCrop":
      let node = try map(try only(call), layer)
      let (height, width) = (try layer.int("height"), try layer.int("width"))
      let shape = builder.shape(node)
      guard shape.count == 3 else { throw LayerProblem("takes a [height, width, channels] input, found \(shape)") }
      if shape[0] == height, shape[1] == width {
        return Value(
          node: try builder.add(layer.name, layer.className, .identity, [node]), channelsFirst: layer.isChannelsFirst)
      }
      guard layer.className == "CenterCrop", shape[0] >= height, shape[1] >= width else {
        throw UnsupportedLayer(
          remedy: "it makes \(height)×\(width) of \(shape[0])×\(shape[1]) pictures; save the model without it: "
            + "pictures are resized before they enter the network")
      }
      let (top, left) = ((shape[0] - height) / 2, (shape[1] - width) / 2)
      operation = .cropping(
        EdgeInsets(top: top, bottom: shape[0] - height - top, left: left, right: shape[1] - width - left))
    default: return nil
    }
    let node = try map(try only(call), layer)
    return Value(
      node: try builder.add(layer.name, layer.className, operation, [node]), channelsFirst: layer.isChannelsFirst)
  }

  /// Flatten, Reshape, Permute and the layers that join several values.
  mutating func shapes(_ layer: LayerAttributes, _ call: Call) throws -> Value? {
    switch layer.className {
    case "Flatten":
      let value = try only(call)
      // A Flatten that knows its maps are channels first turns them round itself; one that does not, keeps their order.
      let node = layer.isChannelsFirst ? try map(value, layer) : try plain(value, layer.name)
      return Value(node: try builder.add(layer.name, layer.className, .reshape(shape: [-1]), [node]))
    case "Reshape":
      let node = try plain(try only(call), layer.name)
      guard let target = layer.config["target_shape"].array?.map(\.int), target.allSatisfy({ $0 != nil && $0 != 0 })
      else { throw LayerProblem("its target_shape is not a list of numbers") }
      return Value(node: try builder.add(layer.name, layer.className, .reshape(shape: target.compactMap { $0 }), [node]))
    case "Permute":
      let value = try only(call)
      let dimensions = (layer.config["dims"].array ?? []).compactMap(\.int)
      let rank = builder.shape(value.node).count
      guard dimensions.sorted() == Array(1...max(1, rank)) else {
        throw LayerProblem("its dims \(dimensions) do not order \(rank) axes")
      }
      let axes = try dimensions.map { try axis($0, of: value) }
      let node = try permuted(value.node, axes, layer.name)
      return Value(node: try builder.add(layer.name, layer.className, .identity, [node]))
    case "Concatenate":
      return try concatenated(layer, call.values, axis: try layer.int("axis", default: -1))
    case "Merge":
      let mode = layer.config["mode"].string ?? "sum"
      if mode == "concat" { return try concatenated(layer, call.values, axis: try layer.int("concat_axis", default: -1)) }
      guard let kind = ["sum": Elementwise.add, "mul": .multiply, "ave": .average, "max": .maximum][mode] else {
        throw LayerProblem("merge mode '\(mode)' is not supported")
      }
      return try merged(layer, kind, call.values)
    case "Add", "Subtract", "Multiply", "Average", "Maximum", "Minimum":
      guard call.keywords.values.allSatisfy({ $0.values.isEmpty }), call.arguments.count == 1,
        let kind = Self.elementwise[layer.className]
      else { return nil }
      return try merged(layer, kind, call.values)
    case "CustomScaleLayer":
      let values = try alike(call.values, layer.name)
      guard values.count == 2 else { throw LayerProblem("takes two inputs, found \(values.count)") }
      let scaled = try builder.part(
        layer.name, "scaled", .linear(scale: try layer.float("scale", default: 1), offset: 0), [values[1].node])
      return Value(
        node: try builder.add(layer.name, layer.className, .elementwise(.add), [values[0].node, scaled]),
        channelsFirst: values[0].channelsFirst)
    default: return nil
    }
  }

  static let elementwise: [String: Elementwise] = [
    "Add": .add, "Subtract": .subtract, "Multiply": .multiply, "Average": .average, "Maximum": .maximum,
    "Minimum": .minimum, "Divide": .divide, "TrueDivide": .divide,
  ]

  /// The values under one view of their axes: Keras' own where they differ.
  mutating func alike(_ values: [Value], _ layer: String) throws -> [Value] {
    let first = values.filter { builder.shape($0.node).count == 3 }
    if first.allSatisfy(\.channelsFirst) || !first.contains(where: \.channelsFirst) { return values }
    return try values.map { Value(node: try plain($0, layer)) }
  }

  mutating func merged(_ layer: LayerAttributes, _ kind: Elementwise, _ values: [Value]) throws -> Value {
    let values = try alike(values, layer.name)
    return Value(
      node: try builder.add(layer.name, layer.className, .elementwise(kind), values.map(\.node)),
      channelsFirst: values.contains(where: \.channelsFirst))
  }

  private mutating func concatenated(_ layer: LayerAttributes, _ values: [Value], axis: Int) throws -> Value {
    let values = try alike(values, layer.name)
    guard let first = values.first else { throw LayerProblem("takes at least one input") }
    return Value(
      node: try builder.add(
        layer.name, layer.className, .concatenate(axis: try self.axis(axis, of: first)), values.map(\.node)),
      channelsFirst: first.channelsFirst)
  }
}
