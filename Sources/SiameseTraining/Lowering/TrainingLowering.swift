import SiameseGraph
import SiameseInference
import SiameseOneDNN

/// What a run of the plan decides anew each time. Steps ask it while they run, and nobody sets it then.
final class TrainingRun: @unchecked Sendable {
  /// Fixes what dropout and stochastic depth leave out.
  var seed: UInt64 = 0
  /// Whether batch normalisation moves its running statistics.
  var movesStatistics = true
  /// Whether weights' gradients are added to what is there.
  var accumulates = false
}

/// Turns a graph into a training program: for each node its forward steps, by the first rule of `TrainingTable` that
/// takes it, and its backward steps when the tape is run back.
struct TrainingLowering {
  /// What is on the tape: backward steps that are still to be appended, and the value whose gradient they begin with.
  private struct TapeEntry {
    let output: TrainingValue
    let backward: TrainingStage.Backward
  }

  let facts: TrainingFacts
  let parameters: TrainingParameters
  var builder = ProgramBuilder()
  /// Weights that stay as they are, in the layouts that primitives want.
  let weights = WeightBank()
  let run = TrainingRun()
  /// While activations are computed again, statistics do not move a second time.
  private(set) var recomputes = false
  /// The values of nodes, by index.
  private(set) var values: [Int: TrainingValue] = [:]
  private var tape: [TapeEntry] = []
  /// Gradients that consumers have left so far, by the value's id, each in the value's layout. Never written to again.
  private var contributions: [[Value]] = []
  /// Values in other layouts, by the value's id.
  private var copies: [Int: [TrainingValue]] = [:]
  /// Paths whose gradient an earlier step of the same backward pass has written.
  private var writtenPaths: Set<String> = []

  /// A lowering whose program has room for the graph's inputs, and no steps but the one at which they are filled.
  init(_ graph: Graph, _ parameters: TrainingParameters, batch: Int, options: TrainingOptions) throws {
    facts = try TrainingFacts(graph, trainable: Set(parameters.trainablePaths), batch: batch, options: options)
    self.parameters = parameters
    for node in graph.inputs {
      let context = TrainingNode(facts: facts, index: node, inputs: [])
      values[node] = newValue(context, try facts.hostLayout(context.shape))
    }
    builder.keep(graph.inputs.compactMap { values[$0]?.array }, "inputs")
  }

  // MARK: Passes

  /// Appends the forward steps of every node, and no backward steps for the nodes of `segments` but the last: theirs
  /// are to be appended by `backward(recomputing:)`.
  mutating func forward(segments: [Range<Int>]) throws {
    for segment in segments {
      try forward(segment)
      guard segment.upperBound < facts.graph.nodes.count else { continue }
      tape = []
      // What crosses the border is read again later, and later segments' copies of it carry their own gradients back.
      for node in segment { values[node]?.isOverwritable = false }
      copies = [:]
    }
  }

  private mutating func forward(_ nodes: Range<Int>) throws {
    for node in nodes where values[node] == nil {
      let stage = try lower(node)
      values[node] = settled(stage)
      if let covered = stage.covers { values[covered] = stage.output }
    }
  }

  /// Appends the backward steps segment by segment, last first, each (but the last) after its forward steps once more.
  mutating func backward(recomputing segments: [Range<Int>]) throws {
    try backward()
    recomputes = true
    let inputs = Set(facts.graph.inputs)
    for segment in segments.dropLast().reversed() {
      let old = values
      copies = [:]
      for node in segment where !inputs.contains(node) { values[node] = nil }
      try forward(segment)
      for (node, value) in values {
        guard let before = old[node], before.id != value.id else { continue }
        contributions[value.id] = contributions[before.id]
      }
      try backward()
      values = old
    }
    recomputes = false
  }

  /// Appends the backward steps of everything on the tape, last first.
  private mutating func backward() throws {
    let entries = tape.reversed()
    tape = []
    for entry in entries where !contributions[entry.output.id].isEmpty { try entry.backward(&self) }
  }

  private mutating func lower(_ index: Int) throws -> TrainingStage {
    let inputs = facts.graph.nodes[index].inputs.compactMap { values[$0] }
    let node = TrainingNode(facts: facts, index: index, inputs: inputs)
    for rule in TrainingTable.rules {
      if let rule = rule.init(node) { return try rule.lower(node, into: &self) }
    }
    preconditionFailure("the last rule takes every node")
  }

