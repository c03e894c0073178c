import Dispatch
import SiameseOneDNN

/// A program with memory to run in: an arena of its own, and the weights that it shares with others.
///
/// May be run from any thread, by one at a time. Uses the calling thread's OpenMP pool.
package final class BoundProgram {
  /// What it runs.
  package let program: Program
  private let arena: Storage
  private let stream: ExecutionStream
  private var work: [Bound] = []
  /// What has to be told where the caller's arrays are.
  private var inputs: [External], outputs: [External]

  /// One step with its arrays.
  private enum Bound {
    case command(Command)
    case kernel(Program.Kernel, UnsafeMutablePointer<UnsafeMutableRawPointer>)
    case nothing
  }

  private struct External {
    var memories: [Memory] = []
    var slots: [(UnsafeMutablePointer<UnsafeMutableRawPointer>, byteOffset: Int)] = []

    func point(to pointer: UnsafeMutableRawPointer) {
      for memory in memories { memory.pointer = pointer }
      for (slot, byteOffset) in slots { slot.pointee = pointer + byteOffset }
    }
  }

  /// Takes memory for `program`, whose weights have been loaded.
  /// - Throws: `OneDNNError` where there is not enough memory.
  package init(_ program: Program, stream: ExecutionStream) throws {
    self.program = program
    self.stream = stream
    arena = try Storage(byteCount: program.arenaByteCount)
    let counts = program.externalCounts
    inputs = Array(repeating: External(), count: counts.inputs)
    outputs = Array(repeating: External(), count: counts.outputs)
    for step in program.steps { work.append(try bound(step)) }
  }

  deinit {
    for case .kernel(_, let pointers) in work { pointers.deallocate() }
  }

  private func bound(_ step: Program.Step) throws -> Bound {
    switch step.work {
    case .nothing: return .nothing
    case .primitive(let primitive): return .command(Command(primitive, try step.operands.map(memory)))
    case .kernel(let kernel):
      let pointers = UnsafeMutablePointer<UnsafeMutableRawPointer>.allocate(capacity: max(1, step.operands.count))
      for (slot, operand) in step.operands.enumerated() { place(operand, in: pointers + slot) }
      return .kernel(kernel, pointers)
    }
  }

  private func memory(_ operand: Program.Operand) throws -> (Argument, Memory) {
    switch operand.place {
    case .weight(let constant): return (operand.argument, constant.loaded)
    case .buffer(let buffer, let byteOffset):
      let memory = try Memory(operand.layout, at: pointer(buffer, byteOffset))
      if case .input(let index) = program.buffers[buffer] { inputs[index].memories.append(memory) }
      if case .output(let index) = program.buffers[buffer] { outputs[index].memories.append(memory) }
      return (operand.argument, memory)
    }
  }

  private func place(_ operand: Program.Operand, in slot: UnsafeMutablePointer<UnsafeMutableRawPointer>) {
    switch operand.place {
    case .weight(let constant): slot.initialize(to: constant.pointer)
    case .buffer(let buffer, let byteOffset):
      slot.initialize(to: pointer(buffer, byteOffset) ?? arena.pointer)
      if case .input(let index) = program.buffers[buffer] { inputs[index].slots.append((slot, byteOffset)) }
      if case .output(let index) = program.buffers[buffer] { outputs[index].slots.append((slot, byteOffset)) }
    }
  }

  private func pointer(_ buffer: Int, _ byteOffset: Int) -> UnsafeMutableRawPointer? {
    switch program.buffers[buffer] {
    case .arena: arena.pointer + program.offsets[buffer] + byteOffset
    case .outside(let storage): storage.pointer + byteOffset
    case .input, .output: nil
    }
  }

  /// Where an array lies that is not the caller's own.
  package func pointer(to value: Value) -> UnsafeMutableRawPointer {
    guard let pointer = pointer(value.buffer, value.byteOffset) else {
      preconditionFailure("the caller's arrays are where the caller put them")
    }
    return pointer
  }

  /// Says where the caller's arrays are in the runs that follow, one pointer for each input and output.
  func point(_ inputs: [UnsafePointer<Float>], _ outputs: [UnsafeMutablePointer<Float>]) {
    for (external, pointer) in zip(self.inputs, inputs) {
      external.point(to: UnsafeMutableRawPointer(mutating: pointer))
    }
    for (external, pointer) in zip(self.outputs, outputs) { external.point(to: pointer) }
  }

  /// Runs all steps, or those of a range.
  /// - Throws: `OneDNNError` where a primitive fails.
  package func run(_ steps: Range<Int>? = nil) throws {
    for index in steps ?? 0..<work.count { try run(index) }
  }

  @inline(__always)
  private func run(_ index: Int) throws {
    if let condition = program.steps[index].condition, !condition() { return }
    switch work[index] {
    case .command(let command): try command.run(on: stream)
    case .kernel(let kernel, let pointers): kernel(Operands(pointers: pointers))
    case .nothing: break
    }
  }

  /// Runs once and times every step: seconds in step order.
  package func timed() throws -> [Double] {
    try work.indices.map { index in
      let start = DispatchTime.now().uptimeNanoseconds
      try run(index)
      return Double(DispatchTime.now().uptimeNanoseconds - start) * 1e-9
    }
  }
}
