import SiameseGraph
import SiameseInference
import SiameseOneDNN

/// Layer normalisation, over the last axis of each row.
struct LayerNormalizationRule: TrainingRule {
  private let epsilon: Float

  init?(_ node: TrainingNode) {
    guard case .layerNormalization(let epsilon, _, _) = node.operation else { return nil }
    self.epsilon = epsilon
  }

  func lower(_ node: TrainingNode, into lowering: inout TrainingLowering) throws -> TrainingStage {
    let x = try lowering.hostForm(node.input)
    let y = lowering.newValue(node, x.layout)
    let width = x.shape.last ?? 1
    let rows = x.array.storedCount / width
    let perChannel = try Layout(rows: [width])
    let roles = node.parameters
    let gamma = try lowering.weight(.scale, roles[.gamma], perChannel, else: 1)
    let beta = try lowering.weight(.shift, roles[.beta], perChannel, else: 0)
    // Mean and 1 / σ of each row, which the gradient needs again.
    let statistics = lowering.builder.array(try Layout(rows: [rows, 2]))
    let loop = LayerNormalizationLoop(rows: rows, width: width, epsilon: epsilon)
    lowering.builder.append(
      "layer normalisation", of: node.name,
      [x.array, y.array, statistics].map { Program.Operand(.source, $0) } + [gamma, beta]
    ) { operands in
      loop.run(
        operands.floats(0), gamma: operands.floats(3), beta: operands.floats(4), into: operands.floats(1),
        statistics: operands.floats(2))
    }
    return TrainingStage(y) { lowering in
      let g = lowering.gradient(y)
      let dx = lowering.builder.array(x.layout)
      let dgamma = lowering.builder.array(perChannel)
      let dbeta = lowering.builder.array(perChannel)
      let gradient = LayerNormalizationGradient(rows: rows, width: width)
      lowering.builder.append(
        "gradient", of: node.name,
        [x.array, g, dx, dgamma, dbeta, statistics].map { Program.Operand(.source, $0) } + [gamma]
      ) { gradient.run($0) }
      lowering.contribute(dx, to: x)
      try lowering.deliver(dgamma, to: roles[.gamma], perChannel)
      try lowering.deliver(dbeta, to: roles[.beta], perChannel)
    }
  }
}

/// The gradient of layer normalisation.
private struct LayerNormalizationGradient: Sendable {
  let rows: Int, width: Int

  /// On `x, g, dx, dgamma, dbeta, statistics, gamma`.
  func run(_ operands: Operands) {
    let (x, g, dx, dgamma) = (operands.floats(0), operands.floats(1), operands.floats(2), operands.floats(3))
    let (dbeta, statistics, gamma) = (operands.floats(4), operands.floats(5), operands.floats(6))
    dgamma.update(repeating: 0, count: width)
    dbeta.update(repeating: 0, count: width)
    for row in 0..<rows {
      let (x, g, mean, scale) = (x + row * width, g + row * width, statistics[2 * row], statistics[2 * row + 1])
      for c in 0..<width {
        dbeta[c] += g[c]
        dgamma[c] += g[c] * (x[c] - mean) * scale
      }
    }
    parallel(rows, grain: 16) { part in
      for row in part {
        let (x, g, dx) = (x + row * width, g + row * width, dx + row * width)
        let (mean, scale) = (statistics[2 * row], statistics[2 * row + 1])
        var sum: Float = 0
        var along: Float = 0
        for c in 0..<width {
          sum += g[c] * gamma[c]
          along += g[c] * gamma[c] * (x[c] - mean) * scale
        }
        (sum, along) = (sum / Float(width), along / Float(width))
        for c in 0..<width { dx[c] = scale * (g[c] * gamma[c] - sum - (x[c] - mean) * scale * along) }
      }
    }
  }
}

/// `x / max(‖x‖, √epsilon)` for each row.
struct UnitNormalizationRule: TrainingRule {
  private let epsilon: Float

  init?(_ node: TrainingNode) {
    guard case .unitNormalization(let epsilon) = node.operation else { return nil }
    self.epsilon = epsilon
  }

  func lower(_ node: TrainingNode, into lowering: inout TrainingLowering) throws -> TrainingStage {
    let x = try lowering.hostForm(node.input)
    let y = lowering.newValue(node, x.layout)
    let width = x.shape.last ?? 1
    let rows = x.array.storedCount / width
    let epsilon = epsilon
    let loop = UnitNormalizationLoop(rows: rows, width: width, epsilon: epsilon)
    lowering.builder.append("unit normalisation", of: node.name, [x.array, y.array]) { operands in
      loop.run(operands.floats(0), into: operands.floats(1))
    }
    return TrainingStage(y) { lowering in
      let g = lowering.gradient(y)
      let dx = lowering.builder.array(x.layout)
      lowering.builder.append("gradient", of: node.name, [x.array, g, dx]) { operands in
        let (x, g, dx) = (operands.floats(0), operands.floats(1), operands.floats(2))
        for row in 0..<rows {
          var squares: Float = 0
          var along: Float = 0
          for i in row * width..<(row + 1) * width {
            squares += x[i] * x[i]
            along += x[i] * g[i]
          }
          let scale = 1 / max(squares, epsilon).squareRoot()
          if squares <= epsilon { along = 0 }
          for i in row * width..<(row + 1) * width { dx[i] = (g[i] - x[i] * scale * scale * along) * scale }
        }
      }
      lowering.contribute(dx, to: x)
    }
  }
}
