import SiameseGraph
import SiameseTensors

/// A graph as a Keras model: layers, the calls that connect them, and their weights.
///
/// Every node becomes one layer of Keras' own, or a few where Keras has no such layer; nodes that share parameters
/// become calls of one layer. Nothing needs custom code to be opened.
struct KerasModel {
  /// The output of a call.
  struct Reference: Equatable {
    var layer: Int
    var call: Int
  }

  enum Argument {
    case output(Reference)
    case constant(JSON)
  }

  struct Layer {
    var name: String
    var className: String
    /// The module of an operator; nil for layers.
    var module: String?
    var config: [String: JSON]
    /// What each call takes.
    var calls: [[Argument]] = []
    var weights: [(name: String, read: () throws -> Tensor)] = []
    /// The shape that a call gives, without the batch.
    var shape: [Int]
  }

  /// A node that is to be written, and what is known about it.
  struct Source {
    var node: Graph.Node
    /// What became of the nodes that it takes.
    var inputs: [Reference]
    var inputShapes: [[Int]]
    var parameterShapes: [ParameterRole: [Int]]
  }

  /// Where Keras 3 has the operators that are written.
  static let numpy = "keras.src.ops.numpy"

  private(set) var layers: [Layer] = []
  private(set) var inputs: [Reference] = []
  private(set) var outputs: [Reference] = []
  let name: String
  let parameters: ParameterStore
  private var names: Set<String> = []
  private var shared: [[ParameterRole: String]: Int] = [:]

  /// - Throws: `KerasError.unwritable` for an operation that Keras' layers cannot express.
  init(_ graph: Graph, parameters: ParameterStore, name: String) throws {
    self.name = name
    self.parameters = parameters
    var values: [Reference] = []
    for (index, node) in graph.nodes.enumerated() {
      let value = try add(
        Source(
          node: node, inputs: node.inputs.map { values[$0] }, inputShapes: node.inputs.map { graph.nodes[$0].shape },
          parameterShapes: graph.parameterShapes(of: index)))
      if case .input = node.operation { inputs.append(value) }
      values.append(value)
    }
    outputs = graph.outputs.map { values[$0] }
  }

  /// Adds what the table of layers says that the node is.
  private mutating func add(_ source: Source) throws -> Reference {
    let name = source.node.name
    guard source.node.activation == .linear else {
      throw KerasError.unwritable(layer: name, reason: "a pass has merged it with its neighbours")
    }
    guard let codec = LayerTable.codec(of: source.node.operation) else {
      throw KerasError.unwritable(layer: name, reason: "Keras has no such layer")
    }
    return try codec.write(&self, source)
  }

  /// The weights of a node under Keras' names for them; roles that the node lacks are left out.
  func weights(
    _ source: Source, _ words: [(ParameterRole, String)]
  ) -> [(name: String, read: () throws -> Tensor)] {
    words.compactMap { role, word in
      guard let path = source.node.parameters[role], let shape = source.parameterShapes[role] else { return nil }
      return (word, reader(path, shape: shape))
    }
  }

  /// Adds a layer and its first call, under a name that Keras accepts.
  mutating func layer(
    _ name: String, _ className: String, module: String? = nil, _ config: [String: JSON], _ arguments: [Argument],
    shape: [Int], weights: [(name: String, read: () throws -> Tensor)] = []
  ) -> Reference {
    let plain = String(name.map { $0 == "/" || $0 == ":" ? "_" : $0 })
    var unique = plain
    var count = 1
    while !names.insert(unique).inserted {
      count += 1
      unique = "\(plain)_\(count)"
    }
    layers.append(
      Layer(
        name: unique, className: className, module: module, config: config, calls: [arguments], weights: weights,
        shape: shape))
    return Reference(layer: layers.count - 1, call: 0)
  }

  mutating func layer(
    _ name: String, _ className: String, _ config: [String: JSON], _ inputs: [Reference], shape: [Int],
    weights: [(name: String, read: () throws -> Tensor)] = []
  ) -> Reference {
    layer(name, className, config, inputs.map(Argument.output), shape: shape, weights: weights)
  }

  /// A layer with weights; where its parameters belong to a layer already, another call of that.
  mutating func weighted(
    _ node: Graph.Node, _ className: String, _ config: [String: JSON], _ inputs: [Reference], shape: [Int],
    _ weights: [(name: String, read: () throws -> Tensor)]
  ) -> Reference {
    if let index = shared[node.parameters], layers[index].className == className, layers[index].config == config {
      layers[index].calls.append(inputs.map(Argument.output))
      return Reference(layer: index, call: layers[index].calls.count - 1)
    }
    let result = layer(node.name, className, config, inputs, shape: shape, weights: weights)
    shared[node.parameters] = result.layer
    return result
  }

