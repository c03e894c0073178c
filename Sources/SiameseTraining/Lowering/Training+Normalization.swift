import SiameseInference
import SiameseOneDNN

extension TrainingLowering {
  /// Batch normalisation in the mode that the options give the node.
  ///
  /// Feature maps go to oneDNN, with the ReLU after them fused; rows of features have loops of their own.
  func batchNormalization(
    _ epsilon: Float, _ momentum: Float, _ node: Int, _ input: TrainingValue
  ) throws -> TrainingValue {
    let mode = normalizationMode(node)
    let roles = graph.nodes[node].parameters, channels = input.shape.last ?? 1
    let perChannel = try Layout(rows: [channels])
    let trains = mode != .statisticsOnly
    let norm = Normalization(
      channels: channels, epsilon: epsilon, usesBatch: mode != .frozen,
      gamma: try roles[.gamma].map { try weight($0, perChannel) } ?? constant(perChannel, 1),
      beta: try roles[.beta].map { try weight($0, perChannel) } ?? constant(perChannel, 0),
      mean: mode == .frozen ? try weight(roles[.movingMean]!, perChannel) : program.array(perChannel),
      variance: mode == .frozen ? try weight(roles[.movingVariance]!, perChannel) : program.array(perChannel),
      gammaPath: trains && isTrained(roles[.gamma]) ? roles[.gamma] : nil,
      betaPath: trains && isTrained(roles[.beta]) ? roles[.beta] : nil)
    let y = input.shape.count == 4
      ? try mapNormalization(norm, node, form(input, mapLayout(input.shape)))
      : try rowNormalization(norm, node, hostForm(input))
    if norm.usesBatch, !recomputes {
      let running = try (weight(roles[.movingMean]!, perChannel), weight(roles[.movingVariance]!, perChannel))
      let run = run
      program.add("\(name(node)), statistics", [norm.mean, norm.variance]) {
        guard run.movesStatistics else { return }
        let (mean, variance) = (norm.mean.floats, norm.variance.floats)
        let (runningMean, runningVariance) = (running.0.floats, running.1.floats)
        for c in 0..<channels {
          runningMean[c] = runningMean[c] * momentum + mean[c] * (1 - momentum)
          runningVariance[c] = runningVariance[c] * momentum + variance[c] * (1 - momentum)
        }
      }
    }
    return y
  }

  func normalizationMode(_ node: Int) -> BatchNormalizationMode {
    if let named = options.batchNormalizationByNode[name(node)] { return named }
    return needsGradient[node] ? options.batchNormalization : .frozen
  }

  struct Normalization {
    let channels: Int, epsilon: Float, usesBatch: Bool
    let gamma, beta, mean, variance: TrainingArray
    /// Where gradients go; nil where they are not wanted.
    let gammaPath, betaPath: String?
  }

  func constant(_ layout: Layout, _ value: Float) throws -> TrainingArray {
    let storage = try Storage(byteCount: layout.byteCount)
    storage.pointer.assumingMemoryBound(to: Float.self).update(repeating: value, count: layout.byteCount / 4)
    return TrainingArray(layout: layout, buffer: TrainingBuffer(storage))
  }

  private func mapNormalization(_ norm: Normalization, _ node: Int, _ x: TrainingValue) throws -> TrainingValue {
    let rectifier = fusedRectifier(after: node)
    let forward = try PrimitiveDescription.batchNormalization(
      .training, x.layout, epsilon: norm.epsilon, globalStatistics: !norm.usesBatch, rectified: rectifier != nil)
    let y = value(node, x.layout)
    y.isOverwritable = rectifier == nil
    let workspace = forward.workspace.map { program.array($0) }
    let shared: [(Argument, TrainingArray)] =
      [
        (.source, x.array), (.scale, norm.gamma), (.shift, norm.beta), (.mean, norm.mean),
        (.variance, norm.variance),
      ]
      + (workspace.map { [(.workspace, $0)] } ?? [])
    try program.add("\(name(node))", forward, shared + [(.destination, y.array)])
    record(node, y) { [self] in
      let g = try gradient(y)
      let backward = try PrimitiveDescription.batchNormalizationBackward(
        of: forward, gradient: g.layout, data: x.layout, epsilon: norm.epsilon, globalStatistics: !norm.usesBatch,
        rectified: rectifier != nil)
      let dx = program.array(x.layout)
      let dgamma = program.array(norm.gamma.layout), dbeta = program.array(norm.beta.layout)
      try program.add(
        "\(name(node)), gradient", backward,
        shared + [(.destinationGradient, g), (.sourceGradient, dx), (.scaleGradient, dgamma), (.shiftGradient, dbeta)])
      if x.needsGradient { x.contributions.append(dx) }
      if let path = norm.gammaPath { try deliver(dgamma, to: path, dgamma.layout) }
      if let path = norm.betaPath { try deliver(dbeta, to: path, dbeta.layout) }
    }
    if let rectifier { values[rectifier] = y }
    return y
  }

