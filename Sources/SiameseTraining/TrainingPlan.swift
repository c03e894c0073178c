import SiameseGraph
import SiameseInference
import SiameseOneDNN
import SiameseTensors

/// A network made ready to train: forward, and backward where gradients are needed, for one batch size.
///
/// Everything is lowered once to oneDNN's primitives and a few loops over one arena in which lifetimes are packed; a
/// step allocates nothing but the tensors it hands out. Use a plan from one thread at a time, the same one if you can:
/// OpenMP keeps a pool for each calling thread. The same seed, weights, inputs and thread count give the same bits.
package final class TrainingPlan {
  /// The network that it trains.
  package let graph: Graph
  /// The weights that it moves, and their gradients.
  package let parameters: TrainingParameters
  /// Rows of one forward or backward pass.
  package let batch: Int
  /// How it was made.
  package let options: TrainingOptions

  let lowered: LoweredTraining
  let program: BoundProgram
  private var hasRunForward = false

  /// Lowers `graph` for batches of `batch` rows, and takes memory for all that a step needs.
  /// - Throws: `TrainingError.nothingToTrain`, `GraphError` where a weight is missing, `InferenceError` where the
  ///   processor lacks the precision, or `OneDNNError`.
  package init(
    _ graph: Graph, _ parameters: TrainingParameters, batch: Int, options: TrainingOptions = TrainingOptions()
  ) throws {
    precondition(batch > 0, "a batch holds at least one row")
    try options.precision.requireAvailable()
    ThreadPool.setThreadCount(options.threads)
    (self.graph, self.parameters, self.batch, self.options) = (graph, parameters, batch, options)
    lowered = try LoweredTraining(graph, parameters, batch: batch, options: options)
    let stream = try ExecutionStream()
    try lowered.weights.load(on: stream)
    program = try BoundProgram(lowered.program, stream: stream)
  }

  /// Trains all of `trainable`, or everything, of a network whose weights a store holds.
  /// - Throws: What the other initialiser throws, or `TrainingError.unknownPath`.
  package convenience init(
    _ graph: Graph, _ store: ParameterStore, batch: Int, trainable: Set<String>? = nil,
    options: TrainingOptions = TrainingOptions()
  ) throws {
    try self.init(graph, TrainingParameters(graph, store, trainable: trainable), batch: batch, options: options)
  }

  /// The network's outputs in training mode, and all that `backward` needs.
  ///
  /// - Parameters:
  ///   - inputs: One tensor `[batch, …]` for each of the graph's input nodes.
  ///   - seed: Fixes what dropout and stochastic depth leave out.
  ///   - movesStatistics: Whether batch normalisation in `batch` mode moves its running statistics.
  /// - Throws: `TrainingError.inputs`, or `OneDNNError`.
  package func forward(_ inputs: [Tensor], seed: UInt64 = 0, movesStatistics: Bool = true) throws -> [Tensor] {
    let expected = lowered.inputs.map(\.shape)
    guard inputs.map(\.shape) == expected else {
      throw TrainingError.inputs(expected: expected, found: inputs.map(\.shape))
    }
    ThreadPool.setThreadCount(options.threads)
    lowered.run.seed = seed
    lowered.run.movesStatistics = movesStatistics
    for (value, tensor) in zip(lowered.inputs, inputs) { tensor.copy(to: floats(value.array)) }
    try program.run(0..<lowered.forwardStepCount)
    hasRunForward = true
    return lowered.outputs.map { Tensor(shape: $0.shape, at: floats($0.array)) }
  }

  /// Leaves in `parameters` the gradient of a scalar with respect to every trained weight, given its gradient with
  /// respect to the outputs of the last `forward`.
  ///
  /// - Parameter accumulating: Adds to the gradients that are there instead of replacing them.
  /// - Throws: `TrainingError.backwardFirst`, `TrainingError.outputGradients`, or `OneDNNError`.
  package func backward(_ gradients: [Tensor], accumulating: Bool = false) throws {
    guard hasRunForward else { throw TrainingError.backwardFirst }
    let expected = lowered.outputs.map(\.shape)
    guard gradients.map(\.shape) == expected else {
      throw TrainingError.outputGradients(expected: expected, found: gradients.map(\.shape))
    }
    ThreadPool.setThreadCount(options.threads)
    lowered.run.accumulates = accumulating
    for (array, tensor) in zip(lowered.outputGradients, gradients) { if let array { tensor.copy(to: floats(array)) } }
    try program.run(lowered.forwardStepCount..<lowered.program.stepCount)
    hasRunForward = false
  }

  /// The gradients with respect to the inputs, after `backward`, where `options.inputGradients` asks for them.
  package var inputGradients: [Tensor] {
    zip(lowered.inputs, lowered.inputGradients).map { input, array in
      array.map { Tensor(shape: input.shape, at: floats($0)) } ?? Tensor(shape: input.shape)
    }
  }

  /// Bytes of activations, gradients of activations and working memory, weights not included.
  package var arenaByteCount: Int { lowered.program.arenaByteCount }

  private func floats(_ array: Value) -> UnsafeMutablePointer<Float> {
    program.pointer(to: array).assumingMemoryBound(to: Float.self)
  }

  /// The seed of one node's draws in a run.
  package static func seed(_ seed: UInt64, node: String) -> UInt64 {
    // Fowler, Noll and Vo's hash of the name, the same in every process.
    let name = node.utf8.reduce(0xCBF2_9CE4_8422_2325 as UInt64) { ($0 ^ UInt64($1)) &* 0x100_0000_01B3 }
    return (seed &+ 1) &* 0xD134_2543_DE82_EF95 ^ name
  }
}
