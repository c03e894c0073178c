import SiameseGraph
import SiameseInference
import SiameseOneDNN
import SiameseTensors

/// Any operation by its plain loops: for those that are too rare to deserve better, and for new ones.
struct PlainRule: TrainingRule {
  init?(_ node: TrainingNode) {}

  func lower(_ node: TrainingNode, into lowering: inout TrainingLowering) throws -> TrainingStage {
    let sources = try node.inputs.map { try lowering.hostForm($0) }
    let y = lowering.newValue(node, try node.facts.hostLayout(node.shape))
    let shapes = node.facts.graph.parameterShapes(of: node.index)
    let weights = node.parameters.sorted { $0.key.rawValue < $1.key.rawValue }.map { role, path in
      Weight(role: role, path: path, shape: shapes[role] ?? [])
    }
    let call = Call(
      operation: node.operation, inputs: sources.map(\.shape), output: y.shape,
      weights: weights.map { (role: $0.role, shape: $0.shape) })
    let weightOperands = try weights.map { try lowering.weight(.weights, $0.path, Layout(rows: $0.shape)) }
    let operands =
      sources.map { Program.Operand(.source, $0.array) } + weightOperands + [Program.Operand(.destination, y.array)]
    lowering.builder.append("plain loops", of: node.name, operands) { call.forward($0) }
    return TrainingStage(y) { lowering in
      let gradients = sources.map { lowering.builder.array($0.layout) }
      let trained = try weights.filter { lowering.isTrained($0.path) }.map { weight in
        (weight: weight, gradient: lowering.builder.array(try Layout(rows: weight.shape)))
      }
      let roles = trained.map(\.weight.role)
      let results = ([lowering.gradient(y)] + gradients + trained.map(\.gradient)).map {
        Program.Operand(.destination, $0)
      }
      lowering.builder.append("gradient by plain loops", of: node.name, operands + results) {
        call.backward($0, trained: roles)
      }
      for (source, gradient) in zip(sources, gradients) { lowering.contribute(gradient, to: source) }
      for (weight, gradient) in trained { try lowering.deliver(gradient, to: weight.path, gradient.layout) }
    }
  }

  private struct Weight {
    let role: ParameterRole, path: String, shape: [Int]
  }

  /// An operation's plain loops over operands: the inputs, the weights, the output; and going back its gradient, those
  /// of the inputs, those of the weights that are trained.
  private struct Call: Sendable {
    let operation: SiameseGraph.Operation
    let inputs: [[Int]], output: [Int]
    let weights: [(role: ParameterRole, shape: [Int])]

    private var outputPlace: Int { inputs.count + weights.count }

    private func inputTensors(_ operands: Operands) -> [Tensor] {
      inputs.enumerated().map { Tensor(shape: $1, at: operands.floats($0)) }
    }

    private func weightTensors(_ operands: Operands) -> [ParameterRole: Tensor] {
      Dictionary(
        uniqueKeysWithValues: weights.enumerated().map { index, weight in
          (weight.role, Tensor(shape: weight.shape, at: operands.floats(inputs.count + index)))
        })
    }

    func forward(_ operands: Operands) {
      operation.plainForward(inputTensors(operands), weightTensors(operands), mode: .inference)
        .copy(to: operands.floats(outputPlace))
    }

    func backward(_ operands: Operands, trained: [ParameterRole]) {
      let result = operation.plainBackward(
        inputTensors(operands), weightTensors(operands),
        output: Tensor(shape: output, at: operands.floats(outputPlace)),
        gradient: Tensor(shape: output, at: operands.floats(outputPlace + 1)), mode: .inference)
      for (index, gradient) in result.inputs.enumerated() {
        gradient.copy(to: operands.floats(outputPlace + 2 + index))
      }
      for (index, role) in trained.enumerated() {
        result.weights[role]?.copy(to: operands.floats(outputPlace + 2 + inputs.count + index))
      }
    }
  }
}