  /// The ReLU that alone takes the node's output.
  private func fusedRectifier(after node: Int) -> Int? {
    guard consumers[node].count == 1, !graph.outputs.contains(node), let next = consumers[node].first,
      graph.nodes[next].operation == .activation(.relu)
    else { return nil }
    return next
  }

  /// Over rows `[N, …, C]`.
  private func rowNormalization(_ norm: Normalization, _ node: Int, _ x: TrainingValue) throws -> TrainingValue {
    let y = value(node, x.layout)
    y.isOverwritable = true
    let channels = norm.channels, rows = x.array.storedCount / channels
    let source = x.array, array = y.array
    program.add(name(node), [source, array, norm.mean, norm.variance]) {
      if norm.usesBatch { moments(source.floats, rows, channels, norm.mean.floats, norm.variance.floats) }
      let (x, y, mean, variance) = (source.floats, array.floats, norm.mean.floats, norm.variance.floats)
      let (gamma, beta) = (norm.gamma.floats, norm.beta.floats)
      for row in 0..<rows {
        for c in 0..<channels {
          y[row * channels + c] =
            (x[row * channels + c] - mean[c]) * (gamma[c] / (variance[c] + norm.epsilon).squareRoot()) + beta[c]
        }
      }
    }
    record(node, y) { [self] in
      let g = try gradient(y), dx = program.array(x.layout)
      let dgamma = program.array(norm.gamma.layout), dbeta = program.array(norm.beta.layout)
      program.add("\(name(node)), gradient", [source, g, dx, dgamma, dbeta, norm.mean, norm.variance]) {
        let (x, g, dx, mean, variance) = (source.floats, g.floats, dx.floats, norm.mean.floats, norm.variance.floats)
        let (gamma, dgamma, dbeta) = (norm.gamma.floats, dgamma.floats, dbeta.floats)
        dgamma.update(repeating: 0, count: channels)
        dbeta.update(repeating: 0, count: channels)
        for row in 0..<rows {
          for c in 0..<channels {
            let i = row * channels + c
            dbeta[c] += g[i]
            dgamma[c] += g[i] * (x[i] - mean[c]) / (variance[c] + norm.epsilon).squareRoot()
          }
        }
        let share: Float = norm.usesBatch ? 1 / Float(rows) : 0
        for row in 0..<rows {
          for c in 0..<channels {
            let i = row * channels + c
            let scale = 1 / (variance[c] + norm.epsilon).squareRoot()
            let along = (x[i] - mean[c]) * scale * dgamma[c]
            dx[i] = (g[i] - share * (dbeta[c] + along)) * scale * gamma[c]
          }
        }
      }
      if x.needsGradient { x.contributions.append(dx) }
      if let path = norm.gammaPath { try deliver(dgamma, to: path, dgamma.layout) }
      if let path = norm.betaPath { try deliver(dbeta, to: path, dbeta.layout) }
    }
    return y
  }

  /// `x / max(‖x‖, √epsilon)` for each row.
  func unitNormalization(_ epsilon: Float, _ node: Int, _ input: TrainingValue) throws -> TrainingValue {
    let x = try hostForm(input), y = value(node, x.layout)
    let width = x.shape.last ?? 1, rows = x.array.storedCount / width
    let source = x.array, array = y.array
    program.add(name(node), [source, array]) {
      let (x, y) = (source.floats, array.floats)
      for row in 0..<rows {
        var squares: Float = 0
        for i in row * width..<(row + 1) * width { squares += x[i] * x[i] }
        let scale = 1 / max(squares, epsilon).squareRoot()
        for i in row * width..<(row + 1) * width { y[i] = x[i] * scale }
      }
    }
    record(node, y) { [self] in
      let g = try gradient(y), dx = program.array(x.layout)
      program.add("\(name(node)), gradient", [source, g, dx]) {
        let (x, g, dx) = (source.floats, g.floats, dx.floats)
        for row in 0..<rows {
          var squares: Float = 0, along: Float = 0
          for i in row * width..<(row + 1) * width {
            squares += x[i] * x[i]
            along += x[i] * g[i]
          }
          let scale = 1 / max(squares, epsilon).squareRoot()
          if squares <= epsilon { along = 0 }
          for i in row * width..<(row + 1) * width { dx[i] = (g[i] - x[i] * scale * scale * along) * scale }
        }
      }
      x.contributions.append(dx)
    }
    return y
  }

