extension Graph {
  /// With zero padding done by the convolutions and poolings that follow it.
  ///
  /// A maximum does not see its own padding, so a pooling may take zeros in only where nothing negative comes.
  /// - Throws: `GraphError`, which a well-formed graph does not cause.
  package func absorbingPadding() throws(GraphError) -> Graph {
    let isNonNegative = nonNegativeNodes
    /// What a consumer of the padding node `index` becomes; nil where it needs the padded map itself.
    func absorbed(_ consumer: Node, padding index: Int) -> Operation? {
      guard case .zeroPadding(let outer) = nodes[index].operation, nodes[index].activation == .linear
      else { return nil }
      let shape = nodes[index].shape
      func merged(_ padding: Padding, _ window: Size, _ strides: Size, _ dilation: Size) -> EdgeInsets {
        let inner = padding.insets(
          height: shape[0], width: shape[1], window: window, strides: strides, dilation: dilation)
        return EdgeInsets(
          top: inner.top + outer.top, bottom: inner.bottom + outer.bottom, left: inner.left + outer.left,
          right: inner.right + outer.right)
      }
      switch consumer.operation {
      // Zeros that the convolution adds itself stay zeros: what is padded may not be changed by an activation first.
      case .convolution(var c)
      where consumer.inputs[0] == index && !consumer.inputs.dropFirst().contains(index) && c.inputActivation(0) == 0:
        c.padding = .explicit(merged(c.padding, c.kernel, c.strides, c.dilation))
        return .convolution(c)
      case .pooling(var p) where p.kind == .maximum && isNonNegative[nodes[index].inputs[0]]:
        let insets = merged(p.padding, p.window, p.strides, Size(1))
        guard max(insets.top, insets.bottom) < p.window.height, max(insets.left, insets.right) < p.window.width else {
          return nil
        }
        p.padding = .explicit(insets)
        return .pooling(p)
      default: return nil
      }
    }
    return try rewritten { rewriter, index, node throws(GraphError) in
      if case .zeroPadding = node.operation, !outputs.contains(index), !rewriter.consumers[index].isEmpty,
        rewriter.consumers[index].allSatisfy({ absorbed(nodes[$0], padding: index) != nil })
      {
        return
      }
      if let padding = node.inputs.first, rewriter.moved[padding] < 0,
        let operation = absorbed(node, padding: padding)
      {
        return try rewriter.copy(index, operation, inputs: [nodes[padding].inputs[0]] + node.inputs.dropFirst())
      }
      try rewriter.copy(index)
    }
  }

  /// For every node, whether no element of its output can be below zero.
  private var nonNegativeNodes: [Bool] {
    func never(_ activation: Activation) -> Bool {
      switch activation {
      case .rectifier(_, let slope, _): slope == 0
      case .sigmoid, .hardSigmoid, .softplus, .exponential, .square, .squareRoot, .absolute: true
      default: false
      }
    }
    // Nodes come after their inputs, so that one walk is enough.
    var result: [Bool] = []
    for node in nodes {
      switch node.operation {
      case _ where node.activation != .linear: result.append(never(node.activation))
      case .convolution(let c): result.append(never(c.activation))
      case .activation(let activation): result.append(never(activation))
      case .pooling, .zeroPadding, .cropping, .concatenate, .upsampling, .elementwise(.add), .elementwise(.multiply),
        .elementwise(.maximum), .elementwise(.average):
        result.append(node.inputs.allSatisfy { result[$0] })
      default: result.append(false)
      }
    }
    return result
  }
}
