import SiameseGraph
import SiameseInference
import SiameseOneDNN

/// What leaves its input as it is: it takes no step.
struct IdentityRule: TrainingRule {
  init?(_ node: TrainingNode) {
    switch node.operation {
    case .identity, .activation(.linear), .dropout(rate: 0), .stochasticDepth(rate: 0): return
    default: return nil
    }
  }

  func lower(_ node: TrainingNode, into lowering: inout TrainingLowering) throws -> TrainingStage {
    TrainingStage(node.input)
  }
}

/// An activation that no other rule has taken along with the node before it.
struct ActivationRule: TrainingRule {
  private let function: Activation

  init?(_ node: TrainingNode) {
    guard case .activation(let function) = node.operation else { return nil }
    self.function = function
  }

  func lower(_ node: TrainingNode, into lowering: inout TrainingLowering) throws -> TrainingStage {
    try lowering.activation(function, node, node.input, isAlone: node.facts.isOnlyConsumer(node.index))
  }
}

extension Activation {
  /// Whether oneDNN can fuse it into a convolution and its slope can be told from its output: rectifiers without
  /// threshold.
  var isReadFromOutput: Bool {
    switch self {
    case .linear, .rectifier(nil, 0..., 0), .rectifier(.some, 0, 0): true
    default: false
    }
  }
}

extension TrainingLowering {
  /// Applies `function` to `x`, as part of `node`.
  /// - Parameter isAlone: Whether nobody else takes `x`.
  mutating func activation(
    _ function: Activation, _ node: TrainingNode, _ x: TrainingValue, isAlone: Bool
  ) throws -> TrainingStage {
    if function == .linear { return TrainingStage(x) }
    if function.isReadFromOutput { return rectifier(function, node, x, isAlone) }
    if let chain = Eltwise.chain(for: function), chain.count == 1 { return try eltwise(chain[0], node, x) }
    return try loop(function, node, x)
  }

  /// Written over its input where nobody else reads that; the slope is told from the output.
  private mutating func rectifier(
    _ function: Activation, _ node: TrainingNode, _ x: TrainingValue, _ isAlone: Bool
  ) -> TrainingStage {
    let array = x.isOverwritable && isAlone ? x.array : builder.array(x.layout)
    let clamp = Clamp(function)
    let y = newValue(node, at: array)
    builder.loop("activation", of: node.name, [x.array, array]) { $0[1].assignSum(of: [$0[0]], rectified: clamp) }
    return TrainingStage(y) { $0.contribute($0.gradient(y, through: function), to: x) }
  }

  private mutating func eltwise(_ function: Eltwise, _ node: TrainingNode, _ x: TrainingValue) throws -> TrainingStage {
    let forward = try PrimitiveDescription.eltwise(.training, function, x.layout)
    let y = newValue(node, x.layout)
    try builder.append(
      "activation", of: node.name, forward, [Program.Operand(.source, x.array), Program.Operand(.destination, y.array)])
    return TrainingStage(y) { lowering in
      let g = lowering.gradient(y)
      let dx = lowering.builder.array(x.layout)
      let backward = try PrimitiveDescription.eltwiseBackward(of: forward, function, gradient: g.layout, data: x.layout)
      try lowering.builder.append(
        "gradient", of: node.name, backward,
        [
          Program.Operand(.source, x.array), Program.Operand(.destinationGradient, g),
          Program.Operand(.sourceGradient, dx),
        ])
      lowering.contribute(dx, to: x)
    }
  }

  /// Element by element, for functions that oneDNN lacks.
  private mutating func loop(_ function: Activation, _ node: TrainingNode, _ input: TrainingValue) throws
    -> TrainingStage
  {
    let x = try hostForm(input)
    let y = newValue(node, x.layout)
    let count = y.array.storedCount
    builder.append("activation", of: node.name, [x.array, y.array]) { operands in
      let (x, y) = (operands.floats(0), operands.floats(1))
      parallel(count, grain: 512) { part in for i in part { y[i] = function(x[i]) } }
    }
    return TrainingStage(y) { lowering in
      let g = lowering.gradient(y)
      let dx = lowering.builder.array(x.layout)
      lowering.builder.append("gradient", of: node.name, [x.array, g, dx]) { operands in
        let (x, g, dx) = (operands.floats(0), operands.floats(1), operands.floats(2))
        parallel(count, grain: 512) { part in for i in part { dx[i] = g[i] * function.derivative(at: x[i]) } }
      }
      lowering.contribute(dx, to: x)
    }
  }
}
