import SiameseGraph
import SiameseInference
import SiameseOneDNN

/// Batch normalisation in the mode that the options give the node.
///
/// Feature maps go to oneDNN, with the ReLU after them fused; rows of features have loops of their own.
struct BatchNormalizationRule: TrainingRule {
  private let epsilon: Float, momentum: Float

  init?(_ node: TrainingNode) {
    guard case .batchNormalization(let epsilon, let momentum, _, _) = node.operation else { return nil }
    (self.epsilon, self.momentum) = (epsilon, momentum)
  }

  /// The statistics and weights of one layer.
  struct Arrays {
    let channels: Int, epsilon: Float
    /// Whether it normalises by the batch's statistics.
    let usesBatch: Bool
    let gamma, beta, mean, variance: Program.Operand
    /// Where gradients go; nil where they are not wanted.
    let gammaPath, betaPath: String?
    let perChannel: Layout
  }

  func lower(_ node: TrainingNode, into lowering: inout TrainingLowering) throws -> TrainingStage {
    let mode = node.facts.normalizationMode(node.index)
    let roles = node.parameters
    let channels = node.input.shape.last ?? 1
    let perChannel = try Layout(rows: [channels])
    guard let runningMean = roles[.movingMean], let runningVariance = roles[.movingVariance] else {
      throw GraphError.misfit(layer: node.name, reason: "batch normalisation has running statistics")
    }
    func statistic(_ argument: Argument, _ path: String, _ lowering: inout TrainingLowering) throws -> Program.Operand {
      mode == .frozen
        ? try lowering.weight(argument, path, perChannel)
        : Program.Operand(argument, lowering.builder.array(perChannel))
    }
    let trains = mode != .statisticsOnly
    let norm = Arrays(
      channels: channels, epsilon: epsilon, usesBatch: mode != .frozen,
      gamma: try lowering.weight(.scale, roles[.gamma], perChannel, else: 1),
      beta: try lowering.weight(.shift, roles[.beta], perChannel, else: 0),
      mean: try statistic(.mean, runningMean, &lowering),
      variance: try statistic(.variance, runningVariance, &lowering),
      gammaPath: trains ? roles[.gamma] : nil, betaPath: trains ? roles[.beta] : nil, perChannel: perChannel)
    let stage =
      node.input.shape.count == 4
      ? try lowering.mapNormalization(norm, node, lowering.form(node.input, node.facts.mapLayout(node.input.shape)))
      : try lowering.rowNormalization(norm, node, lowering.hostForm(node.input))
    if norm.usesBatch, !lowering.recomputes { try moveStatistics(norm, node, runningMean, runningVariance, &lowering) }
    return stage
  }

  /// Appends the step that moves the running statistics towards the batch's.
  private func moveStatistics(
    _ norm: Arrays, _ node: TrainingNode, _ meanPath: String, _ variancePath: String, _ lowering: inout TrainingLowering
  ) throws {
    let running = [
      try lowering.weight(.mean, meanPath, norm.perChannel),
      try lowering.weight(.variance, variancePath, norm.perChannel),
    ]
    let (channels, momentum, run) = (norm.channels, momentum, lowering.run)
    lowering.builder.append(
      "statistics", of: node.name, [norm.mean, norm.variance] + running, if: { run.movesStatistics }
    ) { operands in
      let (mean, variance) = (operands.floats(0), operands.floats(1))
      let (runningMean, runningVariance) = (operands.floats(2), operands.floats(3))
      for c in 0..<channels {
        runningMean[c] = runningMean[c] * momentum + mean[c] * (1 - momentum)
        runningVariance[c] = runningVariance[c] * momentum + variance[c] * (1 - momentum)
      }
    }
  }
}

extension TrainingFacts {
  /// How a layer of batch normalisation acts.
  func normalizationMode(_ node: Int) -> BatchNormalizationMode {
    if let named = options.batchNormalizationByNode[graph.nodes[node].name] { return named }
    return needsGradient[node] ? options.batchNormalization : .frozen
  }
}

extension TrainingLowering {
  fileprivate mutating func mapNormalization(
    _ norm: BatchNormalizationRule.Arrays, _ node: TrainingNode, _ x: TrainingValue
  ) throws -> TrainingStage {
    // oneDNN knows the plain ReLU only.
    let next = facts.rectifierAlone(after: node.index)
    let rectifier = next?.function == .relu ? next?.node : nil
    let forward = try PrimitiveDescription.batchNormalization(
      .training, x.layout, epsilon: norm.epsilon, globalStatistics: !norm.usesBatch, rectified: rectifier != nil)
    let y = newValue(node, x.layout, isOverwritable: rectifier == nil)
    let workspace = forward.workspace.map { [Program.Operand(.workspace, builder.array($0))] } ?? []
    let shared = [Program.Operand(.source, x.array), norm.gamma, norm.beta, norm.mean, norm.variance] + workspace
    try builder.append(
      "batch normalisation", of: node.name, forward, shared + [Program.Operand(.destination, y.array)])
    return TrainingStage(y, covers: rectifier) { lowering in
      let g = lowering.gradient(y)
      let backward = try PrimitiveDescription.batchNormalizationBackward(
        of: forward, gradient: g.layout, data: x.layout, epsilon: norm.epsilon, globalStatistics: !norm.usesBatch,
        rectified: rectifier != nil)
      let dx = lowering.builder.array(x.layout)
      let dgamma = lowering.builder.array(norm.perChannel)
      let dbeta = lowering.builder.array(norm.perChannel)
      try lowering.builder.append(
        "gradient", of: node.name, backward,
        shared + [
          Program.Operand(.destinationGradient, g), Program.Operand(.sourceGradient, dx),
          Program.Operand(.scaleGradient, dgamma), Program.Operand(.shiftGradient, dbeta),
        ])
      lowering.contribute(dx, to: x)
      try lowering.deliver(dgamma, to: norm.gammaPath, norm.perChannel)
      try lowering.deliver(dbeta, to: norm.betaPath, norm.perChannel)
    }
  }

  /// Over rows `[N, …, C]`.
  fileprivate mutating func rowNormalization(
    _ norm: BatchNormalizationRule.Arrays, _ node: TrainingNode, _ x: TrainingValue
  ) throws -> TrainingStage {
    let y = newValue(node, x.layout, isOverwritable: true)
    let loop = BatchNormalizationLoop(
      rows: x.array.storedCount / norm.channels, channels: norm.channels, epsilon: norm.epsilon,
      usesBatch: norm.usesBatch)
    builder.append(
      "batch normalisation", of: node.name,
      [
        Program.Operand(.source, x.array), Program.Operand(.destination, y.array), norm.mean, norm.variance, norm.gamma,
        norm.beta,
      ]
    ) { loop.forward($0) }
    return TrainingStage(y) { lowering in
      let g = lowering.gradient(y)
      let dx = lowering.builder.array(x.layout)
      let dgamma = lowering.builder.array(norm.perChannel)
      let dbeta = lowering.builder.array(norm.perChannel)
      let arrays = [x.array, g, dx, dgamma, dbeta].map { Program.Operand(.source, $0) }
      lowering.builder.append("gradient", of: node.name, arrays + [norm.mean, norm.variance, norm.gamma]) {
        loop.backward($0)
      }
      lowering.contribute(dx, to: x)
      try lowering.deliver(dgamma, to: norm.gammaPath, norm.perChannel)
      try lowering.deliver(dbeta, to: norm.betaPath, norm.perChannel)
    }
  }
}
