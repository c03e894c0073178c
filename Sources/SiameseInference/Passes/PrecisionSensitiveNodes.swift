import SiameseGraph

extension Graph {
  /// The nodes that compute in float32 in a plan of bfloat16: all that comes before depthwise convolutions of maps higher than a
  /// third of the picture.
  ///
  /// Trained kernels of these first layers lift small differences between neighbours out of large values: rounding the
  /// second expansion's kernel alone cost a trained MobileNetV2 three quarters of what all of bfloat16 did, rounding the first
  /// depthwise kernels as much of EfficientNet-Lite. Residual networks without such layers lose next to nothing.
  var precisionSensitiveNodes: Set<Int> {
    let height = inputs.map { nodes[$0].shape }.filter { $0.count == 3 && $0[2] <= 4 }.map { $0[0] }.max() ?? .max
    var pending = nodes.compactMap { node -> Int? in
      guard case .convolution(let c) = node.operation, c.groups > 1, c.kernel != Size(1) else { return nil }
      let map = nodes[node.inputs[0]].shape
      return c.groups == map[2] && height / 3 < map[0] ? node.inputs[0] : nil
    }
    var found: Set<Int> = []
    while let next = pending.popLast() {
      if found.insert(next).inserted { pending += nodes[next].inputs }
    }
    return found
  }
}
