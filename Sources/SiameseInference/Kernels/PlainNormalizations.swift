import SiameseGraph
import SiameseOneDNN

/// Group normalisation, over all positions and the channels of a group.
struct GroupNormalization: KernelRule {
  private let layout: Layout
  private let groups: Int, epsilon: Float

  init?(_ node: NodeContext) throws {
    guard case .groupNormalization(let groups, let epsilon, _, _) = node.operation else { return nil }
    (self.groups, self.epsilon) = (groups, epsilon)
    layout = try node.host(node.shape)
  }

  var layouts: KernelLayouts { KernelLayouts(inputs: [layout], output: .room(layout)) }

  func lower(
    _ node: NodeContext, _ inputs: [Value], _ output: Value?, into lowering: inout Lowering
  ) throws -> KernelResult {
    let channels = node.shape.last ?? 1
    let gamma = try lowering.vector(.gamma, channels) ?? lowering.weights.filled(channels, 1)
    let beta = try lowering.vector(.beta, channels) ?? lowering.weights.filled(channels, 0)
    let loop = GroupNormalizationLoop(
      samples: node.batch, positions: node.shape.dropLast().reduce(1, *), channels: channels, groups: groups,
      epsilon: epsilon)
    let operands = [
      Program.Operand(.source, inputs[0]), Program.Operand(.scale, gamma), Program.Operand(.shift, beta),
      Program.Operand(.destination, output!),
    ]
    lowering.append("group normalisation", operands) { arrays in
      loop.run(arrays.floats(0), gamma: arrays.floats(1), beta: arrays.floats(2), into: arrays.floats(3))
    }
    return KernelResult(output!)
  }
}

/// `x / max(‖x‖, √epsilon)` along the last axis.
struct UnitNormalization: KernelRule {
  private let layout: Layout
  private let epsilon: Float

  init?(_ node: NodeContext) throws {
    guard case .unitNormalization(let epsilon) = node.operation else { return nil }
    self.epsilon = epsilon
    layout = try node.host(node.shape)
  }

  var layouts: KernelLayouts { KernelLayouts(inputs: [layout], output: .room(layout)) }

  func lower(_ node: NodeContext, _ inputs: [Value], _ output: Value?, into lowering: inout Lowering) -> KernelResult {
    let width = node.shape.last ?? 1
    let loop = UnitNormalizationLoop(
      rows: node.batch * node.shape.dropLast().reduce(1, *), width: width, epsilon: epsilon)
    lowering.append("unit normalisation", [inputs[0], output!]) { loop.run($0.floats(0), into: $0.floats(1)) }
    return KernelResult(output!)
  }
}

/// `max(x, 0) + slope · min(x, 0)` with learned slopes.
struct ParametricRectifier: KernelRule {
  private let layout: Layout
  private let slopeShape: [Int]

  init?(_ node: NodeContext) throws {
    guard case .parametricReLU = node.operation,
      let slopeShape = node.operation.parameterShapes(inputs: node.inputShapes)[.slope]
    else { return nil }
    self.slopeShape = slopeShape
    layout = try node.host(node.shape)
  }

  var layouts: KernelLayouts { KernelLayouts(inputs: [layout], output: .room(layout)) }

  func lower(
    _ node: NodeContext, _ inputs: [Value], _ output: Value?, into lowering: inout Lowering
  ) throws -> KernelResult {
    let slope = try lowering.vector(.slope, slopeShape.reduce(1, *))!
    // Which slope each element of one sample takes.
    let offsets = (0..<node.shape.reduce(1, *)).map { i -> Int32 in
      var (rest, offset, stride) = (i, 0, 1)
      for axis in node.shape.indices.reversed() {
        offset += slopeShape[axis] == 1 ? 0 : rest % node.shape[axis] * stride
        rest /= node.shape[axis]
        stride *= slopeShape[axis]
      }
      return Int32(offset)
    }
    let batch = node.batch
    let operands = [
      Program.Operand(.source, inputs[0]), Program.Operand(.weights, slope), Program.Operand(.destination, output!),
    ]
    lowering.append("parametric rectifier", operands) { arrays in
      let (x, slope, y) = (arrays.floats(0), arrays.floats(1), arrays.floats(2))
      for sample in 0..<batch {
        for i in offsets.indices {
          let value = x[sample * offsets.count + i]
          y[sample * offsets.count + i] = value > 0 ? value : slope[Int(offsets[i])] * value
        }
      }
    }
    return KernelResult(output!)
  }
}
