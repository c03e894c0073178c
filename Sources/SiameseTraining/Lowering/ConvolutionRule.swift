import SiameseGraph
import SiameseInference
import SiameseOneDNN

/// A convolution, with its activation where oneDNN fuses that and its slope shows in the output.
struct ConvolutionRule: TrainingRule {
  private let convolution: Convolution

  init?(_ node: TrainingNode) {
    guard case .convolution(let convolution) = node.operation else { return nil }
    self.convolution = convolution
  }

  init(_ convolution: Convolution) { self.convolution = convolution }

  func lower(_ node: TrainingNode, into lowering: inout TrainingLowering) throws -> TrainingStage {
    let task = try ConvolutionTraining(convolution, node)
    let forward = try task.description()
    let x = try lowering.form(node.input, forward.source)
    let y = lowering.newValue(node, forward.destination, isOverwritable: task.fused == .linear)
    var operands = [
      Program.Operand(.source, x.array), try lowering.weight(.weights, task.path, forward.weights, from: task.host),
      Program.Operand(.destination, y.array),
    ]
    if let layout = task.bias, let path = task.biasPath { operands.append(try lowering.weight(.bias, path, layout)) }
    try lowering.builder.append("convolution", of: node.name, forward, operands)

    let stage = TrainingStage(y) { lowering in
      let g = lowering.gradient(y, through: task.fused)
      if lowering.isTrained(task.path) || lowering.isTrained(task.biasPath) {
        try task.weightGradients(of: forward, x, g, into: &lowering)
      }
      if x.needsGradient { try task.dataGradient(of: forward, x, g, into: &lowering) }
    }
    if task.fused == convolution.activation { return stage }
    return try lowering.activation(convolution.activation, node, lowering.settled(stage), isAlone: true)
  }
}

extension ConvolutionTraining {
  /// Appends the gradients of kernel and bias, given that of the output.
  fileprivate func weightGradients(
    of forward: PrimitiveDescription, _ x: TrainingValue, _ g: Value, into lowering: inout TrainingLowering
  ) throws {
    let backward = try preferring(forward, forward.source, g.layout) {
      try .convolutionBackwardWeights(
        of: forward, $0, source: $1, weightsGradient: Layout(any: geometry.weightExtents), biasGradient: bias,
        destinationGradient: $2, window: window)
    }
    let x = try lowering.builder.copy(x.array, in: backward.source, of: name)
    let g = try lowering.builder.copy(g, in: backward.destinationGradient, of: name)
    let kernelGradient = lowering.builder.array(backward.weightsGradient)
    var operands = [
      Program.Operand(.source, x), Program.Operand(.destinationGradient, g),
      Program.Operand(.weightsGradient, kernelGradient),
    ]
    let biasGradient = bias.map { lowering.builder.array($0) }
    if let biasGradient { operands.append(Program.Operand(.biasGradient, biasGradient)) }
    try lowering.builder.append("gradient of weights", of: name, backward, operands)
    try lowering.deliver(kernelGradient, to: path, host)
    if let biasGradient { try lowering.deliver(biasGradient, to: biasPath, biasGradient.layout) }
  }

  /// Appends the gradient of the input, given that of the output.
  fileprivate func dataGradient(
    of forward: PrimitiveDescription, _ x: TrainingValue, _ g: Value, into lowering: inout TrainingLowering
  ) throws {
    let backward = try preferring(forward, x.layout, g.layout) {
      try .convolutionBackwardData(
        of: forward, $0, sourceGradient: $1, weights: Layout(any: geometry.weightExtents, x.layout.type),
        destinationGradient: $2, window: window)
    }
    let g = try lowering.builder.copy(g, in: backward.destinationGradient, of: name)
    let found = lowering.builder.array(backward.sourceGradient)
    let weights = try lowering.weight(.weights, path, backward.weights, from: host)
    try lowering.builder.append(
      "gradient of data", of: name, backward,
      [Program.Operand(.destinationGradient, g), weights, Program.Operand(.sourceGradient, found)])
    lowering.contribute(try lowering.builder.copy(found, in: x.layout, of: name), to: x)
  }

  /// A gradient by the algorithm of its forward primitive where there is such code, and by plain loops only where oneDNN
  /// has nothing else for any layout of input and output: copying both costs little beside those.
  private func preferring(
    _ forward: PrimitiveDescription, _ input: Layout, _ output: Layout,
    _ make: (ConvolutionAlgorithm, Layout, Layout) throws -> PrimitiveDescription
  ) throws -> PrimitiveDescription {
    if forward.kind == .winograd, let made = try? make(.winograd, input, output) { return made }
    let made = try make(.direct, input, output)
    guard made.kind == .reference else { return made }
    let free = try? make(.direct, Layout(any: input.extents, input.type), Layout(any: output.extents, output.type))
    return free.flatMap { $0.kind == .reference ? nil : $0 } ?? made
  }
}
