import SiameseGraph
import SiameseOneDNN

/// Operations that act in training only, and identities: the output is the input.
struct PassingOn: KernelRule {
  init?(_ node: NodeContext) {
    switch node.operation {
    case .identity, .dropout, .stochasticDepth, .activation(.linear), .linear(scale: 1, offset: 0): break
    default: return nil
    }
  }

  var layouts: KernelLayouts { KernelLayouts(inputs: [nil], output: .own) }

  func lower(_ node: NodeContext, _ inputs: [Value], _ output: Value?, into lowering: inout Lowering) -> KernelResult {
    KernelResult(inputs[0])
  }
}

/// The same elements, in row-major order, under another shape.
struct Reshape: KernelRule {
  private let from: Layout, to: Layout

  init?(_ node: NodeContext) throws {
    guard case .reshape = node.operation else { return nil }
    (from, to) = (try node.host(node.inputShapes[0]), try node.host(node.shape))
  }

  var layouts: KernelLayouts { KernelLayouts(inputs: [from], output: .own) }

  func lower(_ node: NodeContext, _ inputs: [Value], _ output: Value?, into lowering: inout Lowering) -> KernelResult {
    KernelResult(inputs[0].viewed(as: to))
  }
}

/// A global average that the kernel before it has computed along with its map.
struct ChannelMeansTakenAlong: KernelRule {
  private let means: Value
  /// How a vector lies; nil where the map's one position stays a map.
  private let vector: (from: Layout, to: Layout)?

  init?(_ node: NodeContext) throws {
    guard case .globalPooling(.average, let keepsDimensions) = node.operation, let means = node.inputMeans else {
      return nil
    }
    self.means = means
    vector = keepsDimensions ? nil : (try node.host([1, 1, node.inputShapes[0][2]]), try node.host(node.shape))
  }

  var layouts: KernelLayouts { KernelLayouts(inputs: [nil], output: .own) }

  func lower(
    _ node: NodeContext, _ inputs: [Value], _ output: Value?, into lowering: inout Lowering
  ) throws -> KernelResult {
    guard let vector else { return KernelResult(means) }
    return KernelResult(try lowering.form(means, vector.from).viewed(as: vector.to))
  }
}
