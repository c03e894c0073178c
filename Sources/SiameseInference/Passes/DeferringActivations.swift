import SiameseGraph
import SiameseOneDNN

extension InferenceGraph {
  /// With activations done by the primitive before them or by the depthwise convolution after them, where kernels can.
  ///
  /// A convolution or dense layer has its own activation already; here sums, products and scales get theirs. SiLU after a
  /// convolution, and any cheap function that stands alone, move behind, into a depthwise convolution that alone reads it:
  /// its loops apply them as rows are read.
  func deferringActivations(_ options: PlanOptions) throws -> InferenceGraph {
    var result = self
    result.graph = try graph.attachingActivations { operation, activation in
      switch operation {
      case .elementwise: Eltwise.chain(for: activation) != nil
      case .affine: activation == .relu
      default: false
      }
    }
    let facts = PlanFacts(result.graph, batch: 1, options: options)
    result.graph = try result.graph.movingActivationsIntoDepthwise(facts)
    return result
  }
}

extension Graph {
  fileprivate func movingActivationsIntoDepthwise(_ facts: PlanFacts) throws(GraphError) -> Graph {
    /// What the node `index` leaves to the depthwise convolution that alone reads it.
    func deferred(_ index: Int) -> Activation? {
      guard facts.consumers[index].count == 1, !outputs.contains(index), let next = facts.consumers[index].first,
        case .convolution(let reader) = nodes[next].operation, reader.inputActivation == .linear,
        DepthwiseConvolution.suits(reader, inputShape: nodes[index].shape, facts)
      else { return nil }
      switch nodes[index].operation {
      case .activation(let activation) where nodes[index].shape.count == 3 && nodes[index].activation == .linear:
        return activation.loopFunction == nil ? nil : activation
      case .convolution(let c) where c.activation == .silu:
        let isDepthwiseItself = DepthwiseConvolution.suits(c, inputShape: nodes[nodes[index].inputs[0]].shape, facts)
        return isDepthwiseItself ? nil : .silu
      default: return nil
      }
    }
    return try rewritten { rewriter, index, node throws(GraphError) in
      var operation = node.operation
      if case .convolution(var c) = operation, let input = node.inputs.first, let activation = deferred(input) {
        c.inputActivation = activation
        operation = .convolution(c)
      }
      guard deferred(index) != nil else { return try rewriter.copy(index, operation) }
      guard case .convolution(var c) = operation else { return rewriter.replace(index, by: node.inputs[0]) }
      c.activation = .linear
      try rewriter.copy(index, .convolution(c))
    }
  }
}
