import SiameseGraph
import SiameseInference
import SiameseOneDNN

extension TrainingLowering {
  /// The sum of values of one shape, with the ReLU that alone takes it. The gradient passes on as it is, uncopied.
  func addition(_ node: Int, _ inputs: [TrainingValue]) throws -> TrainingValue {
    let blocked = try inputs[0].shape.count == 4 ? mapLayout(inputs[0].shape) : nil
    let layout = try inputs.contains { $0.layout == blocked } ? blocked! : hostLayout(inputs[0].shape)
    let terms = try inputs.map { try form($0, layout) }
    let rectifier = rectifierAlone(after: node)
    let function = rectifier?.function ?? .linear, clamp = Clamp(function)
    let y = value(node, layout)
    y.isOverwritable = rectifier == nil
    let arrays = terms.map(\.array), array = y.array
    program.add(name(node), arrays + [array]) { array.assignSum(of: arrays, rectified: clamp) }
    record(node, y) { [self] in
      let g = try gradient(y, through: function)
      for term in terms where term.needsGradient { term.contributions.append(g) }
    }
    if let rectifier { values[rectifier.node] = y }
    return y
  }

  /// A rectifier whose slope shows in its output and that alone takes the node's output.
  func rectifierAlone(after node: Int) -> (node: Int, function: Activation)? {
    guard consumers[node].count == 1, !graph.outputs.contains(node), let next = consumers[node].first,
      case .activation(let function) = graph.nodes[next].operation, function.isReadFromOutput
    else { return nil }
    return (next, function)
  }

  /// Two factors of one shape, or a feature map and one factor for each of its channels (squeeze and excitation).
  func product(_ node: Int, _ inputs: [TrainingValue]) throws -> TrainingValue {
    if inputs[0].shape == inputs[1].shape { return try sameShapeProduct(node, inputs) }
    for (map, factor) in [(0, 1), (1, 0)] {
      let shape = inputs[map].shape
      if shape.count == 4, inputs[factor].shape == [batch, 1, 1, shape[3]] {
        return try excitation(node, inputs[map], inputs[factor])
      }
    }
    return try plain(node, inputs)
  }

  private func sameShapeProduct(_ node: Int, _ inputs: [TrainingValue]) throws -> TrainingValue {
    let a = inputs[0], b = try form(inputs[1], a.layout)
    let y = value(node, a.layout)
    let (first, second, array) = (a.array, b.array, y.array)
    program.add(name(node), [first, second, array]) { array.assignProduct(of: first, second) }
    record(node, y) { [self] in
      let g = try gradient(y)
      for (own, other) in [(a, second), (b, first)] where own.needsGradient {
        let dx = program.array(own.layout)
        program.add("\(name(node)), gradient", [g, other, dx]) { dx.assignProduct(of: g, other) }
        own.contributions.append(dx)
      }
    }
    return y
  }

  /// `y = x · s`, where `s` has one factor for each sample and channel, in blocks of channels.
  private func excitation(_ node: Int, _ map: TrainingValue, _ factor: TrainingValue) throws -> TrainingValue {
    let x = try form(map, mapLayout(map.shape)), s = try form(factor, mapLayout(factor.shape))
    let y = value(node, x.layout)
    let block = block, (source, factors, array) = (x.array, s.array, y.array)
    program.add(name(node), [source, factors, array]) { array.assign(source, timesBlocks: factors, by: block) }
    record(node, y) { [self] in
      let g = try gradient(y)
      if x.needsGradient {
        let dx = program.array(x.layout)
        program.add("\(name(node)), gradient", [g, factors, dx]) { dx.assign(g, timesBlocks: factors, by: block) }
        x.contributions.append(dx)
      }
      if s.needsGradient {
        let ds = program.array(s.layout)
        program.add("\(name(node)), gradient of factors", [g, source, ds]) {
          ds.assignBlockSums(of: g, source, by: block)
        }
        s.contributions.append(ds)
      }
    }
    return y
  }

