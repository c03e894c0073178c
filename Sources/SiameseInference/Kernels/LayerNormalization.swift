import CSiameseConvolutions
import SiameseGraph
import SiameseOneDNN

/// Layer normalisation of a map at each position, over channels in blocks, by our own loops.
struct BlockedLayerNormalization: KernelRule {
  private let layout: Layout
  private let epsilon: Float

  init?(_ node: NodeContext) throws {
    guard case .layerNormalization(let epsilon, _, _) = node.operation, node.facts.usesOwnLoops,
      node.facts.mapOrder == .blocked, node.isMap, node.shape[2] % 16 == 0
    else { return nil }
    self.epsilon = epsilon
    layout = try node.home(node.shape)
  }

  var layouts: KernelLayouts { KernelLayouts(inputs: [layout], output: .room(layout)) }

  func lower(
    _ node: NodeContext, _ inputs: [Value], _ output: Value?, into lowering: inout Lowering
  ) throws -> KernelResult {
    let (pixels, channels) = (node.shape[0] * node.shape[1], node.shape[2])
    let gamma = try lowering.vector(.gamma, channels) ?? lowering.weights.filled(channels, 1)
    let beta = try lowering.vector(.beta, channels) ?? lowering.weights.filled(channels, 0)
    let shape = siamese_layer_normalization_shape(
      pixels: Int32(pixels), channels: Int32(channels), is_bfloat16: node.mapType == .bfloat16 ? 1 : 0, epsilon: epsilon
    )
    let level = node.facts.level
    let (batch, threads, byteCount) = (node.batch, node.threads, pixels * channels * node.mapType.byteCount)
    let operands = [
      Program.Operand(.source, inputs[0]), Program.Operand(.scale, gamma), Program.Operand(.shift, beta),
      Program.Operand(.destination, output!),
    ]
    lowering.append("layer normalisation", operands) { arrays in
      parallel(parts: threads, of: pixels) { _, part in
        for picture in 0..<batch {
          withUnsafePointer(to: shape) {
            siamese_layer_normalization(
              level, $0, arrays[0] + picture * byteCount, arrays.floats(1), arrays.floats(2), Int32(part.lowerBound),
              Int32(part.count), arrays[3] + picture * byteCount)
          }
        }
      }
    }
    return KernelResult(output!)
  }
}

/// Layer normalisation over the last axis of rows as they lie.
struct OneDNNLayerNormalization: KernelRule {
  private let layout: Layout, rows: Layout
  private let channels: Int
  private let description: PrimitiveDescription

  init?(_ node: NodeContext) throws {
    guard case .layerNormalization(let epsilon, _, _) = node.operation else { return nil }
    channels = node.shape.last ?? 1
    layout = try node.host(node.shape, node.isMap ? node.mapType : .float32)
    rows = try node.rows(node.shape, width: channels, layout.type)
    description = try .layerNormalization(
      .inference, rows, statistics: Layout(rows: [rows.extents[0]]), epsilon: epsilon)
  }

  var layouts: KernelLayouts { KernelLayouts(inputs: [layout], output: .room(layout)) }

  func lower(
    _ node: NodeContext, _ inputs: [Value], _ output: Value?, into lowering: inout Lowering
  ) throws -> KernelResult {
    let gamma = try lowering.vector(.gamma, channels) ?? lowering.weights.filled(channels, 1)
    let beta = try lowering.vector(.beta, channels) ?? lowering.weights.filled(channels, 0)
    try lowering.append(
      "layer normalisation", description,
      [
        Program.Operand(.source, inputs[0], as: rows), Program.Operand(.destination, output!, as: rows),
        Program.Operand(.scale, gamma), Program.Operand(.shift, beta),
      ])
    return KernelResult(output!)
  }
}
