import SiameseGraph
import SiameseTensors

/// Turns a model configuration into a graph.
///
/// Maps are `[H, W, C]` throughout. A configuration that works on `[C, H, W]` gives the same graph: every value knows
/// whether Keras sees it the other way round, and layers that name axes translate them. Real transpositions remain only
/// where Keras' own axes matter, as for a `Flatten` of `[C, H, W]`.
package struct ConfigurationReader {
  /// The output of a node, and how Keras sees it.
  struct Value {
    var node: Int
    /// Keras' shape is `[C, H, W]` while the node's is `[H, W, C]`.
    var channelsFirst = false
  }

  /// What a call passes: values of nodes and constants.
  indirect enum Argument {
    case value(Value)
    case list([Argument])
    case constant(JSON)

    var values: [Value] {
      switch self {
      case .value(let value): [value]
      case .list(let elements): elements.flatMap(\.values)
      case .constant: []
      }
    }
  }

  struct Call {
    var arguments: [Argument]
    var keywords: [String: Argument]
    var values: [Value] { arguments.flatMap(\.values) + keywords.sorted { $0.key < $1.key }.flatMap(\.value.values) }
  }

  package var builder = NetworkBuilder()
  let file: String
  /// Keras' major version.
  let version: Int
  /// The size for inputs whose configuration leaves it open or, where `overrides`, for all pictures.
  let inputSize: Size
  let overrides: Bool

  package init(file: String, version: Int, inputSize: Size?, defaultSize: Size = Size(224)) {
    self.file = file
    self.version = version
    self.inputSize = inputSize ?? defaultSize
    overrides = inputSize != nil
  }

  /// The graph of `model`, its outputs set.
  /// - Throws: `KerasError` naming the layer that cannot be read.
  package mutating func read(_ model: ModelConfiguration) throws {
    let outputs = try lower(model, inputs: nil)
    builder.setOutputs(outputs.map(\.node))
  }

  /// Adds the layers of `model`; `inputs` are the values given to a nested one.
  mutating func lower(_ model: ModelConfiguration, inputs: [Value]?) throws -> [Value] {
    var done: [String: [[Value]]] = [:]
    if let inputs {
      guard inputs.count == model.inputs.count else {
        throw LayerProblem("the model takes \(model.inputs.count) inputs, found \(inputs.count)")
      }
      for (reference, value) in zip(model.inputs, inputs) { done[reference.layer] = [[value]] }
    }
    var pending: [(layer: ModelConfiguration.Layer, call: Int)] = []
    for layer in model.layers where done[layer.name] == nil {
      if layer.className == "InputLayer" {
        done[layer.name] = [[try attempt(layer) { try $0.input(layer, of: model) }]]
      } else {
        pending += layer.calls.indices.map { (layer, $0) }
      }
    }
    func find(_ reference: ModelConfiguration.Reference) -> Value? {
      guard let calls = done[reference.layer], calls.indices.contains(reference.call),
        calls[reference.call].indices.contains(reference.output)
      else { return nil }
      return calls[reference.call][reference.output]
    }
    let callCounts = Dictionary(model.layers.map { ($0.name, max(1, $0.calls.count)) }, uniquingKeysWith: { $1 })
    func isReady(_ reference: ModelConfiguration.Reference) -> Bool {
      guard let calls = done[reference.layer] else { return false }
      return calls.count > reference.call || calls.count == callCounts[reference.layer]
    }
    while !pending.isEmpty {
      var waiting: [(layer: ModelConfiguration.Layer, call: Int)] = []
      for (layer, index) in pending {
        let call = layer.calls[index]
        guard (done[layer.name]?.count ?? 0) == index, call.references.allSatisfy(isReady) else {
          waiting.append((layer, index))
          continue
        }
        let outputs = try attempt(layer) { reader in
          func resolve(_ argument: ModelConfiguration.Argument) throws -> Argument {
            switch argument {
            case .constant(let json): return .constant(json)
            case .list(let elements): return .list(try elements.map(resolve))
            case .tensor(let reference):
              guard let value = find(reference) else {
                throw LayerProblem("takes output \(reference.output) of '\(reference.layer)', which does not exist")
              }
              return .value(value)
            }
          }
          let resolved = Call(
            arguments: try call.arguments.map(resolve), keywords: try call.keywords.mapValues(resolve))
          return try reader.lower(layer, resolved)
        }
        done[layer.name, default: []].append(outputs)
      }
      guard waiting.count < pending.count else {
        let missing = waiting.flatMap { $0.layer.calls[$0.call].references }.first { done[$0.layer] == nil }
        throw KerasError.layer(
          file: file, layer: waiting[0].layer.name,
          reason: missing.map { "its inputs lead to layer '\($0.layer)', which is missing or part of a circle" }
            ?? "its inputs form a circle")
      }
      pending = waiting
    }
    return try model.outputs.map { reference in
      guard let value = find(reference) else {
        throw KerasError.layer(file: file, layer: reference.layer, reason: "is an output of the model but does not exist")
      }
      return value
    }
  }

  /// Runs `body`, giving its errors this layer's name and this file's.
  private mutating func attempt<T>(
    _ layer: ModelConfiguration.Layer, _ body: (inout ConfigurationReader) throws -> T
  ) throws -> T {
    do { return try body(&self) } catch let error as UnsupportedLayer {
      throw KerasError.unsupportedLayer(
        file: file, layer: layer.name, className: layer.className, remedy: error.remedy)
    } catch let error as LayerProblem {
      throw KerasError.layer(file: file, layer: layer.name, reason: error.reason)
    } catch GraphError.misfit(_, let reason) {
      throw KerasError.layer(file: file, layer: layer.name, reason: reason)
    } catch let error as GraphError {
      throw KerasError.layer(file: file, layer: layer.name, reason: error.description)
    }
  }

  /// One call of a layer or a nested model.
  private mutating func lower(_ layer: ModelConfiguration.Layer, _ call: Call) throws -> [Value] {
    if let inner = layer.inner.first {
      builder.nesting.append(layer.name)
      defer { builder.nesting.removeLast() }
      return try lower(inner, inputs: call.values)
    }
    let className = layer.className.split(separator: ">").last.map(String.init) ?? layer.className
    let attributes = LayerAttributes(name: layer.name, className: className, config: layer.config, version: version)
    if let read = LayerTable.codec(ofClass: className)?.read, let value = try read(&self, attributes, call) {
      return [value]
    }
    guard let value = try operators(attributes, call) else { throw UnsupportedLayer.rebuild }
    return [value]
  }

  /// The only input of a call.
  func only(_ call: Call) throws -> Value {
    let values = call.values
    guard values.count == 1 else { throw LayerProblem("takes one input, found \(values.count)") }
    return values[0]
  }
}

