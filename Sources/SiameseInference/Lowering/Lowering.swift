import CSiameseConvolutions
import SiameseGraph
import SiameseOneDNN
import SiameseTensors

/// Turns a graph, node by node, into the steps of a program.
struct Lowering {
  /// An array inside the program: where it lies and how.
  struct Value {
    var layout: Layout
    var buffer: Int
    var byteOffset = 0
  }

  let graph: Graph
  let parameters: ParameterStore
  let batch: Int
  let options: PlanOptions
  let weights: WeightBank
  let mapOrder: PlanOptions.MapOrder
  /// Channels in a block of maps in blocks.
  let block = Lowering.preferredBlock
  /// Nodes that compute in float32 in a plan of bfloat16.
  let delicate: Set<Int>

  private(set) var steps: [Program.Step] = []
  private(set) var buffers: [Program.Buffer] = []
  /// What each node's output became.
  var values: [Value?]
  /// Copies of a node's output in other layouts, made when first asked for.
  private var converted: [Int: [Value]] = [:]
  /// How many takers of each buffer are still to come.
  private var takersLeft: [Int: Int] = [:]
  /// The node being lowered.
  var current = 0
  let consumers: [[Int]]
  /// Activations that the step before them has already applied.
  private(set) var applied: Set<Int> = []
  /// Where joined maps lie, and the buffers that hold them, by the node that joins them.
  let places: [Int: Place]
  var joined: [Int: Int] = [:]
  /// Activations that the depthwise convolution after them applies, by the node whose output lacks them.
  var deferred: [Int: Activation] = [:]
  /// Global averages that a depthwise convolution took along, by its node.
  var averages: [Int: Value] = [:]

  init(_ source: InferenceGraph, batch: Int, options: PlanOptions, weights: WeightBank) throws {
    graph = source.graph
    parameters = source.parameters
    self.batch = batch
    self.options = options
    self.weights = weights
    mapOrder = options.mapOrder ?? Lowering.preferredOrder(of: source.graph, options)
    delicate = options.precision == .bfloat16 ? source.graph.delicateNodes : []
    values = Array(repeating: nil, count: graph.nodes.count)
    consumers = graph.consumers
    places = Lowering.places(in: source.graph, batch: batch, order: mapOrder)
  }

  /// The type of the feature maps that the node being lowered makes. Vectors are float32 always.
  var mapType: ElementType { mapType(of: current) }

  func mapType(of node: Int) -> ElementType { delicate.contains(node) ? .float32 : options.precision.mapType }

  /// The type in which the map that `node` makes is written: a 1×1 convolution in float32 rounds its sums where nothing in
  /// float32 reads them.
  func outputType(of node: Int) -> ElementType {
    guard delicate.contains(node), case .convolution(let c) = graph.nodes[node].operation, c.kernel == Size(1),
      c.strides == Size(1), !c.residual, mapOrder == .blocked, !graph.outputs.contains(node),
      consumers[node].allSatisfy({ !delicate.contains($0) })
    else { return mapType(of: node) }
    return options.precision.mapType
  }

  /// Channels-last where oneDNN normalises over channels, position by position (such networks would reorder maps at
  /// every turn); blocks of channels otherwise.
  static func preferredOrder(of graph: Graph, _ options: PlanOptions) -> PlanOptions.MapOrder {
    let positionwise = graph.nodes.contains {
      if case .layerNormalization = $0.operation { $0.shape.count == 3 && !normalizesBlocks($0) } else { false }
    }
    return positionwise ? .channelsLast : .blocked
  }

  /// 16 channels where the processor has registers of 16 floats. On others oneDNN has code of its own for blocks of 8 only,
  /// and plain loops, 2 to 40 times slower, for those of 16.
  static var preferredBlock: Int { siamese_has_wide_registers() != 0 ? 16 : 8 }

