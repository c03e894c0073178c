import SiameseGraph
import SiameseOneDNN

/// Upsampling by repetition or by straight lines between neighbours.
struct OneDNNResampling: KernelRule {
  private let source: Layout, destination: Layout
  private let description: PrimitiveDescription

  init?(_ node: NodeContext) throws {
    guard case .upsampling(_, _, let bilinear) = node.operation else { return nil }
    (source, destination) = (try node.home(node.inputShapes[0]), try node.home(node.shape))
    description = try .resampling(bilinear: bilinear, source: source, destination: destination)
  }

  var layouts: KernelLayouts { KernelLayouts(inputs: [source], output: .room(destination)) }

  func lower(
    _ node: NodeContext, _ inputs: [Value], _ output: Value?, into lowering: inout Lowering
  ) throws -> KernelResult {
    try lowering.append(
      "resampling", description, [Program.Operand(.source, inputs[0]), Program.Operand(.destination, output!)])
    return KernelResult(output!)
  }
}

/// A part of the input, copied: cropping, and channels from some number on.
struct OneDNNPart: KernelRule {
  private let source: Layout, part: Layout, destination: Layout

  init?(_ node: NodeContext) throws {
    let shape = node.inputShapes[0]
    var offsets = [Int](repeating: 0, count: shape.count + 1)
    switch node.operation {
    case .cropping(let insets): (offsets[2], offsets[3]) = (insets.top, insets.left)
    case .slice(let start, _): offsets[shape.count == 3 ? 1 : shape.count] = start
    default: return nil
    }
    let type = node.isMap ? node.mapType : .float32
    source = try node.host(shape, type)
    part = try source.part(node.facts.extents(node.shape), at: offsets)
    destination = try node.host(node.shape, type)
  }

  var layouts: KernelLayouts { KernelLayouts(inputs: [source], output: .room(destination)) }

  func lower(
    _ node: NodeContext, _ inputs: [Value], _ output: Value?, into lowering: inout Lowering
  ) throws -> KernelResult {
    try lowering.reorder(inputs[0].viewed(as: part), to: output!)
    return KernelResult(output!)
  }
}

/// Zeros around a map.
struct OneDNNPadding: KernelRule {
  private let destination: Layout, inner: Layout

  init?(_ node: NodeContext) throws {
    guard case .zeroPadding(let insets) = node.operation else { return nil }
    destination = try node.host(node.shape, node.mapType)
    inner = try destination.part(node.facts.extents(node.inputShapes[0]), at: [0, 0, insets.top, insets.left])
  }

  var layouts: KernelLayouts { KernelLayouts(inputs: [nil], output: .room(destination)) }

  func lower(
    _ node: NodeContext, _ inputs: [Value], _ output: Value?, into lowering: inout Lowering
  ) throws -> KernelResult {
    let byteCount = destination.byteCount
    lowering.append("zeros", [output!]) { $0[0].initializeMemory(as: UInt8.self, repeating: 0, count: byteCount) }
    try lowering.reorder(inputs[0], to: output!.viewed(as: inner))
    return KernelResult(output!)
  }
}

/// Axes in another order.
struct OneDNNPermutation: KernelRule {
  private let source: Layout, destination: Layout
  /// Both sides seen with the output's axes, in row-major order.
  private let from: Layout, to: Layout

  init?(_ node: NodeContext) throws {
    guard case .permute(let axes) = node.operation else { return nil }
    let old = [node.batch] + node.inputShapes[0]
    var strides = [Int](repeating: 1, count: old.count)
    for axis in old.indices.dropLast().reversed() { strides[axis] = strides[axis + 1] * old[axis + 1] }
    from = try Layout([node.batch] + node.shape, strides: [strides[0]] + axes.map { strides[$0 + 1] })
    to = try Layout(rows: [node.batch] + node.shape)
    (source, destination) = (try node.host(node.inputShapes[0]), try node.host(node.shape))
  }

  var layouts: KernelLayouts { KernelLayouts(inputs: [source], output: .room(destination)) }

  func lower(
    _ node: NodeContext, _ inputs: [Value], _ output: Value?, into lowering: inout Lowering
  ) throws -> KernelResult {
    try lowering.append(
      "permutation", .reorder(from: from, to: to),
      [Program.Operand(.source, inputs[0], as: from), Program.Operand(.destination, output!, as: to)])
    return KernelResult(output!)
  }
}
