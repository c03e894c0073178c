import Foundation
import SiameseGraph
import SiameseOneDNN
import SiameseTensors

/// A graph made ready to run for one batch size, precision and thread count.
///
/// It owns an arena in which the lifetimes of all intermediate arrays are packed; weights lie once in the layouts that
/// its primitives asked for. Running allocates nothing. A plan may be run from any thread, by one at a time; plans made
/// by `init(sharing:)` run side by side on the same weights.
///
///     let plan = try InferencePlan(graph, parameters: store, batch: 1, options: PlanOptions(threads: 2))
///     let features = try plan([picture])[0]
package final class InferencePlan: @unchecked Sendable {
  package let batch: Int
  package let options: PlanOptions
  /// Shapes of the inputs and outputs, without the batch.
  package var inputShapes: [[Int]] { program.inputShapes }
  package var outputShapes: [[Int]] { program.outputShapes }
  package let weights: WeightBank

  let program: Program
  private let arena: Storage
  private let stream: ExecutionStream
  private var work: [Bound] = []
  /// What has to be told where the caller's arrays are.
  private var inputs: [External]
  private var outputs: [External]

  /// One step with its arrays.
  enum Bound {
    case command(Command)
    case kernel(Program.Kernel, UnsafeMutablePointer<UnsafeMutableRawPointer>)
  }

  private struct External {
    var memories: [Memory] = []
    var slots: [(UnsafeMutablePointer<UnsafeMutableRawPointer>, byteOffset: Int)] = []

    func point(to pointer: UnsafeMutableRawPointer) {
      for memory in memories { memory.pointer = pointer }
      for (slot, byteOffset) in slots { slot.pointee = pointer + byteOffset }
    }
  }

  /// Rewrites `graph` for inference, compiles it and lays out its weights.
  ///
  /// - Parameter weights: Where the laid-out weights are kept; plans with the same bank share them.
  package convenience init(
    _ graph: Graph, parameters: ParameterStore, batch: Int, options: PlanOptions, weights: WeightBank = WeightBank()
  ) throws {
    try parameters.validate(for: graph)
    try self.init(
      InferenceGraph(graph, parameters: parameters), batch: batch, options: options, weights: weights)
  }

  package convenience init(
    _ graph: InferenceGraph, batch: Int, options: PlanOptions, weights: WeightBank = WeightBank()
  ) throws {
    precondition(batch > 0, "a plan's batch is at least 1")
    try options.precision.requireAvailable()
    let stream = try ExecutionStream()
    ThreadPool.setThreadCount(options.threads)
    var lowering = try Lowering(graph, batch: batch, options: options, weights: weights)
    let program = try lowering.program()
    options.tuning.cache?.save()
    try weights.load(on: stream)
    try self.init(program, batch: batch, options: options, weights: weights, stream: stream)
  }

  /// Another plan that runs what `other` runs, on the same weights, in an arena of its own.
  package convenience init(sharing other: InferencePlan) throws {
    try self.init(
      other.program, batch: other.batch, options: other.options, weights: other.weights, stream: try ExecutionStream())
  }

  private init(
    _ program: Program, batch: Int, options: PlanOptions, weights: WeightBank, stream: ExecutionStream
  ) throws {
    self.program = program
    self.batch = batch
    self.options = options
    self.weights = weights
    self.stream = stream
    arena = try Storage(byteCount: program.arenaByteCount)
    inputs = program.inputShapes.map { _ in External() }
    outputs = program.outputShapes.map { _ in External() }
    for step in program.steps { work.append(try bound(step)) }
  }

  deinit {
    for case .kernel(_, let pointers) in work { pointers.deallocate() }
  }

  private func bound(_ step: Program.Step) throws -> Bound {
    switch step.work {
    case .primitive(let primitive):
      var arguments: [(Argument, Memory)] = []
      for operand in step.operands {
        switch operand.place {
        case .weight(let constant):
          guard let memory = constant.memory else { preconditionFailure("a plan is bound before its weights are loaded") }
          arguments.append((operand.argument, memory))
        case .buffer(let buffer, let byteOffset):
          let memory = try Memory(operand.layout, at: pointer(buffer, byteOffset))
          if case .input(let index) = program.buffers[buffer] { inputs[index].memories.append(memory) }
          if case .output(let index) = program.buffers[buffer] { outputs[index].memories.append(memory) }
          arguments.append((operand.argument, memory))
        }
      }
      return .command(Command(primitive, arguments))
    case .kernel(_, let kernel):
      let pointers = UnsafeMutablePointer<UnsafeMutableRawPointer>.allocate(capacity: step.operands.count)
      for (slot, operand) in step.operands.enumerated() {
        switch operand.place {
        case .weight(let constant): (pointers + slot).initialize(to: constant.memory!.pointer!)
        case .buffer(let buffer, let byteOffset):
          (pointers + slot).initialize(to: pointer(buffer, byteOffset) ?? arena.pointer)
          if case .input(let index) = program.buffers[buffer] { inputs[index].slots.append((pointers + slot, byteOffset)) }
          if case .output(let index) = program.buffers[buffer] {
            outputs[index].slots.append((pointers + slot, byteOffset))
          }
        }
      }
      return .kernel(kernel, pointers)
    }
  }

  private func pointer(_ buffer: Int, _ byteOffset: Int) -> UnsafeMutableRawPointer? {
    guard case .arena = program.buffers[buffer] else { return nil }
    return arena.pointer + program.offsets[buffer] + byteOffset
  }

  /// Runs the graph on `inputs`, one array `[batch, …]` of row-major floats for each input node, and leaves the outputs
  /// in `outputs`, one array each. Uses the calling thread and its OpenMP pool.
  package func run(_ inputs: [UnsafePointer<Float>], into outputs: [UnsafeMutablePointer<Float>]) throws {
    precondition(
      inputs.count == self.inputs.count && outputs.count == self.outputs.count, "one array for each input and output")
    for (external, pointer) in zip(self.inputs, inputs) {
      external.point(to: UnsafeMutableRawPointer(mutating: pointer))
    }
    for (external, pointer) in zip(self.outputs, outputs) { external.point(to: pointer) }
    ThreadPool.setThreadCount(options.threads)
    for step in work { try run(step) }
  }

  @inline(__always)
  private func run(_ step: Bound) throws {
    switch step {
    case .command(let command): try command.run(on: stream)
    case .kernel(let kernel, let pointers): kernel(pointers)
    }
  }

  /// Runs once and times every step: seconds in step order.
  func timed(_ inputs: [UnsafePointer<Float>], into outputs: [UnsafeMutablePointer<Float>]) throws -> [Double] {
    for (external, pointer) in zip(self.inputs, inputs) {
      external.point(to: UnsafeMutableRawPointer(mutating: pointer))
    }
    for (external, pointer) in zip(self.outputs, outputs) { external.point(to: pointer) }
    ThreadPool.setThreadCount(options.threads)
    return try work.map { step in
      let start = DispatchTime.now().uptimeNanoseconds
      try run(step)
      return Double(DispatchTime.now().uptimeNanoseconds - start) * 1e-9
    }
  }

  /// Runs the graph on host tensors `[batch, …]`.
  package func callAsFunction(_ tensors: [Tensor]) throws -> [Tensor] {
    for (tensor, shape) in zip(tensors, inputShapes) {
      precondition(tensor.shape == [batch] + shape, "the plan takes \([batch] + shape), found \(tensor.shape)")
    }
    let results = outputShapes.map { shape in
      UnsafeMutableBufferPointer<Float>.allocate(capacity: batch * shape.reduce(1, *))
    }
    defer { for result in results { result.deallocate() } }
    var pointers: [UnsafePointer<Float>] = []
    func withPointer(toInput index: Int) throws {
      guard index < tensors.count else { return try run(pointers, into: results.map { $0.baseAddress! }) }
      try tensors[index].elements.withUnsafeBufferPointer {
        pointers.append($0.baseAddress!)
        try withPointer(toInput: index + 1)
      }
    }
    try withPointer(toInput: 0)
    return zip(outputShapes, results).map { Tensor(shape: [batch] + $0, elements: Array($1)) }
  }

  /// Bytes of intermediate arrays and scratch memory.
  package var arenaByteCount: Int { program.arenaByteCount }
}
