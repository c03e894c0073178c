import SiameseGraph

extension InferenceGraph {
  /// How many rows at a time a single-threaded plan of this graph should take.
  ///
  /// Winograd's transformed weights and dense layers' weights are read once a batch, so networks with them gain from
  /// larger batches; others are fastest where what flows between layers stays in the caches. Either way what lies between
  /// layers is kept to some 64 MB. Networks whose concatenated maps weigh more than their weights (DenseNet) take one row at a
  /// time, which concatenates them without a copy.
  package func suggestedBatch(_ options: PlanOptions) -> Int {
    let facts = PlanFacts(graph, batch: 1, options: options), places = ConcatenationPlaces(facts)
    let elementSize = options.precision.mapType.byteCount
    var largest = 1, weights = 0, concatenated = 0
    var isTransformed = false, hasLargeDense = false
    for (index, node) in graph.nodes.enumerated() {
      let inputs = node.inputs.map { graph.nodes[$0].shape.reduce(1, *) }.reduce(0, +)
      let outputs = node.shape.reduce(1, *)
      largest = max(largest, (inputs + outputs) * elementSize)
      switch node.operation {
      case .convolution(let c):
        let shape = graph.nodes[node.inputs[0]].shape
        let kernel = c.kernel.height * c.kernel.width * shape[2] / c.groups * c.filters * elementSize
        let grows = c.suitsWinograd(source: [8, shape[2], shape[0], shape[1]])
        if grows { isTransformed = true }
        weights += grows ? kernel * (options.precision == .bfloat16 ? 2 : 4) : kernel
      case .dense(let units, _, _): if units * (inputs + 1) > Thresholds.largeDense { hasLargeDense = true }
      // Copied: read once and written once.
      case .concatenate where places[index] != nil: concatenated += 2 * outputs * elementSize
      default: break
      }
    }
    if concatenated > weights { return 1 }
    let bytes = isTransformed || hasLargeDense ? Thresholds.batchBytes.manyWeights : Thresholds.batchBytes.fewWeights
    // In bfloat16 transformed kernels are a quarter of the size.
    let most =
      hasLargeDense || (isTransformed && options.precision == .float32)
      ? Thresholds.batchSizes.manyWeights
      : options.precision == .bfloat16 ? Thresholds.batchSizes.bfloat16 : Thresholds.batchSizes.float32
    return min(max(1, bytes / largest), most)
  }
}