  /// Puts a stage's backward steps on the tape, if gradients flow through it.
  mutating func settled(_ stage: TrainingStage) -> TrainingValue {
    if let backward = stage.backward, stage.output.needsGradient {
      tape.append(TapeEntry(output: stage.output, backward: backward))
    }
    return stage.output
  }

  // MARK: Values

  /// A new value for a node's output, in the arena.
  mutating func newValue(
    _ node: TrainingNode, _ layout: Layout, shape: [Int]? = nil, isOverwritable: Bool = false
  ) -> TrainingValue {
    var value = newValue(node, at: builder.array(layout), shape: shape)
    value.isOverwritable = isOverwritable
    return value
  }

  /// A new value for a node's output, in an array that is there.
  mutating func newValue(_ node: TrainingNode, at array: Value, shape: [Int]? = nil) -> TrainingValue {
    newValue(node.name, shape ?? node.shape, array, needsGradient: facts.needsGradient[node.index])
  }

  private mutating func newValue(_ name: String, _ shape: [Int], _ array: Value, needsGradient: Bool) -> TrainingValue {
    contributions.append([])
    return TrainingValue(
      id: contributions.count - 1, name: name, shape: shape, array: array, needsGradient: needsGradient)
  }

  /// The value in another layout, which fixes its precision too; its gradient flows back through the reorder.
  mutating func form(_ value: TrainingValue, _ layout: Layout) throws -> TrainingValue {
    if value.layout == layout { return value }
    if let copy = copies[value.id]?.first(where: { $0.layout == layout }) { return copy }
    // A map of one position lies the same way in blocks and in rows, if no block is padded.
    let isOneRow = value.shape.count == 4 && value.shape[1] * value.shape[2] == 1 && value.shape[3] % facts.block == 0
    let isView = isOneRow && value.layout.type == layout.type && value.layout.byteCount == layout.byteCount
    let array = isView ? value.array.viewed(as: layout) : builder.array(layout)
    let copy = newValue(value.name, value.shape, array, needsGradient: value.needsGradient)
    copies[value.id, default: []].append(copy)
    copies[copy.id] = [value]
    if !isView { try builder.reorder(value.array, to: array, of: value.name) }
    return settled(
      TrainingStage(copy) { lowering in
        let gradient = lowering.gradient(copy)
        if isView { return lowering.contribute(gradient.viewed(as: value.layout), to: value) }
        let target = lowering.builder.array(value.layout)
        try lowering.builder.reorder(gradient, to: target, of: value.name, "reorder of a gradient")
        lowering.contribute(target, to: value)
      })
  }

  /// The graph's outputs in Keras' order.
  mutating func outputs() throws -> [TrainingValue] {
    try facts.graph.outputs.compactMap { values[$0] }.map { try hostForm($0) }
  }

  /// The value in Keras' order.
  mutating func hostForm(_ value: TrainingValue) throws -> TrainingValue {
    try form(value, facts.hostLayout(value.shape))
  }

  // MARK: Gradients

  /// Adds to what consumers have contributed to a value's gradient, if it is wanted.
  mutating func contribute(_ gradient: Value, to value: TrainingValue) {
    if value.needsGradient { contributions[value.id].append(gradient) }
  }

  /// Whether anybody has contributed to a value's gradient.
  func hasGradient(_ value: TrainingValue) -> Bool { !contributions[value.id].isEmpty }

  /// The gradient before an activation, from those after it that consumers have contributed to `value`, the output:
  /// their sum times the slope, in one pass.
  mutating func gradient(_ value: TrainingValue, through function: Activation = .linear) -> Value {
    let parts = contributions[value.id]
    let count = parts.count
    if function == .linear, count == 1 { return parts[0] }
    precondition(parts.allSatisfy { $0.layout == value.layout }, "gradients lie as their values do")
    let result = builder.array(value.layout)
    let clamp = Clamp(function)
    if function == .linear {
      builder.loop("sum of gradients", of: value.name, parts + [result]) { arrays in
        arrays[count].assignSum(of: (0..<count).map { arrays[$0] }, rectified: clamp)
      }
    } else {
      builder.loop("sum of gradients times slope", of: value.name, parts + [result, value.array]) { arrays in
        arrays[count].assignSum(of: (0..<count).map { arrays[$0] }, timesSlopeOf: clamp, at: arrays[count + 1])
      }
    }
    return result
  }

  /// Whether a weight's gradient is the first of this backward pass, so that it may be written and not added.
  mutating func isFirstGradient(_ path: String) -> Bool { writtenPaths.insert(path).inserted }
}
