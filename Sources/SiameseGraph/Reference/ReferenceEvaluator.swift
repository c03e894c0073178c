import SiameseTensors

/// Runs a graph with plain loops on host tensors: the specification of every operation, and the oracle of the tests.
///
/// Nothing here is tuned. Fast plans are compared with it, and its gradients are compared with finite differences.
package struct ReferenceEvaluator {
  /// What it runs.
  package let graph: Graph
  /// Every weight, by path.
  package var parameters: [String: Tensor]
  /// How each node acts; nodes that are not listed act as at inference.
  package var modes: [Int: PlainMode] = [:]

  /// Reads all weights of `graph`.
  /// - Throws: `GraphError` where a weight is missing or has another shape, or what the store's readers throw.
  package init(_ graph: Graph, parameters: ParameterStore) throws {
    try parameters.validate(for: graph)
    self.graph = graph
    self.parameters = [:]
    for (path, _) in graph.parameterShapes { self.parameters[path] = try parameters.tensor(path) }
  }

  /// The graph's outputs for `inputs`, one tensor `[N, …]` for each of its input nodes, in node order.
  package func callAsFunction(_ inputs: [Tensor]) -> [Tensor] {
    let values = values(inputs)
    return graph.outputs.map { values[$0] }
  }

  /// The output of every node.
  package func values(_ inputs: [Tensor]) -> [Tensor] {
    precondition(inputs.count == graph.inputs.count, "as many tensors as the graph has inputs")
    var values: [Tensor] = []
    var next = inputs.makeIterator()
    for (index, node) in graph.nodes.enumerated() {
      if case .input(let shape) = node.operation, let input = next.next() {
        precondition(
          Array(input.shape.dropFirst()) == shape, "input '\(node.name)' takes \(shape), found \(input.shape)")
        values.append(input)
        continue
      }
      values.append(node.activation.applied(to: output(of: index, values)))
    }
    return values
  }

  /// The gradients of a scalar whose gradient with respect to the graph's outputs is `outputGradients`: with respect to
  /// every input, and to every weight by path (weights shared by several layers gather the sum).
  package func gradients(
    _ inputs: [Tensor], _ outputGradients: [Tensor]
  ) -> (inputs: [Tensor], parameters: [String: Tensor]) {
    let values = values(inputs)
    var gradients = [Tensor?](repeating: nil, count: values.count)
    for (output, gradient) in zip(graph.outputs, outputGradients) { gradients[output].accumulate(gradient) }
    var parameterGradients: [String: Tensor] = [:]
    for (index, node) in graph.nodes.enumerated().reversed() {
      guard var gradient = gradients[index], !node.inputs.isEmpty else { continue }
      var output = values[index]
      if node.activation != .linear {
        output = self.output(of: index, values)
        gradient = node.activation.gradient(at: output, gradient)
      }
      let result = node.operation.plainBackward(
        node.inputs.map { values[$0] }, weights(of: index), output: output, gradient: gradient,
        mode: modes[index] ?? .inference)
      for (input, gradient) in zip(node.inputs, result.inputs) { gradients[input].accumulate(gradient) }
      for (role, gradient) in result.weights {
        if let path = node.parameters[role] { parameterGradients[path].accumulate(gradient) }
      }
    }
    let inputGradients = zip(graph.inputs, inputs).map { gradients[$0] ?? Tensor(shape: $1.shape) }
    return (inputGradients, parameterGradients)
  }

  /// What node `index` computes, before its node's activation.
  private func output(of index: Int, _ values: [Tensor]) -> Tensor {
    graph.nodes[index].operation.plainForward(
      graph.nodes[index].inputs.map { values[$0] }, weights(of: index), mode: modes[index] ?? .inference)
  }

  private func weights(of node: Int) -> [ParameterRole: Tensor] {
    graph.nodes[node].parameters.compactMapValues { parameters[$0] }
  }
}

extension Tensor? {
  fileprivate mutating func accumulate(_ other: Tensor) {
    guard let own = self else {
      self = other
      return
    }
    self = Tensor(shape: own.shape, elements: zip(own.elements, other.elements).map(+))
  }
}