  /// The reader of a parameter, in the shape that Keras wants.
  func reader(_ path: String, shape: [Int]) -> () throws -> Tensor {
    { [parameters] in try parameters.tensor(path).reshaped(shape) }
  }
}

// MARK: - Configuration

extension KerasModel {
  /// Which Keras reads it: the legacy `model_config`, for Keras 2 and 3, or the one of `.keras` files.
  enum Dialect { case legacy, keras3 }

  /// The layers as Keras will list them once it has built the model.
  var order: [Int] {
    var callIndex: [[Int]] = layers.map { _ in [] }
    var calls: [ModelOrder.Call] = []
    for (index, layer) in layers.enumerated() {
      for _ in layer.calls {
        callIndex[index].append(calls.count)
        calls.append(.init(layer: index, inputs: []))
      }
    }
    for (index, layer) in layers.enumerated() {
      for (call, arguments) in layer.calls.enumerated() {
        calls[callIndex[index][call]].inputs = arguments.compactMap {
          if case .output(let reference) = $0 { callIndex[reference.layer][reference.call] } else { nil }
        }
      }
    }
    return ModelOrder.layers(of: calls, outputs: outputs.map { callIndex[$0.layer][$0.call] })
  }

  func configuration(_ dialect: Dialect) -> JSON {
    func reference(_ reference: Reference) -> JSON {
      [.string(layers[reference.layer].name), JSON(reference.call), 0]
    }
    func ends(_ references: [Reference]) -> JSON { .array(references.map(reference)) }
    let config: JSON = [
      "name": .string(name), "trainable": true, "layers": .array(order.map { layer(layers[$0], dialect) }),
      "input_layers": ends(inputs), "output_layers": ends(outputs),
    ]
    guard dialect == .keras3 else { return ["class_name": "Functional", "config": config] }
    return [
      "module": "keras.src.models.functional", "class_name": "Functional", "config": config,
      "registered_name": "Functional",
    ]
  }

  private func layer(_ layer: Layer, _ dialect: Dialect) -> JSON {
    var config = layer.config
    config["name"] = .string(layer.name)
    if layer.module == nil {
      config["dtype"] = "float32"
      if layer.className != "InputLayer" { config["trainable"] = true }
    }
    var members: [String: JSON] = [
      "class_name": .string(layer.className), "name": .string(layer.name), "config": .object(config),
    ]
    // Operators are known by their module alone; layers in the legacy dialect by their class.
    if let module = layer.module {
      members["module"] = .string(module)
      members["registered_name"] = .string(layer.className)
    } else if dialect == .keras3 {
      members["module"] = "keras.layers"
      members["registered_name"] = .null
    }
    let isModern = dialect == .keras3 || layer.module != nil
    let calls = layer.className == "InputLayer" ? [] : layer.calls
    members["inbound_nodes"] = .array(calls.map { isModern ? modernCall($0, layer) : legacyCall($0) })
    return .object(members)
  }

  private func legacyCall(_ arguments: [Argument]) -> JSON {
    .array(
      arguments.map { argument in
        switch argument {
        case .output(let reference): [.string(layers[reference.layer].name), JSON(reference.call), 0, [:]]
        case .constant(let value): ["_CONSTANT_VALUE", -1, value, [:]]
        }
      })
  }

  private func modernCall(_ arguments: [Argument], _ layer: Layer) -> JSON {
    let values: [JSON] = arguments.map { argument in
      switch argument {
      case .constant(let value): value
      case .output(let reference):
        [
          "class_name": "__keras_tensor__",
          "config": [
            "shape": .array([.null] + layers[reference.layer].shape.map { JSON($0) }), "dtype": "float32",
            "keras_history": [.string(layers[reference.layer].name), JSON(reference.call), 0],
          ],
        ]
      }
    }
    // Layers that join take one list; operators take their operands one by one.
    let joins = layer.module == nil && values.count > 1
    return ["args": .array(joins ? [.array(values)] : values), "kwargs": [:]]
  }

  /// The layers to be written beside the configuration, in Keras' order; operators are none.
  var layersToWrite: [KerasLayerToWrite] {
    order.map { layers[$0] }.filter { $0.module == nil }.map { layer in
      KerasLayerToWrite(
        name: layer.name, className: layer.className,
        weights: layer.weights.map { ("\(layer.name)/\($0.name):0", $0.read) })
    }
  }
}
