import SiameseGraph
import SiameseInference
import SiameseOneDNN

/// What a training plan runs, and where its arrays are.
struct LoweredTraining {
  let program: Program
  let weights: WeightBank
  let run: TrainingRun
  /// How many of the program's steps are the forward part; the rest is the backward one.
  let forwardStepCount: Int
  let inputs: [TrainingValue]
  let outputs: [TrainingValue]
  /// Where the outputs' gradients are put; nil where the output needs none.
  let outputGradients: [Value?]
  /// Where the inputs' gradients are left; nil where none are asked for.
  let inputGradients: [Value?]

  /// Lowers with as many recomputed segments as the options ask for.
  init(_ graph: Graph, _ parameters: TrainingParameters, batch: Int, options: TrainingOptions) throws {
    func lowered(_ segmentCount: Int) throws -> LoweredTraining {
      try LoweredTraining(graph, parameters, batch, options, segmentCount: segmentCount)
    }
    switch options.recomputation {
    case .never: self = try lowered(1)
    case .segments(let count): self = try lowered(count)
    case .below(let byteCount):
      var best = try lowered(1)
      for count in [2, 3, 4, 6, 8, 12, 16] where best.program.arenaByteCount > byteCount {
        let next = try lowered(count)
        if next.program.arenaByteCount < best.program.arenaByteCount { best = next }
      }
      self = best
    }
  }

  private init(
    _ graph: Graph, _ parameters: TrainingParameters, _ batch: Int, _ options: TrainingOptions, segmentCount: Int
  ) throws {
    let graph = try graph.absorbingPadding().fusingActivations()
    var lowering = try TrainingLowering(graph, parameters, batch: batch, options: options)
    guard graph.outputs.contains(where: { lowering.facts.needsGradient[$0] }) else {
      throw TrainingError.nothingToTrain
    }
    let segments = graph.segments(segmentCount)
    try lowering.forward(segments: segments)
    (inputs, outputs) = (graph.inputs.compactMap { lowering.values[$0] }, try lowering.outputs())
    lowering.builder.keep(outputs.map(\.array), "outputs")
    forwardStepCount = lowering.builder.stepCount

    var outputGradients: [Value?] = []
    for output in outputs {
      let gradient = output.needsGradient ? lowering.builder.array(output.layout) : nil
      if let gradient { lowering.contribute(gradient, to: output) }
      outputGradients.append(gradient)
    }
    lowering.builder.keep(outputGradients.compactMap { $0 }, "gradients of the outputs")
    try lowering.backward(recomputing: segments)
    inputGradients = inputs.map { input in
      options.inputGradients && lowering.hasGradient(input) ? lowering.gradient(input) : nil
    }
    lowering.builder.keep(inputGradients.compactMap { $0 }, "gradients of the inputs")
    self.outputGradients = outputGradients
    (program, weights, run) = (lowering.builder.finished(), lowering.weights, lowering.run)
  }
}