  /// The whole program.
  mutating func program() throws -> Program {
    var inputCount = 0
    for (index, node) in graph.nodes.enumerated() {
      current = index
      if case .input(let shape) = node.operation {
        values[index] = Value(layout: try hostLayout(shape), buffer: newBuffer(.input(inputCount)))
        inputCount += 1
      } else {
        do { values[index] = applied.contains(index) ? value(node.inputs[0]) : try lower(node) } catch let error as OneDNNError {
          throw GraphError.misfit(layer: node.name, reason: error.description)
        }
      }
      if let value = values[index] {
        let takers = consumers[index].count + (graph.outputs.contains(index) ? 1 : 0)
        takersLeft[value.buffer, default: 0] += takers
      }
      for input in node.inputs { if let value = values[input] { takersLeft[value.buffer, default: 0] -= 1 } }
    }
    for (index, output) in graph.outputs.enumerated() {
      current = output
      let layout = try hostLayout(graph.nodes[output].shape)
      // Whatever makes the output may as well write it where the caller wants it.
      if let value = values[output], value.layout == layout, value.byteOffset == 0, case .arena = buffers[value.buffer] {
        buffers[value.buffer] = .output(index)
      } else {
        try reorder(value(output), to: Value(layout: layout, buffer: newBuffer(.output(index))))
      }
    }
    return Program(
      steps: steps, buffers: buffers, inputShapes: graph.inputs.map { graph.nodes[$0].shape },
      outputShapes: graph.outputs.map { graph.nodes[$0].shape })
  }

  /// The activation that follows the node being lowered, for the node to apply to its own output; nothing where others
  /// see that output first, or oneDNN lacks the function.
  mutating func followingActivation() -> [PostOperation] {
    guard consumers[current].count == 1, !graph.outputs.contains(current), let next = consumers[current].first,
      case .activation(let activation) = graph.nodes[next].operation, let chain = Eltwise.chain(for: activation)
    else { return [] }
    applied.insert(next)
    return chain.map { .eltwise($0) }
  }

  /// The same, where it is the plain rectifier, all that oneDNN's normalisations can apply.
  mutating func followingRectifier() -> [PostOperation] {
    guard let next = consumers[current].first, case .activation(.relu) = graph.nodes[next].operation else { return [] }
    return followingActivation()
  }

  // MARK: Layouts

  /// oneDNN's extents of a value: `[N, C, H, W]` for maps, `[N] + shape` for the rest.
  func extents(_ shape: [Int]) -> [Int] {
    shape.count == 3 ? [batch, shape[2], shape[0], shape[1]] : [batch] + shape
  }

  /// How the host holds a value: row-major floats, channels last.
  func hostLayout(_ shape: [Int], _ type: ElementType = .float32) throws -> Layout {
    try shape.count == 3 ? Layout(channelsLast: extents(shape), type) : Layout(rows: extents(shape), type)
  }

  /// How the plan holds a value by default.
  func homeLayout(_ shape: [Int]) throws -> Layout {
    guard shape.count == 3 else { return try hostLayout(shape) }
    return try mapLayout(extents(shape), mapOrder)
  }

  func mapLayout(_ extents: [Int], _ order: PlanOptions.MapOrder, _ type: ElementType? = nil) throws -> Layout {
    // Pictures and the like would be mostly padding in blocks.
    order == .channelsLast || extents[1] <= 4
      ? try Layout(channelsLast: extents, type ?? mapType) : try Layout(blocked: extents, by: block, type ?? mapType)
  }

  // MARK: Values

  private mutating func newBuffer(_ buffer: Program.Buffer) -> Int {
    buffers.append(buffer)
    return buffers.count - 1
  }

  /// Room in the arena for an array.
  mutating func newValue(_ layout: Layout) -> Value {
    Value(layout: layout, buffer: newBuffer(.arena(byteCount: layout.byteCount)))
  }

  func value(_ node: Int) -> Value {
    guard let value = values[node] else { preconditionFailure("a node is lowered before its inputs") }
    return value
  }

