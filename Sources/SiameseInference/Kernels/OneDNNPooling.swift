import SiameseGraph
import SiameseOneDNN

/// Pooling by a window, or over the whole map.
struct OneDNNPooling: KernelRule {
  private let source: Layout, destination: Layout
  private let description: PrimitiveDescription
  /// How the one position lies as a map and as a vector; nil where the output stays a map.
  private let vector: (from: Layout, to: Layout)?

  init?(_ node: NodeContext) throws {
    let kind: Pooling.Kind, window: Window, output: [Int]
    switch node.operation {
    case .pooling(let p):
      let shape = node.inputShapes[0]
      let insets = p.padding.insets(height: shape[0], width: shape[1], window: p.window, strides: p.strides)
      (kind, window, output) = (p.kind, Window(extent: p.window, strides: p.strides, insets: insets), node.shape)
      vector = nil
    case .globalPooling(let pooling, let keepsDimensions):
      let shape = node.inputShapes[0]
      kind = pooling
      window = Window(extent: Size(shape[0], shape[1]), strides: Size(1))
      output = [1, 1, shape[2]]
      vector = keepsDimensions ? nil : (try node.host(output), try node.host(node.shape))
    default: return nil
    }
    source = try node.home(node.inputShapes[0])
    destination = try node.home(output)
    description = try .pooling(.inference, kind.algorithm, source: source, destination: destination, window: window)
  }

  var layouts: KernelLayouts { KernelLayouts(inputs: [source], output: vector == nil ? .room(destination) : .own) }

  func lower(
    _ node: NodeContext, _ inputs: [Value], _ output: Value?, into lowering: inout Lowering
  ) throws -> KernelResult {
    let pooled = output ?? lowering.array(destination)
    try lowering.append(
      "pooling", description, [Program.Operand(.source, inputs[0]), Program.Operand(.destination, pooled)])
    guard let vector else { return KernelResult(pooled) }
    return KernelResult(try lowering.form(pooled, vector.from).viewed(as: vector.to))
  }
}
