import SiameseGraph
import SiameseOneDNN
import SiameseTensors

/// Turns a graph, node by node, into the steps of a program, by the first rule of `KernelTable` that takes the node.
struct Lowering {
  let facts: PlanFacts
  let parameters: ParameterStore
  let weights: WeightBank
  private(set) var builder = ProgramBuilder()
  private var values: NodeValues
  /// Where maps lie that are part of a concatenation, and the arrays that hold the whole.
  private let places: ConcatenationPlaces
  private var wholes: [Int: Value] = [:]
  /// The node being lowered, whose name its steps carry.
  private var current = 0

  init(_ source: InferenceGraph, batch: Int, options: PlanOptions, weights: WeightBank) throws {
    let source = try source.deferringActivations(options)
    facts = PlanFacts(source.graph, batch: batch, options: options)
    parameters = source.parameters
    self.weights = weights
    values = NodeValues(nodeCount: facts.graph.nodes.count)
    places = ConcatenationPlaces(facts)
    for root in places.roots {
      wholes[root] = builder.array(try facts.homeLayout(facts.graph.nodes[root].shape, facts.mapType(of: root)))
    }
  }

  /// The whole program.
  mutating func program() throws -> Program {
    let graph = facts.graph
    var inputCount = 0
    for (index, node) in graph.nodes.enumerated() {
      current = index
      let result: KernelResult
      if case .input(let shape) = node.operation {
        result = KernelResult(builder.input(inputCount, try facts.hostLayout(shape)))
        inputCount += 1
      } else {
        do { result = try lower(index) } catch let error as OneDNNError {
          throw GraphError.misfit(layer: node.name, reason: error.description)
        }
      }
      let readers = facts.consumers[index].count + (graph.outputs.contains(index) ? 1 : 0)
      values.set(index, result, readers: readers, inputs: node.inputs)
    }
    for (index, output) in graph.outputs.enumerated() {
      current = output
      let (value, layout) = (values[output], try facts.hostLayout(graph.nodes[output].shape))
      // Whatever makes the output may as well write it where the caller wants it.
      if value.layout == layout, builder.becomesOutput(value, index) { continue }
      try reorder(value, to: builder.output(index, layout))
    }
    return builder.finished()
  }

  private mutating func lower(_ index: Int) throws -> KernelResult {
    let inputs = facts.graph.nodes[index].inputs
    let node = NodeContext(
      facts: facts, index: index, inputs: inputs.map { values[$0] },
      inputMeans: inputs.first.flatMap { values.means(of: $0) },
      place: places[index] == nil
        ? nil : try place(of: index, facts.homeLayout(facts.graph.nodes[index].shape, facts.mapType(of: index))))
    for rule in KernelTable.rules {
      guard let kernel = try rule.init(node) else { continue }
      var result = try lower(kernel, node)
      let activation = kernel.activationLeft(node)
      if activation != .linear { result.output = try applied(activation, to: result.output, node.shape) }
      return result
    }
    preconditionFailure("the last rule takes every node")
  }

  private mutating func lower(_ kernel: some KernelRule, _ node: NodeContext) throws -> KernelResult {
    let layouts = kernel.layouts
    var inputs = node.inputs
    for (position, layout) in layouts.inputs.enumerated() {
      if let layout { inputs[position] = try form(inputs[position], layout) }
    }
    let output: Value?
    switch layouts.output {
    case .own: output = nil
    case .room(let layout): output = try room(layout)
    case .holding(let position, let layout):
      output = try holding(node.inputs[position], layout, besides: inputs[0])
      inputs[position] = output!
    case .inPlace(let position):
      let source = inputs[position]
      let isFree = builder.isInArena(source) && values.isLastRead(source)
      if isFree { values.overwrite(source) }
      output = isFree ? source : builder.array(source.layout)
    }
    return try kernel.lower(node, inputs, output, into: &self)
  }

  // MARK: Arrays

  /// Room in the arena.
  mutating func array(_ layout: Layout) -> Value { builder.array(layout) }

  /// Room for the output of the node being lowered: its place in a concatenation, where it has one.
  mutating func room(_ layout: Layout) throws -> Value { try place(of: current, layout) ?? builder.array(layout) }

