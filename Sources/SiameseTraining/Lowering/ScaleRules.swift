import SiameseGraph
import SiameseInference
import SiameseOneDNN

/// `scale · x + offset` with fixed numbers.
struct LinearRule: TrainingRule {
  private let scale: Float, offset: Float

  init?(_ node: TrainingNode) {
    guard case .linear(let scale, let offset) = node.operation else { return nil }
    (self.scale, self.offset) = (scale, offset)
  }

  func lower(_ node: TrainingNode, into lowering: inout TrainingLowering) throws -> TrainingStage {
    let (scale, offset) = (scale, offset)
    // An offset would fill the padding of blocks.
    let x = offset == 0 ? node.input : try lowering.hostForm(node.input)
    let y = lowering.newValue(node, x.layout, isOverwritable: true)
    lowering.builder.loop("scale and offset", of: node.name, [x.array, y.array]) { arrays in
      arrays[1].assign(arrays[0], times: [scale])
      guard offset != 0 else { return }
      let y = arrays.floats(1)
      parallel(arrays[1].storedCount) { part in for i in part { y[i] += offset } }
    }
    return TrainingStage(y) { lowering in
      let g = lowering.gradient(y)
      let dx = lowering.builder.array(x.layout)
      lowering.builder.loop("gradient", of: node.name, [g, dx]) { $0[1].assign($0[0], times: [scale]) }
      lowering.contribute(dx, to: x)
    }
  }
}

/// `scale · x + offset` with one weight a channel each.
struct AffineRule: TrainingRule {
  init?(_ node: TrainingNode) {
    guard case .affine = node.operation else { return nil }
  }

  func lower(_ node: TrainingNode, into lowering: inout TrainingLowering) throws -> TrainingStage {
    let x = try lowering.hostForm(node.input)
    let y = lowering.newValue(node, x.layout)
    let channels = x.shape.last ?? 1
    let rows = x.array.storedCount / channels
    let perChannel = try Layout(rows: [channels])
    let roles = node.parameters
    let scale = try lowering.weight(.scale, roles[.scale], perChannel, else: 1)
    let offset = try lowering.weight(.shift, roles[.offset], perChannel, else: 0)
    lowering.builder.append(
      "scale and offset", of: node.name,
      [Program.Operand(.source, x.array), Program.Operand(.destination, y.array), scale, offset]
    ) { operands in
      let (x, y, scale, offset) = (operands.floats(0), operands.floats(1), operands.floats(2), operands.floats(3))
      parallel(rows, grain: 64) { part in
        for row in part {
          for c in 0..<channels { y[row * channels + c] = x[row * channels + c] * scale[c] + offset[c] }
        }
      }
    }
    return TrainingStage(y) { lowering in
      let g = lowering.gradient(y)
      let dx = lowering.builder.array(x.layout)
      let dscale = lowering.builder.array(perChannel)
      let doffset = lowering.builder.array(perChannel)
      lowering.builder.append(
        "gradient", of: node.name, [x.array, g, dx, dscale, doffset].map { Program.Operand(.source, $0) } + [scale]
      ) { operands in
        let (x, g, dx) = (operands.floats(0), operands.floats(1), operands.floats(2))
        let (dscale, doffset, scale) = (operands.floats(3), operands.floats(4), operands.floats(5))
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
      lowering.contribute(dx, to: x)
      try lowering.deliver(dscale, to: roles[.scale], perChannel)
      try lowering.deliver(doffset, to: roles[.offset], perChannel)
    }
  }
}
