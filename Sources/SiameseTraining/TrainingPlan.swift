import SiameseGraph
import SiameseOneDNN
import SiameseTensors

/// A network made ready to train: forward, and backward where gradients are needed, for one batch size.
///
/// Everything is lowered once to oneDNN's primitives and a few loops over one arena in which lifetimes are packed; a step
/// allocates nothing but the tensors it hands out. Use a plan from one thread at a time, the same one if you can: OpenMP
/// keeps a pool for each calling thread. The same seed, weights, inputs and thread count give the same bits.
package final class TrainingPlan {
  package let graph: Graph
  package let parameters: TrainingParameters
  package let batch: Int
  package let options: TrainingOptions

  private let program: TrainingProgram
  private let run: TrainingRun
  private let inputs: [TrainingValue]
  private let outputs: [TrainingValue]
  /// Where the outputs' gradients are put; nil where the output needs none.
  private let outputGradients: [TrainingArray?]
  private let inputGradientArrays: [TrainingArray?]
  private var hasRunForward = false

  /// - Throws: `TrainingError.nothingToTrain`, `GraphError` where a weight is missing, `InferenceError` where the processor
  ///   lacks the precision, or `OneDNNError`.
  package init(
    _ graph: Graph, _ parameters: TrainingParameters, batch: Int, options: TrainingOptions = TrainingOptions()
  ) throws {
    precondition(batch > 0, "a batch holds at least one row")
    try options.precision.requireAvailable()
    ThreadPool.setThreadCount(options.threads)
    (self.graph, self.parameters, self.batch, self.options) = (graph, parameters, batch, options)
    let made = try TrainingPlan.lowered(graph, parameters, batch, options)
    (program, run, inputs, outputs) = (made.program, made.run, made.inputs, made.outputs)
    (outputGradients, inputGradientArrays) = (made.outputGradients, made.inputGradients)
    try program.place()
  }

  /// Trains all of `trainable`, or everything, of a network whose weights a store holds.
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
  package func forward(_ inputs: [Tensor], seed: UInt64 = 0, movesStatistics: Bool = true) throws -> [Tensor] {
    let expected = self.inputs.map(\.shape)
    guard inputs.map(\.shape) == expected else {
      throw TrainingError.inputs(expected: expected, found: inputs.map(\.shape))
    }
    ThreadPool.setThreadCount(options.threads)
    run.seed = seed
    run.movesStatistics = movesStatistics
    for (value, tensor) in zip(self.inputs, inputs) { value.array.fill(tensor) }
    try program.runForward()
    hasRunForward = true
    return outputs.map { $0.array.tensor($0.shape) }
  }

  /// Leaves in `parameters` the gradient of a scalar with respect to every trained weight, given its gradient with
  /// respect to the outputs of the last `forward`.
  ///
  /// - Parameter accumulating: Adds to the gradients that are there instead of replacing them.
  package func backward(_ gradients: [Tensor], accumulating: Bool = false) throws {
    guard hasRunForward else { throw TrainingError.backwardFirst }
    let expected = outputs.map(\.shape)
    guard gradients.map(\.shape) == expected else {
      throw TrainingError.outputGradients(expected: expected, found: gradients.map(\.shape))
    }
    ThreadPool.setThreadCount(options.threads)
    run.accumulates = accumulating
    for (array, tensor) in zip(outputGradients, gradients) { array?.fill(tensor) }
    try program.runBackward()
    hasRunForward = false
  }

  /// The gradients with respect to the inputs, after `backward`, where `options.inputGradients` asks for them.
  package var inputGradients: [Tensor] {
    zip(inputs, inputGradientArrays).map { input, array in
      array?.tensor(input.shape) ?? Tensor(shape: input.shape)
    }
  }

  /// Bytes of activations, gradients of activations and working memory, weights not included.
  package var arenaByteCount: Int { program.byteCount }

  /// The time of every step of one forward and backward pass, in milliseconds.
  package func profile() throws -> [(name: String, milliseconds: Double)] {
    ThreadPool.setThreadCount(options.threads)
    return try program.profile()
  }

  /// The seed of one node's draws in a run.
  package static func seed(_ seed: UInt64, node: String) -> UInt64 {
    // Fowler, Noll and Vo's hash of the name, the same in every process.
    let name = node.utf8.reduce(0xCBF2_9CE4_8422_2325 as UInt64) { ($0 ^ UInt64($1)) &* 0x100_0000_01B3 }
    return (seed &+ 1) &* 0xD134_2543_DE82_EF95 ^ name
  }
}

extension TrainingArray {
  func fill(_ tensor: Tensor) {
    tensor.elements.withUnsafeBufferPointer {
      if let base = $0.baseAddress { floats.update(from: base, count: $0.count) }
    }
  }

  func tensor(_ shape: [Int]) -> Tensor {
    Tensor(shape: shape, elements: Array(UnsafeBufferPointer(start: floats, count: shape.reduce(1, *))))
  }
}
