import SiameseGraph
import SiameseInference
import SiameseOneDNN

/// Zeroes elements (or, in stochastic depth, whole samples) at random, by draws that the run's seed, the node and the
/// position fix.
struct DropoutRule: TrainingRule {
  private let rate: Float
  /// Whether one draw decides about a whole sample.
  private let isPerSample: Bool

  init?(_ node: TrainingNode) {
    switch node.operation {
    case .dropout(let rate): (self.rate, isPerSample) = (rate, false)
    case .stochasticDepth(let rate): (self.rate, isPerSample) = (rate, true)
    default: return nil
    }
  }

  func lower(_ node: TrainingNode, into lowering: inout TrainingLowering) throws -> TrainingStage {
    // Draws count elements in Keras' order; whole samples are the same in any.
    let x = isPerSample ? node.input : try lowering.hostForm(node.input)
    let y = lowering.newValue(node, x.layout)
    let mask = mask(node, lowering.run)
    lowering.builder.loop("dropout", of: node.name, [x.array, y.array], mask)
    return TrainingStage(y) { lowering in
      let g = lowering.gradient(y)
      let dx = lowering.builder.array(x.layout)
      lowering.builder.loop("gradient", of: node.name, [g, dx], mask)
      lowering.contribute(dx, to: x)
    }
  }

  /// The loop that brings the first array, masked, to the second.
  private func mask(_ node: TrainingNode, _ run: TrainingRun) -> @Sendable (BoundArrays) -> Void {
    let (batch, name, rate, isPerSample) = (node.facts.batch, node.name, rate, isPerSample)
    return { arrays in
      let seed = TrainingPlan.seed(run.seed, node: name)
      guard !isPerSample else {
        let factors = (0..<batch).map { dropoutFactor(seed: seed, index: $0, rate: rate) }
        return arrays[1].assign(arrays[0], times: factors)
      }
      let (x, y) = (arrays.floats(0), arrays.floats(1))
      parallel(arrays[1].storedCount) { part in
        for i in part { y[i] = x[i] * dropoutFactor(seed: seed, index: i, rate: rate) }
      }
    }
  }
}
