/// A Keras model's configuration, whatever its age, as layers and the calls that connect them.
///
/// Keras 1 and 2 write `[[["layer", 0, 0, {}], …], …]` under `inbound_nodes`, tf.keras `[["layer", 0, 0, {…}]]` for a
/// single input, Keras 3 `[{"args": …, "kwargs": …}]` with tensors as objects; `Sequential` writes a bare list of
/// layers. All become the same here.
struct ModelConfiguration: Sendable {
  /// An output of a call of a layer.
  struct Reference: Hashable, Sendable {
    var layer: String
    var call = 0
    var output = 0
  }

  enum Argument: Sendable {
    case tensor(Reference)
    case list([Argument])
    case constant(JSON)

    /// The tensors in it, in order.
    var references: [Reference] {
      switch self {
      case .tensor(let reference): [reference]
      case .list(let elements): elements.flatMap(\.references)
      case .constant: []
      }
    }
  }

  struct Call: Sendable {
    var arguments: [Argument] = []
    var keywords: [String: Argument] = [:]
    var references: [Reference] {
      arguments.flatMap(\.references) + keywords.sorted { $0.key < $1.key }.flatMap(\.value.references)
    }
  }

  struct Layer: Sendable {
    var name: String
    var className: String
    /// `keras.src.ops.numpy` and the like, where Keras 3 says so.
    var module: String?
    var config: JSON
    var calls: [Call]
    /// The model in it, where the layer is one.
    var inner: [ModelConfiguration] = []
  }

  var name: String
  var isSequential: Bool
  var layers: [Layer]
  var inputs: [Reference]
  var outputs: [Reference]

  /// Whether `className` is a model rather than a layer.
  static func isModel(_ className: String) -> Bool {
    ["Model", "Functional", "Sequential", "Container"].contains(className)
  }

  /// Reads `{"class_name": …, "config": …}`.
  init(_ json: JSON, depth: Int = 0) throws(ConfigurationError) {
    guard depth < 20 else { throw ConfigurationError("models are nested more than 20 deep") }
    guard let className = json["class_name"].string else { throw ConfigurationError("it names no class") }
    guard Self.isModel(className) else {
      throw ConfigurationError(
        "the model is of class \(className), not Sequential or Functional; rebuild it as one of these")
    }
    let config = json["config"]
    let layers = config["layers"].array ?? config.array
    guard let layers else { throw ConfigurationError("it has no list of layers") }
    guard layers.count <= 20_000 else { throw ConfigurationError("it has \(layers.count) layers; 20,000 is the limit") }
    name = config["name"].string ?? json["name"].string ?? className.lowercased()
    isSequential = className == "Sequential"
    self.layers = []
    for (index, layer) in layers.enumerated() {
      self.layers.append(try Self.layer(layer, index: index, sequential: isSequential, depth: depth))
    }
    guard Set(self.layers.map(\.name)).count == self.layers.count else {
      throw ConfigurationError("two layers have the same name")
    }
    if isSequential {
      (inputs, outputs) = try Self.chain(&self.layers, config)
    } else {
      inputs = try Self.references(config["input_layers"], "input_layers")
      outputs = try Self.references(config["output_layers"], "output_layers")
      numberCallsFromZero()
    }
  }

  /// Keras 2 counts the calls of a nested model from 1, for building it was the first; here all count from 0.
  private mutating func numberCallsFromZero() {
    var last: [String: Int] = [:]
    for reference in layers.flatMap({ $0.calls.flatMap(\.references) }) + outputs {
      last[reference.layer] = max(last[reference.layer] ?? 0, reference.call)
    }
    var excess: [String: Int] = [:]
    for layer in layers where !layer.inner.isEmpty {
      if let last = last[layer.name], last >= layer.calls.count { excess[layer.name] = last + 1 - layer.calls.count }
    }
    guard !excess.isEmpty else { return }
    func renumbered(_ reference: Reference) -> Reference {
      var copy = reference
      copy.call = max(0, copy.call - (excess[copy.layer] ?? 0))
      return copy
    }
    func renumbered(_ argument: Argument) -> Argument {
      switch argument {
      case .tensor(let reference): .tensor(renumbered(reference))
      case .list(let elements): .list(elements.map { renumbered($0) })
      case .constant: argument
      }
    }
    for index in layers.indices {
      for call in layers[index].calls.indices {
        layers[index].calls[call].arguments = layers[index].calls[call].arguments.map { renumbered($0) }
        layers[index].calls[call].keywords = layers[index].calls[call].keywords.mapValues { renumbered($0) }
      }
    }
    outputs = outputs.map { renumbered($0) }
  }

  private static func layer(
    _ json: JSON, index: Int, sequential: Bool, depth: Int
  ) throws(ConfigurationError) -> Layer {
    guard let className = json["class_name"].string else {
      throw ConfigurationError("layer number \(index + 1) names no class")
    }
    let config = json["config"]
    let name = json["name"].string ?? config["name"].string ?? "\(className.lowercased())_\(index + 1)"
    var calls: [Call] = []
    if !sequential {
      guard let nodes = json["inbound_nodes"].array else {
        throw ConfigurationError("layer '\(name)' has no inbound_nodes")
      }
      for node in nodes { calls.append(try call(node, of: name)) }
    }
    var layer = Layer(name: name, className: className, module: json["module"].string, config: config, calls: calls)
    if isModel(className) {
      var inner = try ModelConfiguration(json, depth: depth + 1)
      inner.name = name
      layer.inner = [inner]
    }
    return layer
  }

