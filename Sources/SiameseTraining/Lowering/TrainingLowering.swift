import SiameseGraph
import SiameseInference
import SiameseOneDNN
import SiameseTensors

/// A node's output inside a training program.
final class TrainingValue {
  /// In Keras' order, batch first.
  let shape: [Int]
  let array: TrainingArray
  let needsGradient: Bool
  /// Gradients that consumers have left so far, each in this value's layout. Never written to again.
  var contributions: [TrainingArray] = []
  /// Whether an activation may write over it: nobody reads it afterwards.
  var isOverwritable = false
  /// Whether it comes from outside and cannot be computed again.
  var isInput = false
  fileprivate var copies: [TrainingValue] = []

  init(shape: [Int], array: TrainingArray, needsGradient: Bool) {
    (self.shape, self.array, self.needsGradient) = (shape, array, needsGradient)
  }

  var layout: Layout { array.layout }
}

/// What a run of the plan decides anew each time.
final class TrainingRun {
  var seed: UInt64 = 0
  /// Whether batch normalisation moves its running statistics.
  var movesStatistics = true
  /// Whether weights' gradients are added to what is there.
  var accumulates = false
}

/// Turns a graph into a training program: for each node its forward steps now, and its backward steps when the tape is
/// run back. Both stand together, in one function for each kind of operation.
final class TrainingLowering {
  struct TapeEntry {
    let name: String
    let output: TrainingValue
    /// Emits the backward steps, given the gradient of the output.
    let backward: () throws -> Void
  }

  let graph: Graph
  let parameters: TrainingParameters
  let batch: Int
  let options: TrainingOptions
  let program: TrainingProgram
  let run = TrainingRun()
  let needsGradient: [Bool]
  let consumers: [[Int]]
  var tape: [TapeEntry] = []
  /// The values of nodes, by index.
  var values: [Int: TrainingValue] = [:]
  /// Paths whose gradient an earlier step of the same backward pass has written.
  private var writtenPaths: Set<String> = []
  private var constants: [String: [TrainingArray]] = [:]
  /// The channels of one block of the layout that convolutions work in.
  let block: Int
  /// While activations are computed again, statistics do not move a second time.
  var recomputes = false

  init(_ graph: Graph, _ parameters: TrainingParameters, batch: Int, options: TrainingOptions) throws {
    self.graph = graph
    self.parameters = parameters
    self.batch = batch
    self.options = options
    program = try TrainingProgram()
    consumers = graph.consumers
    needsGradient = graph.nodesNeedingGradients(
      trainable: Set(parameters.trainablePaths), inputs: options.inputGradients)
    block = try TrainingLowering.preferredBlock()
  }

  /// Emits the forward steps of these nodes, in order.
  func forward(_ nodes: some Sequence<Int>) throws {
    for node in nodes where values[node] == nil { values[node] = try lower(node) }
  }

  /// Emits the forward steps of every node, and no backward steps for the nodes of `segments` but the last: theirs are
  /// to be emitted by `backward(recomputing:)`.
  func forward(segments: [Range<Int>]) throws {
    for segment in segments {
      try forward(segment)
      guard segment.upperBound < graph.nodes.count else { continue }
      tape = []
      // What crosses the border is read again later, and later segments' copies of it carry their own gradients back.
      for node in segment { values[node]?.isOverwritable = false }
      for value in values.values { value.copies = [] }
    }
  }

  /// Emits the backward steps segment by segment, last first, each (but the last) after its forward steps once more.
  func backward(recomputing segments: [Range<Int>]) throws {
    try backward()
    recomputes = true
    for segment in segments.dropLast().reversed() {
      let old = values
      for value in values.values { value.copies = [] }
      for node in segment where old[node].map({ !$0.isInput }) ?? false { values[node] = nil }
      try forward(segment)
      for (node, value) in values where value !== old[node] { value.contributions = old[node]?.contributions ?? [] }
      try backward()
      values = old
    }
    recomputes = false
  }

  /// Emits the backward steps of everything on the tape, last first.
  func backward() throws {
    for entry in tape.reversed() where !entry.output.contributions.isEmpty { try entry.backward() }
    tape = []
  }

