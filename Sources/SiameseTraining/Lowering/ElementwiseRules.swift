import SiameseGraph
import SiameseInference
import SiameseOneDNN

/// The sum of values of one shape, with the rectifier that alone takes it. The gradient passes on as it is, uncopied.
struct AdditionRule: TrainingRule {
  init?(_ node: TrainingNode) {
    guard node.operation == .elementwise(.add), node.inputs.allSatisfy({ $0.shape == node.input.shape }) else {
      return nil
    }
  }

  func lower(_ node: TrainingNode, into lowering: inout TrainingLowering) throws -> TrainingStage {
    let facts = node.facts
    let shape = node.input.shape
    let blocked = try shape.count == 4 ? facts.mapLayout(shape) : nil
    let layout = try node.inputs.contains { $0.layout == blocked } ? blocked! : facts.hostLayout(shape)
    let terms = try node.inputs.map { try lowering.form($0, layout) }
    let count = terms.count
    let rectifier = facts.rectifierAlone(after: node.index)
    let function = rectifier?.function ?? .linear
    let clamp = Clamp(function)
    let y = lowering.newValue(node, layout, isOverwritable: rectifier == nil)
    lowering.builder.loop("sum", of: node.name, terms.map(\.array) + [y.array]) { arrays in
      arrays[count].assignSum(of: (0..<count).map { arrays[$0] }, rectified: clamp)
    }
    return TrainingStage(y, covers: rectifier?.node) { lowering in
      let g = lowering.gradient(y, through: function)
      for term in terms { lowering.contribute(g, to: term) }
    }
  }
}

/// The product of two factors of one shape.
struct ProductRule: TrainingRule {
  init?(_ node: TrainingNode) {
    guard node.operation == .elementwise(.multiply), node.inputs.count == 2,
      node.inputs[0].shape == node.inputs[1].shape
    else { return nil }
  }

  func lower(_ node: TrainingNode, into lowering: inout TrainingLowering) throws -> TrainingStage {
    let a = node.inputs[0]
    let b = try lowering.form(node.inputs[1], a.layout)
    let y = lowering.newValue(node, a.layout)
    lowering.builder.loop("product", of: node.name, [a.array, b.array, y.array]) {
      $0[2].assignProduct(of: $0[0], $0[1])
    }
    return TrainingStage(y) { lowering in
      let g = lowering.gradient(y)
      for (own, other) in [(a, b.array), (b, a.array)] where own.needsGradient {
        let dx = lowering.builder.array(own.layout)
        lowering.builder.loop("gradient", of: node.name, [g, other, dx]) { $0[2].assignProduct(of: $0[0], $0[1]) }
        lowering.contribute(dx, to: own)
      }
    }
  }
}

/// The product of a feature map and one factor for each of its samples and channels (squeeze and excitation), in blocks
/// of channels.
struct ExcitationRule: TrainingRule {
  /// Which input is the map, and which the factors.
  private let map: Int, factor: Int

  init?(_ node: TrainingNode) {
    guard node.operation == .elementwise(.multiply), node.inputs.count == 2 else { return nil }
    for (map, factor) in [(0, 1), (1, 0)] {
      let shape = node.inputs[map].shape
      if shape.count == 4, node.inputs[factor].shape == [node.facts.batch, 1, 1, shape[3]] {
        (self.map, self.factor) = (map, factor)
        return
      }
    }
    return nil
  }

  func lower(_ node: TrainingNode, into lowering: inout TrainingLowering) throws -> TrainingStage {
    let (map, factor, facts) = (node.inputs[map], node.inputs[factor], node.facts)
    let x = try lowering.form(map, facts.mapLayout(map.shape))
    let s = try lowering.form(factor, facts.mapLayout(factor.shape))
    let y = lowering.newValue(node, x.layout)
    let block = facts.block
    lowering.builder.loop("product with factors", of: node.name, [x.array, s.array, y.array]) {
      $0[2].assign($0[0], timesBlocks: $0[1], by: block)
    }
    return TrainingStage(y) { lowering in
      let g = lowering.gradient(y)
      if x.needsGradient {
        let dx = lowering.builder.array(x.layout)
        lowering.builder.loop("gradient", of: node.name, [g, s.array, dx]) {
          $0[2].assign($0[0], timesBlocks: $0[1], by: block)
        }
        lowering.contribute(dx, to: x)
      }
      if s.needsGradient {
        let ds = lowering.builder.array(s.layout)
        lowering.builder.loop("gradient of factors", of: node.name, [g, x.array, ds]) {
          $0[2].assignBlockSums(of: $0[0], $0[1], by: block)
        }
        lowering.contribute(ds, to: s)
      }
    }
  }
}
