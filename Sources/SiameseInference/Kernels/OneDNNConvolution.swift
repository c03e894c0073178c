import SiameseGraph
import SiameseOneDNN

/// A convolution by oneDNN, in the plan's own order of maps where it has code for that.
struct OneDNNConvolution: KernelRule {
  private let task: ConvolutionTask
  private let description: PrimitiveDescription
  /// Whether oneDNN applies the activation.
  private let appliesActivation: Bool

  init?(_ node: NodeContext) throws {
    guard let task = ConvolutionTask(node), task.convolution.inputActivation == .linear else { return nil }
    self.task = task
    let chain = Eltwise.chain(for: task.convolution.activation)
    appliesActivation = chain != nil
    let operations =
      (task.convolution.residual ? [.sum(scale: 1)] : []) + (chain ?? []).map { PostOperation.eltwise($0) }
    let candidates = try ConvolutionCandidates(task, operations, node).all()
    description = try node.facts.options.tuning.fastest(candidates, for: task, operations, node)
  }

  var layouts: KernelLayouts {
    task.convolution.residual
      ? KernelLayouts(inputs: [description.source, nil], output: .holding(input: 1, description.destination))
      : KernelLayouts(inputs: [description.source], output: .room(description.destination))
  }

  func activationLeft(_ node: NodeContext) -> Activation { appliesActivation ? .linear : task.convolution.activation }

  func lower(
    _ node: NodeContext, _ inputs: [Value], _ output: Value?, into lowering: inout Lowering
  ) throws -> KernelResult {
    var operands = [Program.Operand(.source, inputs[0]), Program.Operand(.destination, output!)]
    if let kernel = try lowering.weight(
      .kernel, description.weights, extents: task.weights, strides: task.weightStrides)
    {
      operands.append(Program.Operand(.weights, kernel))
    }
    if task.convolution.bias, let bias = try lowering.vector(.bias, task.convolution.filters) {
      operands.append(Program.Operand(.bias, bias))
    }
    try lowering.append("convolution", description, operands, operationCount: task.operationCount)
    return KernelResult(output!)
  }
}

/// A way to compute a convolution, described, under a name that a cache can hold.
struct ConvolutionCandidate {
  let name: String
  let description: PrimitiveDescription
}

/// The ways in which oneDNN may compute a convolution.
struct ConvolutionCandidates {
  private let task: ConvolutionTask
  private let operations: [PostOperation]
  private let facts: PlanFacts
  private let type: ElementType

  init(_ task: ConvolutionTask, _ operations: [PostOperation], _ node: NodeContext) {
    (self.task, self.operations, facts, type) = (task, operations, node.facts, node.mapType)
  }

  /// All that are worth a try, the fixed rule's choice first: with a fixed rule, that one alone.
  /// - Throws: `OneDNNError` where oneDNN has none.
  func all() throws -> [ConvolutionCandidate] {
    let measures = facts.options.tuning != .fixed
    var result: [ConvolutionCandidate] = []
    for skip in 0..<(measures ? 2 : 1) {
      if let direct = try described(.direct, in: facts.mapOrder, skip: skip), direct.isFast { result.append(direct) }
    }
    let c = task.convolution
    if facts.mapOrder == .blocked, type == .float32, c.kernel == Size(3), c.strides == Size(1), c.groups == 1 {
      let suits = c.suitsWinograd(source: task.source)
      for skip in 0..<(measures ? 2 : suits ? 1 : 0) {
        guard let candidate = try described(.winograd, in: .blocked, skip: skip), candidate.isFast else { break }
        result.insert(candidate, at: suits ? skip : result.count)
      }
    }
    return result.isEmpty ? [try inAnotherOrder()] : result
  }

  /// Nothing is fast in the plan's own order: in the other one, or in whatever oneDNN likes, at the worst by plain loops.
  private func inAnotherOrder() throws -> ConvolutionCandidate {
    let others = [
      try described(.direct, in: facts.mapOrder == .blocked ? .channelsLast : .blocked),
      described(.direct, try Layout(any: task.source, type), try Layout(any: task.destination, type)),
      try described(.direct, in: facts.mapOrder),
    ].compactMap { $0 }
    guard
      let chosen = others.first(where: \.isFast) ?? others.first(where: { $0.description.kind != .reference })
        ?? others.first
    else { throw OneDNNError.unimplemented("a convolution of \(task.source) by \(task.weights)") }
    return chosen
  }

  private func described(
    _ algorithm: ConvolutionAlgorithm, in order: PlanOptions.MapOrder, skip: Int = 0
  ) throws -> ConvolutionCandidate? {
    described(
      algorithm, try facts.mapLayout(task.source, order, type), try facts.mapLayout(task.destination, order, type),
      skip: skip)
  }

  private func described(
    _ algorithm: ConvolutionAlgorithm, _ source: Layout, _ destination: Layout, skip: Int = 0
  ) -> ConvolutionCandidate? {
    guard
      let description = try? PrimitiveDescription.convolution(
        .inference, algorithm, source: source, weights: Layout(any: task.weights, type),
        bias: task.convolution.bias ? Layout(rows: [task.convolution.filters]) : nil, destination: destination,
        window: task.window, then: operations, skip: skip)
    else { return nil }
    return ConvolutionCandidate(name: "\(algorithm) \(description.implementation)", description: description)
  }
}

extension ConvolutionCandidate {
  /// Reference loops and matrix products serve only where nothing else takes these shapes.
  fileprivate var isFast: Bool { description.kind != .reference && description.kind != .matrixProduct }
}

extension Convolution {
  /// Where Winograd's F(4×4, 3×3) beats direct convolution of `[N, C, H, W]` when nothing has been measured: enough channels to
  /// fill vectors, maps large enough for its tiles, and enough positions, less what tiles waste at the borders, to pay for the
  /// transformed weights, which are four times the size.
  func suitsWinograd(source: [Int]) -> Bool {
    func share(_ extent: Int) -> Double { Double(extent) / Double((extent + 3) / 4 * 4) }
    let used = share(source[2]) * share(source[3]) * Double(source[0] * source[2] * source[3])
    return kernel == Size(3) && strides == Size(1) && dilation == Size(1) && groups == 1
      && source[1] >= 32 && filters >= 32 && min(source[2], source[3]) >= 7
      && used >= Double(source[1] * filters) / Thresholds.winogradWeightsPerPosition
  }
}
