import SiameseGraph

extension Graph {
  /// The nodes in `count` runs of about equal activation bytes, cut where little crosses, and never between a layer and
  /// its activation, which may have been fused.
  func segments(_ count: Int) -> [Range<Int>] {
    guard count > 1, nodes.count > 1 else { return [0..<nodes.count] }
    let sizes = nodes.map { $0.shape.reduce(1, *) }
    let consumers = consumers
    // What is still needed after each node.
    var crossing = [Int](repeating: 0, count: nodes.count)
    for node in nodes.indices {
      guard let last = consumers[node].max(), last > node else { continue }
      for cut in node..<last { crossing[cut] += sizes[node] }
    }
    for (index, node) in nodes.enumerated() {
      guard case .activation = node.operation, let layer = node.inputs.first else { continue }
      for cut in layer..<index { crossing[cut] = .max }
    }
    var sums: [Int] = []
    for size in sizes { sums.append((sums.last ?? 0) + size) }
    let share = max(sums[nodes.count - 1] / count, 1)
    var cuts: [Int] = []
    for part in 1..<count {
      let near = nodes.indices.dropLast().filter {
        abs(sums[$0] - part * share) <= share * 2 / 5 && $0 >= (cuts.last ?? 0) && crossing[$0] < .max
      }
      guard let cut = near.min(by: { crossing[$0] < crossing[$1] }), cut + 1 > (cuts.last ?? 0) else { continue }
      cuts.append(cut + 1)
    }
    return zip([0] + cuts, cuts + [nodes.count]).map { $0..<$1 }
  }
}
