/// Copies a graph node by node while a pass replaces, merges or drops some.
///
/// Input nodes are always kept, so that a rewritten graph takes what the original took.
package struct GraphRewriter {
  /// The graph that is rewritten.
  package let source: Graph
  /// The source's nodes that take each node's output.
  package let consumers: [[Int]]
  private var result = Graph()
  /// Where each of the source's nodes went; −1 until then.
  package private(set) var moved: [Int]

  init(_ source: Graph) {
    self.source = source
    consumers = source.consumers
    moved = Array(repeating: -1, count: source.nodes.count)
  }

  /// Copies node `index`, with another name, operation, inputs (indices of the source), weights or activation if given.
  /// - Throws: `GraphError` where the operation does not fit its inputs or the name is taken.
  package mutating func copy(
    _ index: Int, name: String? = nil, _ operation: Operation? = nil, inputs: [Int]? = nil,
    parameters: [ParameterRole: String]? = nil, activation: Activation? = nil
  ) throws(GraphError) {
    let node = source.nodes[index]
    moved[index] = try result.add(
      name ?? node.name, operation ?? node.operation, (inputs ?? node.inputs).map { moved[$0] },
      parameters: parameters ?? node.parameters, activation: activation ?? node.activation)
  }

  /// Lets node `index` be what became of node `other`.
  package mutating func replace(_ index: Int, by other: Int) { moved[index] = moved[other] }

  /// Whether `index` feeds one node only, and that node alone sees its output.
  package func feedsOnlyOne(_ index: Int) -> Bool { consumers[index].count == 1 && !source.outputs.contains(index) }

  /// The rewritten graph.
  func finished() -> Graph {
    var graph = result
    graph.outputs = source.outputs.map { moved[$0] }
    return graph
  }
}

extension Graph {
  /// This graph with every node handed to `place`, which copies it, replaces it, or leaves it out.
  /// - Throws: what `place` throws.
  package func rewritten(
    _ place: (inout GraphRewriter, Int, Node) throws(GraphError) -> Void
  ) throws(GraphError) -> Graph {
    var rewriter = GraphRewriter(self)
    for (index, node) in nodes.enumerated() { try place(&rewriter, index, node) }
    return rewriter.finished()
  }
}
