import SiameseGraph
import SiameseTensors

/// Turns a model configuration into a graph.
///
/// Maps are `[H, W, C]` throughout. A configuration that works on `[C, H, W]` gives the same graph: every value knows
/// whether Keras sees it the other way round, and layers that name axes translate them. Real transpositions remain only
/// where Keras' own axes matter, as for a `Flatten` of `[C, H, W]`.
struct ConfigurationReader {
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

  var builder = NetworkBuilder()
  let file: String
  /// Keras' major version.
  let version: Int
  /// The size for inputs whose configuration leaves it open or, where `overrides`, for all pictures.
  let inputSize: Size
  let overrides: Bool

  init(file: String, version: Int, inputSize: Size?, defaultSize: Size = Size(224)) {
    self.file = file
    self.version = version
    self.inputSize = inputSize ?? defaultSize
    overrides = inputSize != nil
  }

  /// The graph of `model`, its outputs set.
  /// - Throws: `KerasError` naming the layer that cannot be read.
  mutating func read(_ model: ModelConfiguration) throws {
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
        throw KerasError.layer(
          file: file, layer: reference.layer, reason: "is an output of the model but does not exist")
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