  private func lower(_ node: Int) throws -> TrainingValue {
    let inputs = graph.nodes[node].inputs.map { values[$0]! }
    switch graph.nodes[node].operation {
    case .input(let shape): return try input(node, shape)
    case .identity: return inputs[0]
    case .convolution(let c): return try convolution(c, node, inputs[0])
    case .dense(_, let bias, let activation): return try dense(bias, activation, node, inputs[0])
    case .batchNormalization(let epsilon, let momentum, _, _):
      return try batchNormalization(epsilon, momentum, node, inputs[0])
    case .layerNormalization(let epsilon, _, _): return try layerNormalization(epsilon, node, inputs[0])
    case .unitNormalization(let epsilon): return try unitNormalization(epsilon, node, inputs[0])
    case .affine: return try affine(node, inputs[0])
    case .linear(let scale, let offset): return try linear(scale, offset, node, inputs[0])
    case .activation(let function): return try activation(function, node, inputs[0])
    case .pooling(let p): return try pooling(p, node, inputs[0])
    case .globalPooling(let kind, let keepsDimensions):
      return try globalPooling(kind, keepsDimensions, node, inputs[0])
    case .zeroPadding(let insets): return try zeroPadding(insets, node, inputs[0])
    case .cropping(let insets): return try cropping(insets, node, inputs[0])
    case .slice(let start, _): return try slice(start, node, inputs[0])
    case .concatenate(let axis): return try concatenation(axis, node, inputs)
    case .reshape: return try reshape(node, inputs[0])
    case .elementwise(.add) where inputs.allSatisfy({ $0.shape == inputs[0].shape }):
      return try addition(node, inputs)
    case .elementwise(.multiply) where inputs.count == 2: return try product(node, inputs)
    case .dropout(let rate): return try dropout(rate, perSample: false, node, inputs[0])
    case .stochasticDepth(let rate): return try dropout(rate, perSample: true, node, inputs[0])
    default: return try plain(node, inputs)
    }
  }

  // MARK: What every operation needs

  func name(_ node: Int) -> String { graph.nodes[node].name }

  func fullShape(_ node: Int) -> [Int] { [batch] + graph.nodes[node].shape }

  /// A new value for a node's output.
  func value(_ node: Int, _ layout: Layout, shape: [Int]? = nil) -> TrainingValue {
    TrainingValue(shape: shape ?? fullShape(node), array: program.array(layout), needsGradient: needsGradient[node])
  }

  /// Puts a node's backward steps on the tape, if gradients flow through it.
  func record(_ node: Int, _ output: TrainingValue, _ backward: @escaping () throws -> Void) {
    guard output.needsGradient else { return }
    tape.append(TapeEntry(name: name(node), output: output, backward: backward))
  }

  /// The layout of Keras' order: channels last for feature maps, rows for the rest. Always float32: what is computed on
  /// it is either small or numerically delicate (normalisations, softmax, the head).
  func hostLayout(_ shape: [Int]) throws -> Layout {
    shape.count == 4
      ? try Layout(channelsLast: [shape[0], shape[3], shape[1], shape[2]])
      : try Layout(rows: shape)
  }

  /// The layout that convolutions like: blocks of channels, in the precision of the plan where no other is given.
  func mapLayout(_ shape: [Int], _ type: ElementType? = nil) throws -> Layout {
    try Layout(blocked: [shape[0], shape[3], shape[1], shape[2]], by: block, type ?? options.precision.mapType)
  }

  /// The value in another layout, which fixes its precision too; its gradient flows back through the reorder.
  func form(_ value: TrainingValue, _ layout: Layout) throws -> TrainingValue {
    if value.layout == layout { return value }
    if let copy = value.copies.first(where: { $0.layout == layout }) { return copy }
    // A map of one position lies the same way in blocks and in rows, if no block is padded.
    let isOneRow = value.shape.count == 4 && value.shape[1] * value.shape[2] == 1 && value.shape[3] % block == 0
    let isAlias = isOneRow && value.layout.type == layout.type && value.layout.byteCount == layout.byteCount
    let array = isAlias ? TrainingArray(layout: layout, buffer: value.array.buffer) : program.array(layout)
    let copy = TrainingValue(shape: value.shape, array: array, needsGradient: value.needsGradient)
    value.copies.append(copy)
    copy.copies.append(value)
    if !isAlias { try reorder("reorder", value.array, array) }
    if value.needsGradient {
      tape.append(
        TapeEntry(name: "reorder", output: copy) { [self] in
          let gradient = try gradient(copy)
          if isAlias {
            value.contributions.append(TrainingArray(layout: value.layout, buffer: gradient.buffer))
          } else {
            let target = program.array(value.layout)
            try reorder("reorder, gradient", gradient, target)
            value.contributions.append(target)
          }
        })
    }
    return copy
  }

  func hostForm(_ value: TrainingValue) throws -> TrainingValue { try form(value, hostLayout(value.shape)) }

  func reorder(_ name: String, _ from: TrainingArray, _ to: TrainingArray) throws {
    try program.add(name, .reorder(from: from.layout, to: to.layout), [(.source, from), (.destination, to)])
  }

