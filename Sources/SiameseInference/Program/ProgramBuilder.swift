import SiameseOneDNN

/// Puts a program together, step by step.
///
///     var builder = ProgramBuilder()
///     let y = builder.array(x.layout)
///     try builder.append("activation", of: "relu1", description, [.init(.source, x), .init(.destination, y)])
///     let program = builder.finished()
package struct ProgramBuilder {
  private(set) var steps: [Program.Step] = []
  private var buffers: [Program.Buffer] = []

  /// A program without steps.
  package init() {}

  // MARK: Arrays

  /// Room in the arena for an array.
  package mutating func array(_ layout: Layout) -> Value {
    Value(layout: layout, buffer: newBuffer(.arena(byteCount: layout.byteCount)))
  }

  /// An array in memory that lives elsewhere.
  package mutating func array(_ layout: Layout, in storage: Storage) -> Value {
    Value(layout: layout, buffer: newBuffer(.outside(storage)))
  }

  /// The caller's input number `index`.
  mutating func input(_ index: Int, _ layout: Layout) -> Value {
    Value(layout: layout, buffer: newBuffer(.input(index)))
  }

  /// The caller's output number `index`.
  mutating func output(_ index: Int, _ layout: Layout) -> Value {
    Value(layout: layout, buffer: newBuffer(.output(index)))
  }

  /// Makes the arena array `value` the caller's output number `index`; false where it is not alone in an arena buffer.
  mutating func becomesOutput(_ value: Value, _ index: Int) -> Bool {
    guard value.byteOffset == 0, isInArena(value) else { return false }
    buffers[value.buffer] = .output(index)
    return true
  }

  /// Whether the value is in the arena, and so may be overwritten once nobody needs it.
  func isInArena(_ value: Value) -> Bool {
    if case .arena = buffers[value.buffer] { true } else { false }
  }

  private mutating func newBuffer(_ buffer: Program.Buffer) -> Int {
    buffers.append(buffer)
    return buffers.count - 1
  }

  // MARK: Steps

  /// Appends a step that runs a primitive; its scratchpad is added to `operands`.
  /// - Parameters:
  ///   - kind: What it does, in a word or two.
  ///   - node: The graph node it belongs to.
  ///   - operationCount: Multiplications and additions of the plain algorithm.
  ///   - condition: Asked in each run whether the step is to be taken; nil where it always is.
  /// - Throws: `OneDNNError` where oneDNN cannot make the primitive.
  package mutating func append(
    _ kind: String, of node: String, _ description: PrimitiveDescription, _ operands: [Program.Operand],
    operationCount: Int = 0, if condition: (@Sendable () -> Bool)? = nil
  ) throws {
    var operands = operands
    if let scratchpad = description.scratchpad { operands.append(Program.Operand(.scratchpad, array(scratchpad))) }
    steps.append(
      Program.Step(
        node: node, kind: kind, work: .primitive(try Primitive(description)), operands: operands,
        operationCount: operationCount, condition: condition))
  }

  /// Appends a loop of our own, which gets the operands in this order.
  package mutating func append(
    _ kind: String, of node: String, _ operands: [Program.Operand], operationCount: Int = 0,
    if condition: (@Sendable () -> Bool)? = nil, _ kernel: @escaping Program.Kernel
  ) {
    steps.append(
      Program.Step(
        node: node, kind: kind, work: .kernel(kernel), operands: operands, operationCount: operationCount,
        condition: condition))
  }

  /// Appends a loop of our own over arrays.
  package mutating func append(
    _ kind: String, of node: String, _ values: [Value], if condition: (@Sendable () -> Bool)? = nil,
    _ kernel: @escaping Program.Kernel
  ) {
    append(kind, of: node, values.map { Program.Operand(.source, $0) }, if: condition, kernel)
  }

  /// Appends a step that does nothing but keep `values` as they are until then: the caller reads or fills them at that time.
  package mutating func keep(_ values: [Value], _ kind: String) {
    steps.append(
      Program.Step(
        node: "", kind: kind, work: .nothing, operands: values.map { Program.Operand(.source, $0) }, operationCount: 0,
        condition: nil))
  }

  /// Appends a copy from one layout to another.
  package mutating func reorder(_ source: Value, to destination: Value, of node: String, _ kind: String = "reorder")
    throws
  {
    try append(
      kind, of: node, .reorder(from: source.layout, to: destination.layout),
      [Program.Operand(.source, source), Program.Operand(.destination, destination)])
  }

  /// The value in this layout: itself where it lies so already, else an array with a copy.
  package mutating func copy(_ value: Value, in layout: Layout, of node: String) throws -> Value {
    if value.layout == layout { return value }
    let copied = array(layout)
    try reorder(value, to: copied, of: node)
    return copied
  }

  /// How many steps there are so far.
  package var stepCount: Int { steps.count }

  /// The program, its arena packed.
  package func finished() -> Program { Program(steps: steps, buffers: buffers) }
}
