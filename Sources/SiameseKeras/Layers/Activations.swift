import SiameseGraph

/// Activations, alone and inside other layers.
extension LayerCodec {
  static let activation = LayerCodec(
    .activation, ["Activation", "ReLU", "LeakyReLU", "ThresholdedReLU", "ELU", "Softmax"],
    read: { reader, layer, call in
      guard let activation = try LayerActivation(layer: layer) else { return nil }
      let input = try reader.only(call)
      switch activation {
      case .function:
        return .init(
          node: try reader.builder.add(layer.name, layer.className, activation.operation, [input.node]),
          channelsFirst: input.channelsFirst)
      case .operation(let operation):
        return try reader.along(try layer.axis(default: -1), of: input, layer.name) { reader, node in
          try reader.builder.add(layer.name, layer.className, operation, [node])
        }
      }
    },
    writes: { operation in
      if case .activation = operation { true } else { ActivationTable.word(for: .operation(operation)) != nil }
    },
    write: { model, source in
      let (name, shape) = (source.node.name, source.node.shape)
      if case .activation(let function) = source.node.operation {
        return try model.activation(function, name, source.inputs[0], shape)
      }
      let word = ActivationTable.word(for: .operation(source.node.operation)) ?? "linear"
      return model.layer(name, "Activation", ["activation": .string(word)], source.inputs, shape: shape)
    })
}

extension KerasModel {
  /// The word that a layer's `activation` attribute takes, and what remains to be done after the layer.
  static func split(_ activation: Activation) -> (word: String, rest: Activation) {
    if let word = ActivationTable.word(for: .function(activation)) { return (word, .linear) }
    return ("linear", activation)
  }

  /// The layer for what `split` has left over.
  mutating func finish(_ sum: Reference, _ rest: Activation, _ name: String, _ shape: [Int]) throws -> Reference {
    rest == .linear ? sum : try activation(rest, "\(name)_activation", sum, shape)
  }

  /// A function of each element, by its word where Keras has one, or as layers that compute it.
  fileprivate mutating func activation(
    _ function: Activation, _ name: String, _ input: Reference, _ shape: [Int]
  ) throws -> Reference {
    if let word = ActivationTable.word(for: .function(function)) {
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
}
