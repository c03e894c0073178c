import SiameseGraph
import SiameseOneDNN
import SiameseTensors

/// A graph made ready to run for one batch size, precision and thread count.
///
/// It owns an arena in which the lifetimes of all intermediate arrays are packed; weights lie once in the layouts that
/// its primitives asked for. Running allocates nothing (but for operations that have only plain loops). A plan may be run from any
/// thread, by one at a time; plans made by `init(sharing:)` run side by side on the same weights.
///
///     let plan = try InferencePlan(graph, parameters: store, batch: 1, options: PlanOptions(threads: 2))
///     let features = try plan([picture])[0]
package final class InferencePlan: @unchecked Sendable {
  /// Rows in one run.
  package let batch: Int
  /// How it computes.
  package let options: PlanOptions
  /// Shapes of the inputs, without the batch.
  package let inputShapes: [[Int]]
  /// Shapes of the outputs, without the batch.
  package let outputShapes: [[Int]]
  /// Where the laid-out weights are.
  package let weights: WeightBank
  let bound: BoundProgram

  /// Rewrites `graph` for inference, compiles it and lays out its weights.
  ///
  /// - Parameter weights: Where the laid-out weights are kept; plans with the same bank share them.
  /// - Throws: `GraphError` where a weight is missing or a layer cannot be computed; `InferenceError` where the processor lacks
  ///   the precision or the instructions; what the store's readers throw.
  package convenience init(
    _ graph: Graph, parameters: ParameterStore, batch: Int, options: PlanOptions, weights: WeightBank = WeightBank()
  ) throws {
    try parameters.validate(for: graph)
    try self.init(
      InferenceGraph(graph, parameters: parameters), batch: batch, options: options, weights: weights)
  }

  /// The same of a graph that has been rewritten.
  package convenience init(
    _ graph: InferenceGraph, batch: Int, options: PlanOptions, weights: WeightBank = WeightBank()
  ) throws {
    precondition(batch > 0, "a plan's batch is at least 1")
    if let level = options.instructionSet { try Processor.limit(to: level) }
    try options.precision.requireAvailable()
    ThreadPool.setThreadCount(options.threads)
    var lowering = try Lowering(graph, batch: batch, options: options, weights: weights)
    let program = try lowering.program()
    options.tuning.cache?.save()
    let shapes = (
      inputs: graph.graph.inputs.map { graph.graph.nodes[$0].shape },
      outputs: graph.graph.outputs.map { graph.graph.nodes[$0].shape }
    )
    try self.init(program, shapes, batch: batch, options: options, weights: weights)
  }

  /// Another plan that runs what `other` runs, on the same weights, in an arena of its own.
  /// - Throws: `OneDNNError` where memory is short.
  package convenience init(sharing other: InferencePlan) throws {
    try self.init(
      other.bound.program, (other.inputShapes, other.outputShapes), batch: other.batch, options: other.options,
      weights: other.weights)
  }

  private init(
    _ program: Program, _ shapes: (inputs: [[Int]], outputs: [[Int]]), batch: Int, options: PlanOptions,
    weights: WeightBank
  ) throws {
    (inputShapes, outputShapes) = shapes
    (self.batch, self.options, self.weights) = (batch, options, weights)
    let stream = try ExecutionStream()
    try weights.load(on: stream)
    bound = try BoundProgram(program, stream: stream)
  }

  /// Runs the graph on `inputs`, one array `[batch, …]` of row-major floats for each input node, and leaves the outputs
  /// in `outputs`, one array each. Uses the calling thread and its OpenMP pool.
  /// - Throws: `OneDNNError` where a primitive fails.
  package func run(_ inputs: [UnsafePointer<Float>], into outputs: [UnsafeMutablePointer<Float>]) throws {
    precondition(
      inputs.count == inputShapes.count && outputs.count == outputShapes.count, "one array for each input and output")
    bound.point(inputs, outputs)
    ThreadPool.setThreadCount(options.threads)
    try bound.run()
  }

  /// Runs once and times every step: seconds in step order.
  func timed(_ inputs: [UnsafePointer<Float>], into outputs: [UnsafeMutablePointer<Float>]) throws -> [Double] {
    bound.point(inputs, outputs)
    ThreadPool.setThreadCount(options.threads)
    return try bound.timed()
  }

  /// Runs the graph on host tensors `[batch, …]`.
  /// - Throws: `OneDNNError` where a primitive fails.
  package func callAsFunction(_ tensors: [Tensor]) throws -> [Tensor] {
    for (tensor, shape) in zip(tensors, inputShapes) {
      precondition(tensor.shape == [batch] + shape, "the plan takes \([batch] + shape), found \(tensor.shape)")
    }
    let outputs = OutputRows(count: batch, shapes: outputShapes)
    try withPointers(to: tensors) { try run($0, into: outputs.pointers(at: 0)) }
    return outputs.tensors()
  }

  /// Multiplications and additions of the plain algorithms, in one run.
  package var operationCount: Int { bound.program.steps.reduce(0) { $0 + $1.operationCount } }

  /// Bytes of intermediate arrays and scratch memory.
  package var arenaByteCount: Int { bound.program.arenaByteCount }
}

/// Calls `body` with where the elements of each tensor lie.
package func withPointers<Result>(
  to tensors: [Tensor], _ body: ([UnsafePointer<Float>]) throws -> Result
) throws -> Result {
  var pointers: [UnsafePointer<Float>] = []
  func next(_ index: Int) throws -> Result {
    guard index < tensors.count else { return try body(pointers) }
    return try tensors[index].elements.withUnsafeBufferPointer {
      pointers.append($0.baseAddress!)
      return try next(index + 1)
    }
  }
  return try next(0)
}
