/// A network as a value: operations, and which feeds which.
///
/// Nodes stand in an order in which every node comes after its inputs. Shapes leave out the batch. Weights are named,
/// not held: `Node.parameters` gives each role's path in a `ParameterStore`. Layers that share weights are nodes with
/// the same paths. Passes are functions from graph to graph.
package struct Graph: Sendable, Equatable {
  /// An operation, and where its inputs and weights come from.
  package struct Node: Sendable, Equatable {
    /// Unique in the graph: the Keras layer's own name, so that `--layer` finds it. A layer that becomes several nodes
    /// gives its name to the last of them; the others are `name:part`.
    package var name: String
    /// What it computes.
    package var operation: Operation
    /// Indices of the nodes whose outputs it takes.
    package var inputs: [Int]
    /// Where each of its weights lies in the store.
    package var parameters: [ParameterRole: String]
    /// Its output's shape without the batch, inferred.
    package var shape: [Int]
    /// Applied to the operation's output; made by a pass, never by an importer.
    package var activation = Activation.linear
  }

  /// All operations; every one comes after its inputs.
  package private(set) var nodes: [Node] = []
  /// The nodes whose outputs are the graph's.
  package var outputs: [Int] = []

  /// A graph without nodes.
  package init() {}

  /// Appends a node and infers its shape.
  ///
  /// Weights that the operation needs and `parameters` does not place lie at `name/role`.
  /// - Throws: `GraphError` where the operation does not fit its inputs or the name is taken.
  @discardableResult
  package mutating func add(
    _ name: String, _ operation: Operation, _ inputs: [Int] = [], parameters: [ParameterRole: String] = [:],
    activation: Activation = .linear
  ) throws(GraphError) -> Int {
    guard index[name] == nil else { throw .duplicateName(name) }
    let shapes = inputs.map { nodes[$0].shape }
    let shape: [Int]
    do { shape = try operation.outputShape(inputs: shapes) } catch { throw .misfit(layer: name, reason: error.reason) }
    var paths = parameters
    for role in operation.parameterShapes(inputs: shapes).keys where paths[role] == nil {
      paths[role] = "\(name)/\(role.rawValue)"
    }
    nodes.append(
      Node(
        name: name, operation: operation, inputs: inputs, parameters: paths, shape: shape, activation: activation))
    index[name] = nodes.count - 1
    return nodes.count - 1
  }

  private var index: [String: Int] = [:]

  /// The node of that name.
  package func firstIndex(named name: String) -> Int? { index[name] }

  /// The nodes that take in data.
  package var inputs: [Int] {
    nodes.indices.filter { if case .input = nodes[$0].operation { true } else { false } }
  }

  /// The shapes of the weights a node needs, by role.
  package func parameterShapes(of node: Int) -> [ParameterRole: [Int]] {
    nodes[node].operation.parameterShapes(inputs: nodes[node].inputs.map { nodes[$0].shape })
  }

  /// Every weight the graph needs: path and shape, in node order, shared ones once.
  package var parameterShapes: [(path: String, shape: [Int])] {
    var seen = Set<String>()
    var result: [(path: String, shape: [Int])] = []
    for node in nodes.indices {
      let shapes = parameterShapes(of: node)
      for role in ParameterRole.allCases {
        guard let shape = shapes[role], let path = nodes[node].parameters[role] else { continue }
        if seen.insert(path).inserted { result.append((path, shape)) }
      }
    }
    return result
  }

  /// The nodes that take each node's output.
  package var consumers: [[Int]] {
    var result = [[Int]](repeating: [], count: nodes.count)
    for (index, node) in nodes.enumerated() { for input in node.inputs { result[input].append(index) } }
    return result
  }

  /// The part of the graph that `outputs` need, in the same order, with those outputs.
  package func pruned(to outputs: [Int]) -> Graph {
    var needed = [Bool](repeating: false, count: nodes.count)
    for output in outputs { needed[output] = true }
    for node in nodes.indices.reversed() where needed[node] { for input in nodes[node].inputs { needed[input] = true } }
    var result = Graph()
    var moved = [Int](repeating: -1, count: nodes.count)
    for (old, node) in nodes.enumerated() where needed[old] {
      var copy = node
      copy.inputs = node.inputs.map { moved[$0] }
      moved[old] = result.nodes.count
      result.index[node.name] = result.nodes.count
      result.nodes.append(copy)
    }
    result.outputs = outputs.map { moved[$0] }
    return result
  }
}

/// Why a graph could not be put together.
package enum GraphError: Error, Equatable, CustomStringConvertible {
  /// Two layers have the same name.
  case duplicateName(String)
  /// A layer's operation does not fit its inputs, or its numbers make no sense.
  case misfit(layer: String, reason: String)
  /// No weight lies where a layer looks for one.
  case missingParameter(layer: String, path: String)
  /// A weight has another shape than its layer needs.
  case parameterShape(layer: String, path: String, expected: [Int], found: [Int])

  /// What does not fit and where, in one sentence.
  package var description: String {
    switch self {
    case .duplicateName(let name): "two layers are called '\(name)'; every layer needs a name of its own"
    case .misfit(let layer, let reason): "layer '\(layer)': \(reason)"
    case .missingParameter(let layer, let path): "layer '\(layer)' has no weight '\(path)'"
    case .parameterShape(let layer, let path, let expected, let found):
      "layer '\(layer)': weight '\(path)' should have shape \(expected), found \(found)"
    }
  }
}
