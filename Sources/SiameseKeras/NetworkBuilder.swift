import SiameseGraph
import SiameseTensors

/// A Keras layer in a graph: the node that is its output, and how its weights in a file become parameters.
struct KerasLayer: Sendable {
  /// One weight of the layer in the file.
  struct Weight: Sendable, Equatable {
    /// Keras' word for it: `kernel`, `gamma`, …
    var name: String
    var shape: [Int]
    /// Whether Keras counts it among the trainable ones; nested models list those first.
    var isTrainable = true
  }

  /// One parameter of the graph, made of weights of the layer.
  struct Parameter: Sendable {
    var path: String
    var shape: [Int]
    /// Indices into `weights`.
    var sources: [Int]
    /// Turns the weights, in the order of `sources`, into the parameter; nil where the elements stay as they are.
    var convert: (@Sendable ([Tensor]) -> Tensor)?
  }

  var name: String
  /// Keras' class: `Conv2D`, `BatchNormalization`, …
  var className: String
  /// Names of the models around it, outermost first.
  var nesting: [String] = []
  /// The weights in Keras' order.
  var weights: [Weight] = []
  var parameters: [Parameter] = []
  /// The nodes of the graph that are outputs of this layer, one a call.
  var nodes: [Int] = []

  /// `outer/inner/name`: what the graph's node is called.
  var path: String { (nesting + [name]).joined(separator: "/") }
}

/// Puts a graph together layer by layer, keeping for each layer which weights Keras stores for it.
///
/// Both the configuration reader and the catalogue build through this type, so that one place knows what a Keras layer
/// becomes. Layers called again share their weights.
struct NetworkBuilder {
  private(set) var graph = Graph()
  private(set) var layers: [KerasLayer] = []
  /// Parameters that are numbers of the configuration, not weights of the file.
  private(set) var constants: [String: Tensor] = [:]
  /// Names of the models around the layers being added.
  var nesting: [String] = []
  private var indices: [String: Int] = [:]

  init() {}

  func shape(_ node: Int) -> [Int] { graph.nodes[node].shape }
  func layer(named path: String) -> KerasLayer? { indices[path].map { layers[$0] } }
  mutating func setOutputs(_ outputs: [Int]) { graph.outputs = outputs }

  private func path(_ name: String) -> String { nesting.isEmpty ? name : (nesting + [name]).joined(separator: "/") }

  /// A node that belongs to layer `name` but is not its output: `name:part`.
  mutating func part(
    _ name: String, _ part: String, _ operation: Operation, _ inputs: [Int],
    parameters: [ParameterRole: String] = [:]
  ) throws(GraphError) -> Int {
    try graph.add(free("\(path(name)):\(part)"), operation, inputs, parameters: parameters)
  }

  /// Adds the output node of layer `name`; the first call of a layer records `weights` and `parameters`.
  @discardableResult
  mutating func add(
    _ name: String, _ className: String, _ operation: Operation, _ inputs: [Int],
    roles: [ParameterRole: String] = [:], weights: [KerasLayer.Weight] = [],
    parameters: [KerasLayer.Parameter]? = nil
  ) throws(GraphError) -> Int {
    let node = try graph.add(free(path(name)), operation, inputs, parameters: roles)
    record(name, className, node: node, weights: weights, parameters: parameters)
    return node
  }

  /// Notes that `node`, which exists already, is what layer `name` gives.
  mutating func record(
    _ name: String, _ className: String, node: Int, weights: [KerasLayer.Weight] = [],
    parameters: [KerasLayer.Parameter]? = nil
  ) {
    if let index = indices[path(name)] {
      layers[index].nodes.append(node)
      return
    }
    let plain = { [path = path(name)] in
      weights.enumerated().map { index, weight in
        KerasLayer.Parameter(path: "\(path)/\(weight.name)", shape: weight.shape, sources: [index])
      }
    }
    indices[path(name)] = layers.count
    layers.append(
      KerasLayer(
        name: name, className: className, nesting: nesting, weights: weights, parameters: parameters ?? plain(),
        nodes: [node]))
  }

  mutating func hold(_ path: String, _ tensor: Tensor) { constants[path] = tensor }

  /// `name`, or `name:2`, `name:3`, … for further calls of a shared layer.
  private func free(_ name: String) -> String {
    guard graph.firstIndex(named: name) != nil else { return name }
    var call = 2
    while graph.firstIndex(named: "\(name):\(call)") != nil { call += 1 }
    return "\(name):\(call)"
  }

  /// Where a weight of layer `name` lies in the store.
  func parameterPath(_ name: String, _ weight: String) -> String { "\(path(name))/\(weight)" }
}