  /// The sum of what consumers have contributed to a value's gradient.
  func gradient(_ value: TrainingValue) throws -> TrainingArray {
    if value.contributions.count == 1 { return value.contributions[0] }
    return try gradient(value, through: .linear)
  }

  /// The weight at `path` as the network file lays it out.
  func weight(_ path: String, _ layout: Layout) throws -> TrainingArray {
    if let entry = parameters.entry(path) { return TrainingArray(layout: layout, buffer: TrainingBuffer(entry.storage)) }
    return try constant(path, layout, from: layout)
  }

  /// The weight at `path`, which lies as `host` in the file, in the layout that a primitive wants: laid out once where
  /// it stays, anew in each run where it is trained.
  func weight(_ path: String, _ wanted: Layout, from host: Layout) throws -> TrainingArray {
    guard let entry = parameters.entry(path) else { return try constant(path, wanted, from: host) }
    let source = TrainingArray(layout: host, buffer: TrainingBuffer(entry.storage))
    if wanted == host { return source }
    let array = program.array(wanted)
    try reorder("\(path), layout", source, array)
    return array
  }

  private func constant(_ path: String, _ wanted: Layout, from host: Layout) throws -> TrainingArray {
    if let known = constants[path]?.first(where: { $0.layout == wanted }) { return known }
    let tensor = try parameters.fixed.tensor(path)
    let storage = try Storage(byteCount: max(host.byteCount, 4 * tensor.count))
    tensor.elements.withUnsafeBytes { storage.pointer.copyMemory(from: $0.baseAddress!, byteCount: $0.count) }
    var array = TrainingArray(layout: host, buffer: TrainingBuffer(storage))
    if wanted != host {
      let moved = try Storage(byteCount: wanted.byteCount)
      try Memory(host, in: storage).copy(to: Memory(wanted, in: moved), on: program.stream)
      array = TrainingArray(layout: wanted, buffer: TrainingBuffer(moved))
    }
    constants[path, default: []].append(array)
    return array
  }

  func isTrained(_ path: String?) -> Bool { path.flatMap { parameters.entry($0)?.gradient } != nil }

  /// Whether a weight's gradient is the first of this backward pass, so that it may be written and not added.
  func isFirstGradient(_ path: String) -> Bool { writtenPaths.insert(path).inserted }

  /// Emits a step that brings `array` to the gradient of `path`, whose file layout is `host`.
  func deliver(_ array: TrainingArray, to path: String, _ host: Layout) throws {
    guard let storage = parameters.entry(path)?.gradientStorage else { return }
    let isFirst = isFirstGradient(path)
    let target = TrainingArray(layout: host, buffer: TrainingBuffer(storage))
    let (run, stream, count) = (run, program.stream, host.byteCount / 4)
    if array.layout == host {
      program.add("\(path), gradient", [array]) {
        let (sum, new) = (target.floats, array.floats)
        let replaces = isFirst && !run.accumulates
        parallel(count) { part in
          if replaces { for i in part { sum[i] = new[i] } } else { for i in part { sum[i] += new[i] } }
        }
      }
      return
    }
    let scratch = program.array(host)
    let direct = try program.command(
      .reorder(from: array.layout, to: host), [(.source, array), (.destination, target)])
    let detour = try program.command(
      .reorder(from: array.layout, to: host), [(.source, array), (.destination, scratch)])
    program.add("\(path), gradient", direct.arrays + detour.arrays) {
      if isFirst && !run.accumulates { return try direct.command.run(on: stream) }
      try detour.command.run(on: stream)
      let (sum, new) = (target.floats, scratch.floats)
      parallel(count) { part in for i in part { sum[i] += new[i] } }
    }
  }

  private static func preferredBlock() throws -> Int {
    let any = try Layout(any: [1, 64, 8, 8])
    let description = try PrimitiveDescription.convolution(
      .training, source: any, weights: Layout(any: [64, 64, 3, 3]), bias: nil, destination: any,
      window: Window(extent: Size(3), strides: Size(1), insets: EdgeInsets(top: 1, bottom: 1, left: 1, right: 1)))
    return try description.destination == Layout(blocked: [1, 64, 8, 8], by: 8) ? 8 : 16
  }
}

extension Graph {
  /// For each node, whether a gradient must be taken of its output.
  func nodesNeedingGradients(trainable: Set<String>, inputs: Bool = false) -> [Bool] {
    var needs = [Bool](repeating: false, count: nodes.count)
    for (index, node) in nodes.enumerated() {
      if case .input = node.operation { needs[index] = inputs }
      needs[index] = needs[index] || node.inputs.contains { needs[$0] }
        || node.parameters.values.contains(where: trainable.contains)
    }
    return needs
  }
}