  /// The place of a node's output, should it be in `layout`, within the concatenation that it is part of.
  func place(of node: Int, _ layout: Layout) throws -> Value? {
    guard let place = places[node], let whole = wholes[place.root], whole.layout.type == layout.type,
      try layout == facts.homeLayout(facts.graph.nodes[node].shape, layout.type)
    else { return nil }
    let shape = facts.graph.nodes[place.root].shape
    return whole.viewed(as: layout, byteOffset: place.channel * shape[0] * shape[1] * layout.type.byteCount)
  }

  /// `value` in `layout`, reordered where it is in another.
  mutating func form(_ value: Value, _ layout: Layout) throws -> Value {
    if value.layout == layout { return value }
    if let copy = values.copy(of: value, in: layout) { return copy }
    let copy = builder.array(layout)
    try reorder(value, to: copy)
    values.remember(copy, of: value)
    return copy
  }

  /// An array that already holds `value`, ready to be added to: its own memory where nobody else needs it, a copy otherwise.
  private mutating func holding(_ value: Value, _ layout: Layout, besides input: Value) throws -> Value {
    if value.layout == layout, value.byteOffset == 0, value.buffer != input.buffer, builder.isInArena(value),
      values.isLastRead(value)
    {
      values.overwrite(value)
      return value
    }
    let copy = builder.array(layout)
    try reorder(value, to: copy)
    return copy
  }

  // MARK: Steps

  /// The name of the node being lowered.
  private var name: String { facts.graph.nodes[current].name }

  /// Appends a primitive.
  mutating func append(
    _ kind: String, _ description: PrimitiveDescription, _ operands: [Program.Operand], operationCount: Int = 0
  ) throws {
    try builder.append(kind, of: name, description, operands, operationCount: operationCount)
  }

  /// Appends a loop of our own.
  mutating func append(
    _ kind: String, _ operands: [Program.Operand], operationCount: Int = 0, _ kernel: @escaping Program.Kernel
  ) {
    builder.append(kind, of: name, operands, operationCount: operationCount, kernel)
  }

  /// Appends a loop of our own over arrays.
  mutating func append(_ kind: String, _ values: [Value], _ kernel: @escaping Program.Kernel) {
    builder.append(kind, of: name, values, kernel)
  }

  /// Appends a copy from one layout to another.
  mutating func reorder(_ source: Value, to destination: Value) throws {
    try builder.reorder(source, to: destination, of: name)
  }

  /// Applies an activation to an array that nobody else sees.
  private mutating func applied(_ activation: Activation, to value: Value, _ shape: [Int]) throws -> Value {
    if let chain = Eltwise.chain(for: activation) {
      try appendChain(chain, value, value)
      return value
    }
    let plain = builder.array(try facts.hostLayout(shape))
    try reorder(value, to: plain)
    appendPlain(activation, plain, plain)
    return plain
  }

  // MARK: Weights

  /// The weight in `role` of the node being lowered, in `layout`; its plain form has `extents` and `strides`. Nil where the
  /// node has none.
  func weight(_ role: ParameterRole, _ layout: Layout, extents: [Int], strides: [Int]) throws -> WeightBank.Constant? {
    guard let path = facts.graph.nodes[current].parameters[role] else { return nil }
    let parameters = parameters
    return weights.constant(path, layout, plain: try Layout(extents, strides: strides)) {
      try parameters.tensor(path)
    }
  }

  /// A vector of floats, one a channel; nil where the node has none.
  func vector(_ role: ParameterRole, _ count: Int) throws -> WeightBank.Constant? {
    try weight(role, Layout(rows: [count]), extents: [count], strides: [1])
  }

  /// The bias of the convolution being lowered, filled up to blocks of 16 channels as its output is; nil where it has none.
  func blockedBias(_ c: Convolution) throws -> WeightBank.Constant? {
    guard c.bias else { return nil }
    let extents = [1, c.filters, 1, 1]
    return try weight(.bias, Layout(blocked: extents), extents: extents, strides: [c.filters, 1, 1, 1])
  }
}