// MARK: - Inputs and layouts

extension ConfigurationReader {
  private mutating func input(_ layer: ModelConfiguration.Layer, of model: ModelConfiguration) throws -> Value {
    guard let shape = ModelConfiguration.inputShape(layer.config)?.array?.dropFirst() else {
      throw LayerProblem("states no shape")
    }
    let channelsFirst = shape.count == 3 && Self.isChannelsFirst(from: layer.name, in: model)
    var extents = shape.map(\.int)
    if shape.count == 3 {
      let (height, width) = channelsFirst ? (1, 2) : (0, 1)
      if overrides || extents[height] == nil { extents[height] = inputSize.height }
      if overrides || extents[width] == nil { extents[width] = inputSize.width }
    }
    var known: [Int] = []
    for extent in extents {
      guard let extent, extent > 0, extent <= 1 << 20 else {
        throw LayerProblem("its shape \(JSON.array(Array(shape))) leaves more than height and width open")
      }
      known.append(extent)
    }
    if channelsFirst { known = [known[1], known[2], known[0]] }
    return Value(
      node: try builder.add(layer.name, "InputLayer", .input(shape: known), []), channelsFirst: channelsFirst)
  }

  /// Whether the first layer after `input` that says how its maps are laid out says channels first.
  private static func isChannelsFirst(from input: String, in model: ModelConfiguration) -> Bool {
    var reached: Set<String> = [input]
    var frontier: Set<String> = [input]
    while !frontier.isEmpty {
      var next = Set<String>()
      for layer in model.layers
      where !reached.contains(layer.name)
        && layer.calls.contains(where: { $0.references.contains { frontier.contains($0.layer) } })
      {
        if let inner = layer.inner.first {
          for reference in inner.inputs where isChannelsFirst(from: reference.layer, in: inner) { return true }
        }
        let attributes = LayerAttributes(name: "", className: "", config: layer.config, version: 2)
        if attributes.statesLayout { return attributes.isChannelsFirst }
        if layer.className == "Permute" || layer.className == "Reshape" { continue }
        next.insert(layer.name)
      }
      reached.formUnion(next)
      frontier = next
    }
    return false
  }

  /// The value as a node whose axes are Keras' own.
  mutating func plain(_ value: Value, _ layer: String) throws -> Int {
    guard value.channelsFirst else { return value.node }
    return try permuted(value.node, [2, 0, 1], layer)
  }

  /// The value as a node of shape `[H, W, C]` for a layer whose maps are channels first or last.
  mutating func map(_ value: Value, _ layer: LayerAttributes) throws -> Int {
    guard layer.isChannelsFirst else { return try plain(value, layer.name) }
    guard builder.shape(value.node).count == 3 else {
      throw LayerProblem("takes a [channels, height, width] input, found \(builder.shape(value.node))")
    }
    return value.channelsFirst ? value.node : try permuted(value.node, [1, 2, 0], layer.name)
  }

  /// The node's axes in another order; a permutation that undoes the one before it leaves nothing.
  mutating func permuted(_ node: Int, _ axes: [Int], _ layer: String) throws -> Int {
    if axes == Array(axes.indices) { return node }
    if case .permute(let before) = builder.graph.nodes[node].operation, before.count == axes.count,
      axes.map({ before[$0] }) == Array(axes.indices)
    {
      return builder.graph.nodes[node].inputs[0]
    }
    return try builder.part(layer, "layout", .permute(axes: axes), [node])
  }

  /// Keras' axis, counted with the batch, as an axis of the node.
  func axis(_ axis: Int, of value: Value) throws -> Int {
    let rank = builder.shape(value.node).count
    let positive = axis < 0 ? axis + rank + 1 : axis
    guard positive > 0, positive <= rank else { throw LayerProblem("axis \(axis) does not exist") }
    return value.channelsFirst ? [2, 0, 1][positive - 1] : positive - 1
  }

  /// Runs `body` on the value with one axis moved last, and moves it back.
  mutating func along(
    _ axis: Int, of value: Value, _ layer: String, _ body: (inout ConfigurationReader, Int) throws -> Int
  ) throws -> Value {
    let axis = try self.axis(axis, of: value)
    let rank = builder.shape(value.node).count
    if axis == rank - 1 { return Value(node: try body(&self, value.node), channelsFirst: value.channelsFirst) }
    let order = (0..<rank).filter { $0 != axis } + [axis]
    let moved = try permuted(value.node, order, layer)
    let result = try body(&self, moved)
    let back = (0..<rank).map { position in order.firstIndex(of: position) ?? position }
    return Value(
      node: try builder.part(layer, "restored", .permute(axes: back), [result]), channelsFirst: value.channelsFirst)
  }
}
