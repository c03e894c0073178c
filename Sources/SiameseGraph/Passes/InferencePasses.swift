/// A graph and its weights, rewritten for inference: the same outputs from fewer, larger operations.
package struct InferenceGraph: Sendable {
  /// The rewritten graph.
  package var graph: Graph
  /// Its weights, those of the original changed as they are read.
  package var parameters: ParameterStore

  /// Applies every pass, each of which leaves the outputs equal (up to rounding).
  /// - Throws: `GraphError`, which a well-formed graph does not cause.
  package init(_ graph: Graph, parameters: ParameterStore) throws {
    self.graph = try graph.droppingTrainingOnlyNodes()
    self.parameters = parameters
    try convolvePointwiseDenses()
    try foldNormalization()
    self.graph = try self.graph.absorbingPadding().fusingResiduals().fusingActivations()
  }
}

extension Graph {
  /// Without nodes that act in training only or not at all.
  /// - Throws: `GraphError`, which a well-formed graph does not cause.
  package func droppingTrainingOnlyNodes() throws(GraphError) -> Graph {
    try rewritten { rewriter, index, node throws(GraphError) in
      if node.operation.isIdentityAtInference, node.activation == .linear {
        rewriter.replace(index, by: node.inputs[0])
      } else {
        try rewriter.copy(index)
      }
    }
  }

  /// With additions that follow a convolution done by it, before its sums are stored.
  /// - Throws: `GraphError`, which a well-formed graph does not cause.
  package func fusingResiduals() throws(GraphError) -> Graph {
    /// For an addition, which of its two inputs takes the other in.
    func host(_ rewriter: GraphRewriter, _ node: Node) -> Int? {
      guard case .elementwise(.add) = node.operation, node.inputs.count == 2, node.inputs[0] != node.inputs[1],
        nodes[node.inputs[0]].shape == nodes[node.inputs[1]].shape
      else { return nil }
      // The later one: the earlier one's output is then there to be added to.
      return node.inputs.sorted(by: >).first { input in
        guard case .convolution(let c) = nodes[input].operation else { return false }
        return c.activation == .linear && nodes[input].activation == .linear && !c.residual
          && rewriter.feedsOnlyOne(input)
      }
    }
    return try rewritten { rewriter, index, node throws(GraphError) in
      if rewriter.feedsOnlyOne(index), host(rewriter, nodes[rewriter.consumers[index][0]]) == index { return }
      guard let host = host(rewriter, node), case .convolution(var c) = nodes[host].operation else {
        return try rewriter.copy(index)
      }
      c.residual = true
      let other = node.inputs[0] == host ? node.inputs[1] : node.inputs[0]
      try rewriter.copy(
        index, name: nodes[host].name, .convolution(c), inputs: [nodes[host].inputs[0], other],
        parameters: nodes[host].parameters)
    }
  }

  /// With activations attached to the nodes whose outputs they alone take, where `suits` says so; without it, to
  /// element-wise operations and scales.
  /// - Throws: `GraphError`, which a well-formed graph does not cause.
  package func attachingActivations(
    where suits: (Operation, Activation) -> Bool = { operation, _ in
      switch operation {
      case .elementwise, .affine: true
      default: false
      }
    }
  ) throws(GraphError) -> Graph {
    func attached(_ index: Int, _ rewriter: GraphRewriter) -> Activation? {
      guard rewriter.feedsOnlyOne(index), nodes[index].activation == .linear,
        let activation = loneActivation(rewriter.consumers[index][0]), suits(nodes[index].operation, activation)
      else { return nil }
      return activation
    }
    return try rewritten { rewriter, index, node throws(GraphError) in
      if loneActivation(index) != nil, attached(node.inputs[0], rewriter) != nil {
        rewriter.replace(index, by: node.inputs[0])
      } else {
        try rewriter.copy(index, activation: attached(index, rewriter))
      }
    }
  }

  /// With activations that follow a convolution or dense layer done by it.
  /// - Throws: `GraphError`, which a well-formed graph does not cause.
  package func fusingActivations() throws(GraphError) -> Graph {
    func fused(_ index: Int, _ rewriter: GraphRewriter) -> Operation? {
      guard rewriter.feedsOnlyOne(index), nodes[index].activation == .linear,
        let activation = loneActivation(rewriter.consumers[index][0])
      else { return nil }
      switch nodes[index].operation {
      case .convolution(var c) where c.activation == .linear:
        c.activation = activation
        return .convolution(c)
      case .dense(let units, let bias, .linear): return .dense(units: units, bias: bias, activation: activation)
      default: return nil
      }
    }
    return try rewritten { rewriter, index, node throws(GraphError) in
      if loneActivation(index) != nil, fused(node.inputs[0], rewriter) != nil {
        rewriter.replace(index, by: node.inputs[0])
      } else {
        try rewriter.copy(index, fused(index, rewriter))
      }
    }
  }

  /// The function of a node that is an activation and nothing else.
  private func loneActivation(_ index: Int) -> Activation? {
    guard case .activation(let activation) = nodes[index].operation, nodes[index].activation == .linear
    else { return nil }
    return activation
  }
}
