import SiameseGraph
import SiameseInference
import SiameseTensors

/// Times whole training steps: forward, the loss's gradient, backward, Adam; everything trainable.
///
/// ```swift
/// let result = try TrainingBenchmark(graph, parameters: store, batch: 32, threads: 2).run { embeddings in
///   try loss.evaluate(embeddings, labels: labels).gradient
/// }
/// print(result.milliseconds)
/// ```
package struct TrainingBenchmark {
  /// What was measured.
  package struct Result: Sendable {
    /// Each step's time, the first (which touches memory for the first time) left out.
    package let steps: [Double]
    /// The fastest step.
    package var milliseconds: Double { steps.min() ?? .nan }
    /// The middle step by time.
    package var medianMilliseconds: Double { steps.sorted()[steps.count / 2] }
    /// Activations, their gradients and working memory.
    package let arenaByteCount: Int
  }

  private let plan: TrainingPlan
  private let batch: Int
  /// Inputs of seeded noise, one for each input node.
  private let inputs: [Tensor]

  /// Makes a plan that trains every weight. A network whose output is a feature map gets a global average after it.
  /// - Throws: What `TrainingPlan` throws.
  package init(
    _ graph: Graph, parameters: ParameterStore, batch: Int, threads: Int, precision: Precision = .float32,
    recomputation: Recomputation = .never
  ) throws {
    var graph = graph
    if let output = graph.outputs.first, graph.nodes[output].shape.count == 3 {
      graph.outputs = [
        try graph.add("benchmark_average", .globalPooling(.average, keepsDimensions: false), [output])
      ]
    }
    plan = try TrainingPlan(
      graph, parameters, batch: batch,
      options: TrainingOptions(threads: threads, recomputation: recomputation, precision: precision))
    self.batch = batch
    var random = SeededGenerator(seed: 0)
    inputs = graph.inputs.map { node in
      let shape = [batch] + graph.nodes[node].shape
      return Tensor(shape: shape, elements: (0..<shape.reduce(1, *)).map { _ in 2 * random.uniform() - 1 })
    }
  }

  /// Takes one step to touch all memory, then `steps` that count.
  /// - Parameter gradient: The loss's gradient at the outputs `[batch, …]`.
  /// - Throws: What `gradient` throws, or `OneDNNError`.
  package func run(steps: Int = 5, gradient: (Tensor) throws -> Tensor) throws -> Result {
    var optimizer = Optimizer(.adam())
    let clock = ContinuousClock()
    var times: [Double] = []
    for step in 0...max(steps, 1) {
      let time = try clock.measure {
        let outputs = try plan.forward(inputs, seed: UInt64(step))
        try plan.backward(outputs.enumerated().map { $0 == 0 ? try gradient($1) : Tensor(shape: $1.shape) })
        optimizer.step(plan.parameters, rate: 3e-4)
      }
      let parts = time.components
      times.append(Double(parts.seconds) * 1e3 + Double(parts.attoseconds) * 1e-15)
    }
    return Result(steps: Array(times.dropFirst()), arenaByteCount: plan.arenaByteCount)
  }
}
