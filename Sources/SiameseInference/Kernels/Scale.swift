import SiameseGraph
import SiameseOneDNN

/// `scale · x + offset` with one weight a channel, as batch normalisation with mean 0 and variance 1.
struct OneDNNScale: KernelRule {
  private let layout: Layout, rows: Layout
  private let channels: Int
  private let description: PrimitiveDescription

  init?(_ node: NodeContext) throws {
    guard case .affine = node.operation else { return nil }
    channels = node.shape.last ?? 1
    layout = try node.isMap ? node.home(node.shape) : node.host(node.shape)
    rows = try node.isMap ? layout : node.rows(node.shape, width: channels)
    // Channels that fill up the last block have variance 0, so that without an epsilon they would become 0 · ∞; this one is
    // too small to change what is added to 1.
    description = try .batchNormalization(
      .inference, rows, epsilon: 1e-20, globalStatistics: true, rectified: node.node.activation == .relu)
  }

  var layouts: KernelLayouts { KernelLayouts(inputs: [layout], output: .room(layout)) }

  func activationLeft(_ node: NodeContext) -> Activation {
    node.node.activation == .relu ? .linear : node.node.activation
  }

  func lower(
    _ node: NodeContext, _ inputs: [Value], _ output: Value?, into lowering: inout Lowering
  ) throws -> KernelResult {
    let (zeros, ones) = (try lowering.weights.filled(channels, 0), try lowering.weights.filled(channels, 1))
    try lowering.append(
      "scale and offset", description,
      [
        Program.Operand(.source, inputs[0], as: rows), Program.Operand(.destination, output!, as: rows),
        Program.Operand(.mean, zeros), Program.Operand(.variance, ones),
        Program.Operand(.scale, try lowering.vector(.scale, channels) ?? ones),
        Program.Operand(.shift, try lowering.vector(.offset, channels) ?? zeros),
      ])
    return KernelResult(output!)
  }
}

/// The same of pictures, which have too few channels for oneDNN's normalisations: those go element by element. Sixteen
/// neighbours at a time here, in floats whatever the plan's precision.
struct PictureScale: KernelRule {
  private let layout: Layout
  private let channels: Int

  init?(_ node: NodeContext) throws {
    guard case .affine = node.operation, node.isMap, node.shape[2] <= 4 else { return nil }
    channels = node.shape[2]
    layout = try node.host(node.shape)
  }

  var layouts: KernelLayouts { KernelLayouts(inputs: [layout], output: .room(layout)) }

  func lower(
    _ node: NodeContext, _ inputs: [Value], _ output: Value?, into lowering: inout Lowering
  ) throws -> KernelResult {
    let scale = try lowering.vector(.scale, channels) ?? lowering.weights.filled(channels, 1)
    let offset = try lowering.vector(.offset, channels) ?? lowering.weights.filled(channels, 0)
    let (count, channels) = (layout.byteCount / 4, channels)
    let operands = [
      Program.Operand(.source, inputs[0]), Program.Operand(.scale, scale), Program.Operand(.shift, offset),
      Program.Operand(.destination, output!),
    ]
    lowering.append("scale and offset", operands) { arrays in
      let (x, scale, offset, y) = (arrays.floats(0), arrays.floats(1), arrays.floats(2), arrays.floats(3))
      // Where a channel's scale stands among sixteen neighbours repeats after as many of them as there are channels.
      func wide(_ vector: UnsafeMutablePointer<Float>) -> [Wide] {
        (0..<channels).map { turn in
          var result = Wide()
          for lane in 0..<16 { result[lane] = vector[(turn * 16 + lane) % channels] }
          return result
        }
      }
      let (scales, offsets) = (wide(scale), wide(offset))
      parallel(count) { part in
        var turn = part.lowerBound / 16 % channels
        forEachWide(part) {
          y.setWide($0, x.wide($0) * scales[turn] + offsets[turn])
          turn = turn + 1 == channels ? 0 : turn + 1
        } _: {
          y[$0] = x[$0] * scale[$0 % channels] + offset[$0 % channels]
        }
      }
    }
    return KernelResult(output!)
  }
}
