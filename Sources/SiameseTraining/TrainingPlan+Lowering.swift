import SiameseGraph

/// What a training plan runs, and where its arrays are.
struct LoweredTraining {
  let program: TrainingProgram
  let run: TrainingRun
  let inputs: [TrainingValue]
  let outputs: [TrainingValue]
  let outputGradients: [TrainingArray?]
  let inputGradients: [TrainingArray?]
}

extension TrainingPlan {
  /// Lowers with as many recomputed segments as the options ask for.
  static func lowered(
    _ graph: Graph, _ parameters: TrainingParameters, _ batch: Int, _ options: TrainingOptions
  ) throws -> LoweredTraining {
    switch options.checkpointing {
    case .never: return try lowered(graph, parameters, batch, options, segmentCount: 1)
    case .segments(let count): return try lowered(graph, parameters, batch, options, segmentCount: count)
    case .below(let byteCount):
      var best = try lowered(graph, parameters, batch, options, segmentCount: 1)
      for count in [2, 3, 4, 6, 8, 12, 16] where best.program.byteCount > byteCount {
        let next = try lowered(graph, parameters, batch, options, segmentCount: count)
        if next.program.byteCount < best.program.byteCount { best = next }
      }
      return best
    }
  }

  private static func lowered(
    _ graph: Graph, _ parameters: TrainingParameters, _ batch: Int, _ options: TrainingOptions, segmentCount: Int
  ) throws -> LoweredTraining {
    let graph = try graph.absorbingPadding().fusingActivations()
    let lowering = try TrainingLowering(graph, parameters, batch: batch, options: options)
    let program = lowering.program
    guard graph.outputs.contains(where: { lowering.needsGradient[$0] }) else { throw TrainingError.nothingToTrain }
    let segments = graph.segments(segmentCount)
    try lowering.forward(segments: segments)
    let inputs = graph.inputs.map { lowering.values[$0]! }
    let outputs = try graph.outputs.map { try lowering.hostForm(lowering.values[$0]!) }
    program.add("outputs", outputs.map(\.array)) {}
    for output in outputs { program.keep(output.array) }
    program.endForward()
    let outputGradients = outputs.map { output -> TrainingArray? in
      guard output.needsGradient else { return nil }
      let gradient = program.array(output.layout)
      output.contributions.append(gradient)
      return gradient
    }
    program.add("gradients of the outputs", outputGradients.compactMap { $0 }) {}
    try lowering.backward(recomputing: segments)
    let inputGradients = try inputs.map { input -> TrainingArray? in
      guard options.inputGradients, !input.contributions.isEmpty else { return nil }
      return try lowering.gradient(input)
    }
    program.add("gradients of the inputs", inputGradients.compactMap { $0 }) {}
    program.pack()
    return LoweredTraining(
      program: program, run: lowering.run, inputs: inputs, outputs: outputs, outputGradients: outputGradients,
      inputGradients: inputGradients)
  }
}

extension Graph {
  /// The nodes in `count` runs of about equal activation bytes, cut where little crosses, and never between a layer and
  /// its activation, which may have been fused.
  func segments(_ count: Int) -> [Range<Int>] {
    guard count > 1, nodes.count > 1 else { return [0..<nodes.count] }
    let sizes = nodes.map { $0.shape.reduce(1, *) }
    let consumers = consumers
    // What is still needed after each node.
    var crossing = [Int](repeating: 0, count: nodes.count)
    for node in nodes.indices {
      guard let last = consumers[node].max(), last > node else { continue }
      for cut in node..<last { crossing[cut] += sizes[node] }
    }
    for (index, node) in nodes.enumerated() {
      guard case .activation = node.operation, let layer = node.inputs.first else { continue }
      for cut in layer..<index { crossing[cut] = .max }
    }
    var sums: [Int] = []
    for size in sizes { sums.append((sums.last ?? 0) + size) }
    let share = max(sums[nodes.count - 1] / count, 1)
    var cuts: [Int] = []
    for part in 1..<count {
      let near = nodes.indices.dropLast().filter {
        abs(sums[$0] - part * share) <= share * 2 / 5 && $0 >= (cuts.last ?? 0) && crossing[$0] < .max
      }
      guard let cut = near.min(by: { crossing[$0] < crossing[$1] }), cut + 1 > (cuts.last ?? 0) else { continue }
      cuts.append(cut + 1)
    }
    return zip([0] + cuts, cuts + [nodes.count]).map { $0..<$1 }
  }
}