  /// Connects the layers of a `Sequential` in their order, adding the input layer that older ones leave out.
  private static func chain(
    _ layers: inout [Layer], _ config: JSON
  ) throws(ConfigurationError) -> ([Reference], [Reference]) {
    guard let first = layers.first else { throw ConfigurationError("it has no layers") }
    if first.className != "InputLayer" {
      let buildShape = config["build_input_shape"]
      let shape =
        [first.config["batch_input_shape"], first.config["batch_shape"], buildShape].first { $0.array != nil }
        ?? first.inner.first.flatMap { $0.layers.first.flatMap { Self.inputShape($0.config) } }
      guard let shape else {
        throw ConfigurationError("the first layer '\(first.name)' gives no input shape; build the model before saving")
      }
      var name = "\(first.name)_input"
      while layers.contains(where: { $0.name == name }) { name += "_" }
      layers.insert(
        Layer(name: name, className: "InputLayer", config: ["batch_shape": shape], calls: []), at: 0)
    }
    var previous = Reference(layer: layers[0].name)
    for index in layers.indices.dropFirst() {
      layers[index].calls = [Call(arguments: [.tensor(previous)])]
      previous = Reference(layer: layers[index].name)
    }
    return ([Reference(layer: layers[0].name)], [previous])
  }

  /// The shape with the batch that an input layer, or a layer at the front, states.
  static func inputShape(_ config: JSON) -> JSON? {
    [config["batch_shape"], config["batch_input_shape"]].first { $0.array != nil }
  }

  private static func call(_ node: JSON, of layer: String) throws(ConfigurationError) -> Call {
    switch node {
    case .object(let members):
      var call = Call()
      guard let arguments = (members["args"] ?? .null).array else {
        throw ConfigurationError("a call of layer '\(layer)' has no args")
      }
      for argument in arguments { call.arguments.append(try self.argument(argument, of: layer)) }
      for (key, value) in members["kwargs"]?.object ?? [:] { call.keywords[key] = try argument(value, of: layer) }
      return call
    case .array(let elements):
      // A single input may stand by itself, without the list around it.
      let entries = elements.first?.string == nil ? elements : [node]
      var call = Call()
      var references: [Argument] = []
      for entry in entries {
        guard entry.array != nil else {
          throw ConfigurationError("a call of layer '\(layer)' has an input that is no list")
        }
        references.append(try legacyArgument(entry, of: layer))
        for (key, value) in entry[3].object ?? [:] { call.keywords[key] = try keyword(value, of: layer) }
      }
      call.arguments = references.count == 1 ? references : [.list(references)]
      return call
    default: throw ConfigurationError("a call of layer '\(layer)' is neither a list nor an object")
    }
  }

  /// `["layer", call, output]`, or `["_CONSTANT_VALUE", -1, value]`.
  private static func legacyArgument(_ entry: JSON, of layer: String) throws(ConfigurationError) -> Argument {
    guard let name = entry[0].string else { throw ConfigurationError("an input of layer '\(layer)' names no layer") }
    if name == "_CONSTANT_VALUE" { return .constant(entry[2]) }
    return .tensor(Reference(layer: name, call: entry[1].int ?? 0, output: entry[2].int ?? 0))
  }

  /// A keyword of a legacy call: a tensor where it reads `["layer", call, output]`, else a constant or a list of both.
  private static func keyword(_ value: JSON, of layer: String) throws(ConfigurationError) -> Argument {
    guard let elements = value.array, !elements.isEmpty else { return .constant(value) }
    if elements.count >= 3, elements[0].string != nil, elements[1].int != nil, elements[2].int != nil {
      return try legacyArgument(value, of: layer)
    }
    guard elements.contains(where: { $0.array != nil }) else { return .constant(value) }
    var list: [Argument] = []
    for element in elements { list.append(try keyword(element, of: layer)) }
    return .list(list)
  }

  private static func argument(_ value: JSON, of layer: String) throws(ConfigurationError) -> Argument {
    switch value {
    case .object where value["class_name"].string == "__keras_tensor__":
      let history = value["config"]["keras_history"]
      guard let name = history[0].string else {
        throw ConfigurationError("an input of layer '\(layer)' has no keras_history")
      }
      return .tensor(Reference(layer: name, call: history[1].int ?? 0, output: history[2].int ?? 0))
    case .array(let elements):
      var list: [Argument] = []
      for element in elements { list.append(try argument(element, of: layer)) }
      let isConstant = list.allSatisfy { if case .constant = $0 { true } else { false } }
      return isConstant ? .constant(value) : .list(list)
    default: return .constant(value)
    }
  }

  /// `[["a", 0, 0], …]`, one `["a", 0, 0]`, or an object of these.
  private static func references(_ json: JSON, _ what: String) throws(ConfigurationError) -> [Reference] {
    if json[0].string != nil {
      return [Reference(layer: json[0].string ?? "", call: json[1].int ?? 0, output: json[2].int ?? 0)]
    }
    let entries = json.array ?? json.object.map { $0.sorted { $0.key < $1.key }.map(\.value) } ?? []
    var result: [Reference] = []
    for entry in entries {
      guard let name = entry[0].string else { throw ConfigurationError("\(what) does not name layers") }
      result.append(Reference(layer: name, call: entry[1].int ?? 0, output: entry[2].int ?? 0))
    }
    guard !result.isEmpty else { throw ConfigurationError("\(what) is missing or empty") }
    return result
  }
}