  /// `scale · x + offset` with fixed numbers.
  func linear(_ scale: Float, _ offset: Float, _ node: Int, _ input: TrainingValue) throws -> TrainingValue {
    // An offset would fill the padding of blocks.
    let x = offset == 0 ? input : try hostForm(input)
    let y = value(node, x.layout)
    y.isOverwritable = true
    let (source, array) = (x.array, y.array)
    program.add(name(node), [source, array]) {
      array.assign(source, times: [scale])
      guard offset != 0 else { return }
      let y = array.floats
      parallel(array.storedCount) { part in for i in part { y[i] += offset } }
    }
    record(node, y) { [self] in
      let g = try gradient(y), dx = program.array(x.layout)
      program.add("\(name(node)), gradient", [g, dx]) { dx.assign(g, times: [scale]) }
      x.contributions.append(dx)
    }
    return y
  }

  /// `scale · x + offset` with one weight a channel each.
  func affine(_ node: Int, _ input: TrainingValue) throws -> TrainingValue {
    let x = try hostForm(input), y = value(node, x.layout)
    let channels = x.shape.last!, rows = x.array.storedCount / channels
    let perChannel = try Layout(rows: [channels]), roles = graph.nodes[node].parameters
    let scale = try roles[.scale].map { try weight($0, perChannel) } ?? constant(perChannel, 1)
    let offset = try roles[.offset].map { try weight($0, perChannel) } ?? constant(perChannel, 0)
    let source = x.array, array = y.array
    program.add(name(node), [source, array]) {
      let (x, y, scale, offset) = (source.floats, array.floats, scale.floats, offset.floats)
      parallel(rows, grain: 64) { part in
        for row in part {
          for c in 0..<channels { y[row * channels + c] = x[row * channels + c] * scale[c] + offset[c] }
        }
      }
    }
    record(node, y) { [self] in
      let g = try gradient(y), dx = program.array(x.layout)
      let dscale = program.array(perChannel), doffset = program.array(perChannel)
      program.add("\(name(node)), gradient", [source, g, dx, dscale, doffset]) {
        let (x, g, dx, scale) = (source.floats, g.floats, dx.floats, scale.floats)
        let (dscale, doffset) = (dscale.floats, doffset.floats)
        dscale.update(repeating: 0, count: channels)
        doffset.update(repeating: 0, count: channels)
        for row in 0..<rows {
          for c in 0..<channels {
            let i = row * channels + c
            dscale[c] += g[i] * x[i]
            doffset[c] += g[i]
            dx[i] = g[i] * scale[c]
          }
        }
      }
      if x.needsGradient { x.contributions.append(dx) }
      if let path = roles[.scale] { try deliver(dscale, to: path, perChannel) }
      if let path = roles[.offset] { try deliver(doffset, to: path, perChannel) }
    }
    return y
  }

  /// Zeroes elements (or whole samples) at random, by draws that the run's seed, the node and the position fix.
  func dropout(_ rate: Float, perSample: Bool, _ node: Int, _ input: TrainingValue) throws -> TrainingValue {
    guard rate > 0 else { return input }
    // Draws count elements in Keras' order; whole samples are the same in any.
    let x = perSample ? input : try hostForm(input)
    let y = value(node, x.layout)
    let batch = batch, run = run, name = name(node)
    func mask(_ x: TrainingArray, into y: TrainingArray) -> () -> Void {
      {
        let seed = TrainingPlan.seed(run.seed, node: name)
        guard !perSample else {
          return y.assign(x, times: (0..<batch).map { dropoutFactor(seed: seed, index: $0, rate: rate) })
        }
        let (x, y, count) = (x.floats, y.floats, y.storedCount)
        parallel(count) { part in
          for i in part { y[i] = x[i] * dropoutFactor(seed: seed, index: i, rate: rate) }
        }
      }
    }
    program.add(name, [x.array, y.array], mask(x.array, into: y.array))
    record(node, y) { [self] in
      let g = try gradient(y), dx = program.array(x.layout)
      program.add("\(name), gradient", [g, dx], mask(g, into: dx))
      x.contributions.append(dx)
    }
    return y
  }
}
