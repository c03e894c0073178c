extension InferenceGraph {
  /// How many rows at a time a single-threaded plan of this graph should take.
  ///
  /// Winograd's transformed weights and dense layers' weights are read once a batch, so networks with them gain from
  /// larger batches; others are fastest where what flows between layers stays in the caches. Either way what lies between
  /// layers is kept to some 64 MB.
  package func suggestedBatch(_ options: PlanOptions) -> Int {
    let elementSize = options.precision == .bfloat16 ? 2 : 4
    var largest = 1
    var readsManyWeights = false
    for node in graph.nodes {
      let inputs = node.inputs.map { graph.nodes[$0].shape.reduce(1, *) }.reduce(0, +)
      largest = max(largest, (inputs + node.shape.reduce(1, *)) * elementSize)
      switch node.operation {
      case .convolution(let c) where options.precision == .float32:
        let shape = graph.nodes[node.inputs[0]].shape
        if Lowering.suitsWinograd(c, source: [8, shape[2], shape[0], shape[1]]) { readsManyWeights = true }
      case .dense(let units, _, _): if units * (inputs + 1) > 1 << 23 { readsManyWeights = true }
      default: break
      }
    }
    let budget = readsManyWeights ? 64 << 20 : 16 << 20
    return min(max(1, budget / largest), readsManyWeights ? 8 : 4)
  }
}