  /// Over the last axis of each row.
  func layerNormalization(_ epsilon: Float, _ node: Int, _ input: TrainingValue) throws -> TrainingValue {
    let x = try hostForm(input), y = value(node, x.layout)
    let width = x.shape.last ?? 1, rows = x.array.storedCount / width
    let perChannel = try Layout(rows: [width]), perRow = try Layout(rows: [rows, 2])
    let roles = graph.nodes[node].parameters
    let gamma = try roles[.gamma].map { try weight($0, perChannel) } ?? constant(perChannel, 1)
    let beta = try roles[.beta].map { try weight($0, perChannel) } ?? constant(perChannel, 0)
    let source = x.array, array = y.array, moments = program.array(perRow)
    program.add(name(node), [source, array, moments]) {
      let (x, y, moments, gamma, beta) = (source.floats, array.floats, moments.floats, gamma.floats, beta.floats)
      parallel(rows, grain: 16) { part in
        for row in part {
          let (x, y) = (x + row * width, y + row * width)
          var sum: Float = 0, squares: Float = 0
          for c in 0..<width { sum += x[c] }
          let mean = sum / Float(width)
          for c in 0..<width { squares += (x[c] - mean) * (x[c] - mean) }
          let scale = 1 / (squares / Float(width) + epsilon).squareRoot()
          for c in 0..<width { y[c] = (x[c] - mean) * scale * gamma[c] + beta[c] }
          (moments[2 * row], moments[2 * row + 1]) = (mean, scale)
        }
      }
    }
    record(node, y) { [self] in
      let g = try gradient(y), dx = program.array(x.layout)
      let dgamma = program.array(perChannel), dbeta = program.array(perChannel)
      program.add("\(name(node)), gradient", [source, g, dx, dgamma, dbeta, moments]) {
        let (x, g, dx, moments, gamma) = (source.floats, g.floats, dx.floats, moments.floats, gamma.floats)
        let (dgamma, dbeta) = (dgamma.floats, dbeta.floats)
        dgamma.update(repeating: 0, count: width)
        dbeta.update(repeating: 0, count: width)
        for row in 0..<rows {
          let (x, g, mean, scale) = (x + row * width, g + row * width, moments[2 * row], moments[2 * row + 1])
          for c in 0..<width {
            dbeta[c] += g[c]
            dgamma[c] += g[c] * (x[c] - mean) * scale
          }
        }
        parallel(rows, grain: 16) { part in
          for row in part {
            let (x, g, dx) = (x + row * width, g + row * width, dx + row * width)
            let (mean, scale) = (moments[2 * row], moments[2 * row + 1])
            var sum: Float = 0, along: Float = 0
            for c in 0..<width {
              sum += g[c] * gamma[c]
              along += g[c] * gamma[c] * (x[c] - mean) * scale
            }
            (sum, along) = (sum / Float(width), along / Float(width))
            for c in 0..<width { dx[c] = scale * (g[c] * gamma[c] - sum - (x[c] - mean) * scale * along) }
          }
        }
      }
      if x.needsGradient { x.contributions.append(dx) }
      if let path = roles[.gamma] { try deliver(dgamma, to: path, perChannel) }
      if let path = roles[.beta] { try deliver(dbeta, to: path, perChannel) }
    }
    return y
  }
}

/// Mean and biased variance of each of `channels` columns.
private func moments(
  _ x: UnsafeMutablePointer<Float>, _ rows: Int, _ channels: Int, _ mean: UnsafeMutablePointer<Float>,
  _ variance: UnsafeMutablePointer<Float>
) {
  mean.update(repeating: 0, count: channels)
  variance.update(repeating: 0, count: channels)
  let share = 1 / Float(rows)
  for row in 0..<rows { for c in 0..<channels { mean[c] += x[row * channels + c] } }
  for c in 0..<channels { mean[c] *= share }
  for row in 0..<rows {
    for c in 0..<channels {
      let centred = x[row * channels + c] - mean[c]
      variance[c] += centred * centred
    }
  }
  for c in 0..<channels { variance[c] *= share }
}