  /// The output of `node` in `layout`, reordered where it is in another.
  mutating func value(_ node: Int, in layout: Layout) throws -> Value {
    let own = value(node)
    if own.layout == layout { return own }
    let copies = converted[own.buffer, default: []]
    if let copy = copies.first(where: { $0.layout == layout && own.byteOffset == 0 }) { return copy }
    let copy = newValue(layout)
    try reorder(own, to: copy)
    if own.byteOffset == 0 { converted[own.buffer, default: []].append(copy) }
    return copy
  }

  /// The output of `node` as the host would hold it.
  mutating func plainValue(_ node: Int) throws -> Value {
    try value(node, in: hostLayout(graph.nodes[node].shape))
  }

  /// Whether nothing after the node being lowered reads `value`, so that it may be overwritten.
  func isFree(_ value: Value, takenTimes times: Int = 1) -> Bool {
    guard case .arena = buffers[value.buffer] else { return false }
    return takersLeft[value.buffer, default: 0] <= times
  }

  /// Forgets copies of a buffer that is about to be overwritten.
  mutating func overwrite(_ buffer: Int) { converted[buffer] = nil }

  // MARK: Steps

  mutating func append(
    _ kind: String, _ description: PrimitiveDescription, _ operands: [Program.Operand], operationCount: Int = 0
  ) throws {
    var operands = operands
    if let scratchpad = description.scratchpad {
      operands.append(operand(.scratchpad, newValue(scratchpad)))
    }
    steps.append(
      Program.Step(
        node: graph.nodes[current].name, kind: kind, work: .primitive(try Primitive(description)), operands: operands,
        operationCount: operationCount))
  }

  /// A loop of our own; it gets pointers to `values`, in order.
  mutating func append(_ kind: String, _ values: [Value], _ kernel: @escaping Program.Kernel) {
    appendKernel(kind, values.map { operand(.source, $0) }, kernel)
  }

  mutating func appendKernel(
    _ kind: String, _ operands: [Program.Operand], operationCount: Int = 0, _ kernel: @escaping Program.Kernel
  ) {
    steps.append(
      Program.Step(
        node: graph.nodes[current].name, kind: kind, work: .kernel(kind, kernel), operands: operands,
        operationCount: operationCount))
  }

  func operand(_ argument: Argument, _ value: Value) -> Program.Operand {
    Program.Operand(
      argument: argument, layout: value.layout, place: .buffer(value.buffer, byteOffset: value.byteOffset))
  }

  func operand(_ argument: Argument, _ constant: WeightBank.Constant) -> Program.Operand {
    Program.Operand(argument: argument, layout: constant.layout, place: .weight(constant))
  }

  mutating func reorder(_ source: Value, to destination: Value) throws {
    try append(
      "reorder", .reorder(from: source.layout, to: destination.layout),
      [operand(.source, source), operand(.destination, destination)])
  }

  /// The weight in `role` of the node being lowered, in `layout`; its plain form has `extents` and `strides`.
  func weight(_ role: ParameterRole, _ layout: Layout, extents: [Int], strides: [Int]) throws -> WeightBank.Constant? {
    guard let path = graph.nodes[current].parameters[role] else { return nil }
    let parameters = parameters
    return weights.constant(path, layout, plain: try Layout(extents, strides: strides)) {
      try parameters.tensor(path)
    }
  }

  /// The bias of the convolution being lowered, filled up to blocks of 16 channels as its output is; nil where it has none.
  func blockedBias(_ c: Convolution) throws -> WeightBank.Constant? {
    guard c.bias else { return nil }
    let extents = [1, c.filters, 1, 1]
    return try weight(.bias, Layout(blocked: extents), extents: extents, strides: [c.filters, 1, 1, 1])
  }

  /// A vector of floats, one a channel.
  func vector(_ role: ParameterRole, _ count: Int) throws -> WeightBank.Constant? {
    try weight(role, Layout(rows: [count]), extents: [count], strides: [1])
  }
}
