import SiameseGraph
import SiameseInference
import SiameseOneDNN
import SiameseTensors

/// A dense layer over the positions of a map in bfloat16: a 1×1 convolution, for which oneDNN has code in that
/// precision.
struct PositionwiseDenseRule: TrainingRule {
  private let convolution: ConvolutionRule

  init?(_ node: TrainingNode) {
    guard case .dense(let units, let bias, let activation) = node.operation, node.facts.options.precision == .bfloat16,
      node.input.shape.count == 4, node.input.shape[1] * node.input.shape[2] > 1
    else { return nil }
    convolution = ConvolutionRule(Convolution(filters: units, kernel: Size(1), bias: bias, activation: activation))
  }

  func lower(_ node: TrainingNode, into lowering: inout TrainingLowering) throws -> TrainingStage {
    try convolution.lower(node, into: &lowering)
  }
}

/// `[…, C]` by `[C, units]`, on rows as they lie.
struct DenseRule: TrainingRule {
  private let hasBias: Bool, activation: Activation

  init?(_ node: TrainingNode) {
    guard case .dense(_, let bias, let activation) = node.operation else { return nil }
    (hasBias, self.activation) = (bias, activation)
  }

  func lower(_ node: TrainingNode, into lowering: inout TrainingLowering) throws -> TrainingStage {
    guard let path = node.parameters[.kernel] else {
      throw GraphError.misfit(layer: node.name, reason: "a dense layer has a kernel")
    }
    let x = try lowering.hostForm(node.input)
    let fused = activation.isReadFromOutput ? activation : .linear
    let shape = node.shape
    let channels = x.shape.last ?? 1
    let units = shape.last ?? 1
    let sizes = Sizes(rows: x.array.storedCount / channels, channels: channels, units: units)
    let kernelLayout = try Layout(rows: [channels, units])
    let biasLayout = try Layout(rows: [units])
    let kernel = try lowering.weight(.weights, path, kernelLayout)
    let biasPath = hasBias ? node.parameters[.bias] : nil
    let bias = try biasPath.map { try lowering.weight(.bias, $0, biasLayout) }
    let y = lowering.newValue(node, try node.facts.hostLayout(shape), isOverwritable: fused == .linear)
    appendForward(node, x.array, kernel, bias, y.array, sizes, fused, into: &lowering)

    let stage = TrainingStage(y) { lowering in
      let g = lowering.gradient(y, through: fused)
      if let (target, adds) = lowering.gradientTarget(path, kernelLayout) {
        lowering.builder.append("gradient of weights", of: node.name, [x.array, g, target]) { operands in
          multiply(
            rows: channels, columns: units, inner: sizes.rows, operands.floats(0), stride: channels, transposed: true,
            operands.floats(1), stride: units, into: operands.floats(2), stride: units, beta: adds() ? 1 : 0)
        }
      }
      if let (target, adds) = lowering.gradientTarget(biasPath, biasLayout) {
        lowering.builder.append("gradient of bias", of: node.name, [g, target]) { operands in
          let (g, sums) = (operands.floats(0), operands.floats(1))
          if !adds() { sums.update(repeating: 0, count: units) }
          for row in 0..<sizes.rows { for unit in 0..<units { sums[unit] += g[row * units + unit] } }
        }
      }
      guard x.needsGradient else { return }
      let dx = lowering.builder.array(x.layout)
      lowering.builder.append(
        "gradient of data", of: node.name,
        [Program.Operand(.destinationGradient, g), Program.Operand(.sourceGradient, dx), kernel]
      ) { operands in
        multiply(
          rows: sizes.rows, columns: channels, inner: units, operands.floats(0), stride: units, transposed: false,
          operands.floats(2), stride: units, transposed: true, into: operands.floats(1), stride: channels)
      }
      lowering.contribute(dx, to: x)
    }
    if fused == activation { return stage }
    return try lowering.activation(activation, node, lowering.settled(stage), isAlone: true)
  }

  private struct Sizes { let rows: Int, channels: Int, units: Int }

  private func appendForward(
    _ node: TrainingNode, _ x: Value, _ kernel: Program.Operand, _ bias: Program.Operand?, _ y: Value, _ sizes: Sizes,
    _ fused: Activation, into lowering: inout TrainingLowering
  ) {
    let (rows, channels, units, clamp) = (sizes.rows, sizes.channels, sizes.units, Clamp(fused))
    let hasBias = bias != nil
    let isClamped = fused != .linear
    let operands = [Program.Operand(.source, x), Program.Operand(.destination, y), kernel] + (bias.map { [$0] } ?? [])
    lowering.builder.append("dense", of: node.name, operands) { operands in
      let y = operands.floats(1)
      if hasBias { for row in 0..<rows { (y + row * units).update(from: operands.floats(3), count: units) } }
      multiply(
        rows: rows, columns: units, inner: channels, operands.floats(0), stride: channels, operands.floats(2),
        stride: units, into: y, stride: units, beta: hasBias ? 1 : 0)
      if isClamped { parallel(rows * units) { part in for i in part { y[i] = clamp.value(y[i]) } } }
    }
  }
}
