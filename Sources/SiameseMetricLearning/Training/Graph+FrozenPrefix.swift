import SiameseGraph

extension Graph {
  /// The graph cut in two where training begins: what no gradient reaches, and the rest.
  ///
  /// `prefix` ends in the arrays that `rest` takes in, as many as `rest` has inputs, in the same order. With nothing
  /// random before the cut, prefix outputs are computed once and kept.
  package struct FrozenSplit: Sendable {
    /// From the pictures to what is kept.
    package let prefix: Graph
    /// From what is kept to the outputs.
    package let rest: Graph
  }

  /// Cuts so that every weight of `trainable` lies in the rest; nil where the first layer already trains.
  ///
  /// Layers that are random in training stay in the rest too.
  package func split(beforeTraining trainable: Set<String>) throws -> FrozenSplit? {
    var moves = [Bool](repeating: false, count: nodes.count)
    for (index, node) in nodes.enumerated() {
      let random: Bool
      switch node.operation {
      case .dropout(let rate), .stochasticDepth(let rate): random = rate > 0
      default: random = false
      }
      moves[index] =
        random || node.inputs.contains { moves[$0] } || node.parameters.values.contains { trainable.contains($0) }
    }
    guard outputs.allSatisfy({ moves[$0] }) else { return nil }
    let needed = pruned(to: outputs)
    guard needed.nodes.count == nodes.count else { return try needed.split(beforeTraining: trainable) }
    // What the rest takes from the prefix, each once, in node order.
    let consumers = consumers
    let frontier = nodes.indices.filter { !moves[$0] && consumers[$0].contains { moves[$0] } }
    guard !frontier.contains(where: { if case .input = nodes[$0].operation { true } else { false } }) else {
      return nil
    }
    var rest = Graph()
    var moved = [Int: Int]()
    for index in frontier {
      moved[index] = try rest.add("\(nodes[index].name):kept", .input(shape: nodes[index].shape))
    }
    for (index, node) in nodes.enumerated() where moves[index] {
      moved[index] = try rest.add(
        node.name, node.operation, node.inputs.map { moved[$0] ?? 0 }, parameters: node.parameters)
    }
    rest.outputs = outputs.map { moved[$0] ?? 0 }
    return FrozenSplit(prefix: pruned(to: frontier), rest: rest)
  }
}
