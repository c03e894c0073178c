import CConvolutions
import Tensors

extension Lowering {
  mutating func lowerPooling(
    _ node: Graph.Node, _ kind: Pooling.Kind, _ window: Window, output: [Int]
  ) throws -> Value {
    let shape = graph.nodes[node.inputs[0]].shape
    if kind == .maximum, let pooled = try lowerReorderingPooling(node, shape, window, output: output) { return pooled }
    let source = try value(node.inputs[0], in: homeLayout(shape))
    let destination = try mapLayout(extents(output), mapOrder)
    let description = try PrimitiveDescription.pooling(
      .inference, kind, source: source.layout, destination: destination, window: window)
    return try unary("pooling", description, source, newOutput(description.destination))
  }

  /// Maximum pooling of a map that lies channels last in a plan of blocks, as that of a first convolution does, by our own
  /// loops: oneDNN would reorder it first. Nil where nothing is to be reordered.
  private mutating func lowerReorderingPooling(
    _ node: Graph.Node, _ shape: [Int], _ window: Window, output: [Int]
  ) throws -> Value? {
    let source = value(node.inputs[0])
    guard mapOrder == .blocked, shape[2] % 16 == 0, siamese_has_wide_registers() != 0,
      try source.layout == Layout(channelsLast: extents(shape), mapType)
    else { return nil }
    var pooling = siamese_pooling_shape()
    (pooling.height, pooling.width) = (Int32(shape[0]), Int32(shape[1]))
    (pooling.output_height, pooling.output_width) = (Int32(output[0]), Int32(output[1]))
    (pooling.window_height, pooling.window_width) = (Int32(window.extent.height), Int32(window.extent.width))
    (pooling.vertical_stride, pooling.horizontal_stride) = (Int32(window.strides.height), Int32(window.strides.width))
    (pooling.top, pooling.left) = (Int32(window.insets.top), Int32(window.insets.left))
    pooling.blocks = Int32(shape[2] / 16)
    pooling.is_half = mapType == .bfloat16 ? 1 : 0
    let destination = try newOutput(homeLayout(output))
    let (picture, outputPicture) = (shape.reduce(1, *) * mapType.byteCount, output.reduce(1, *) * mapType.byteCount)
    let (batch, height) = (batch, output[0])
    append("pooling", [source, destination]) { [pooling] pointers in
      // A sixteenfold count with its grain: threads share rows one by one.
      parallel(batch * height * 16, grain: 16) { range in
        for row in range.lowerBound / 16..<range.upperBound / 16 {
          withUnsafePointer(to: pooling) {
            siamese_max_pool(
              $0, pointers[0] + row / height * picture, Int32(row % height), pointers[1] + row / height * outputPicture)
          }
        }
      }
    }
    return destination
  }
}
