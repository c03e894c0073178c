import Foundation
import SiameseGraph
import SiameseOneDNN
import SiameseTensors

/// Runs a graph over any number of rows, as fast as the machine's cores allow: the one way in which commands embed, identify,
/// fine-tune and measure.
///
/// Few rows run with all threads inside the network; many run on one single-threaded plan a thread, which share the weights and
/// take batches as they come free. May be called from any thread; calls take turns. Work runs on long-lived threads of its own.
///
///     let runner = try NetworkRunner(graph, parameters: store, options: RunnerOptions())
///     let embeddings = try runner.run(count: 1000, from: .filled { index, row in … }).outputs[0]
package final class NetworkRunner: @unchecked Sendable {
  private let options: RunnerOptions
  private let graph: InferenceGraph
  private let suggestedBatch: Int
  private let weights = WeightBank()
  private let lock = NSLock()
  /// Plans of the last division in each mode.
  private var teams: [RunnerOptions.Mode: PlanTeam] = [:]

  /// Shapes of one row of the inputs.
  package let inputShapes: [[Int]]
  /// Shapes of one row of the outputs.
  package let outputShapes: [[Int]]

  /// Rewrites `graph` for inference; plans are made and weights laid out when the first rows come.
  /// - Throws: `GraphError` where `parameters` lack a weight of the graph or hold one of another shape; `OneDNNError` where
  ///   the processor lacks the instructions, or others are in force.
  package init(_ graph: Graph, parameters: ParameterStore, options: RunnerOptions = RunnerOptions()) throws {
    self.options = options
    // Before anything asks what is in force, which fixes it: the suggested batch does.
    if let level = options.instructionSet { try Processor.limit(to: level) }
    try parameters.validate(for: graph)
    inputShapes = graph.inputs.map { graph.nodes[$0].shape }
    outputShapes = graph.outputs.map { graph.nodes[$0].shape }
    self.graph = try InferenceGraph(graph, parameters: parameters)
    suggestedBatch = self.graph.suggestedBatch(options.planOptions(threads: 1))
  }

  deinit { for team in teams.values { team.stop() } }

  /// How `count` rows are divided among plans.
  package func division(of count: Int) -> Division { Division(of: count, options, suggested: suggestedBatch) }

  /// Makes the plans for `count` rows, so that the first run need not.
  /// - Throws: what `InferencePlan.init` throws.
  package func prepare(count: Int) throws { _ = try lock.withLock { try team(for: count) } }

  /// The outputs for `count` rows, each `[count, …]`, and the rows that could not be filled, which hold nothing of use.
  ///
  /// - Parameters:
  ///   - source: Where the rows come from.
  ///   - stopsAtFailure: Whether to stop soon after the first row that could not be filled.
  ///   - progress: Hears, some times a second, how many rows are done.
  /// - Throws: what `InferencePlan.init` throws, or `OneDNNError` where a primitive fails.
  package func run(
    count: Int, from source: RowSource, stopsAtFailure: Bool = false, progress: ((_ completed: Int) -> Void)? = nil
  ) throws -> (outputs: [Tensor], failures: [(index: Int, error: any Error)]) {
    try lock.withLock {
      let outputs = OutputRows(count: count, shapes: outputShapes)
      guard count > 0 else { return (outputs.tensors(), []) }
      let state = RunState(stopsAtFailure: stopsAtFailure)
      if count == 1, case .filled(let fill) = source {
        // One row is not worth a thread.
        var row = [Float](repeating: 0, count: inputShapes[0].reduce(1, *))
        do { try row.withUnsafeMutableBufferPointer { try fill(0, $0) } } catch {
          return (outputs.tensors(), [(0, error)])
        }
        try row.withUnsafeBufferPointer {
          try team(for: 1).run(count: 1, from: .memory([$0.baseAddress!]), into: outputs, state, progress)
        }
        return (outputs.tensors(), try state.failures())
      }
      try team(for: count).run(count: count, from: source, into: outputs, state, progress)
      return (outputs.tensors(), try state.failures())
    }
  }

  /// The outputs for host tensors `[count, …]`, one for each input.
  /// - Throws: what `run` throws.
  package func callAsFunction(_ tensors: [Tensor]) throws -> [Tensor] {
    let count = tensors.first?.rowCount ?? 0
    for (tensor, shape) in zip(tensors, inputShapes) {
      precondition(tensor.shape == [count] + shape, "the network takes \([count] + shape), found \(tensor.shape)")
    }
    return try withPointers(to: tensors) { try run(count: count, from: .memory($0)).outputs }
  }

  /// Times every step of one of the plans that `count` rows run on, on the thread that runs it.
  /// - Throws: what `InferencePlan.init` throws, or `OneDNNError` where a primitive fails.
  package func profile(count: Int, runs: Int) throws -> PlanProfile {
    try lock.withLock { try team(for: count).profile(runs: runs) }
  }

  /// Threads inside each plan that `count` rows run on.
  package func threadsInside(count: Int) -> Int { division(of: count).mode == .latency ? options.threads : 1 }

  /// What plans for `count` rows cost: multiplications and additions of the plain algorithms for one row, and bytes of weights and
  /// of intermediate arrays.
  /// - Throws: what `InferencePlan.init` throws.
  package func costs(count: Int) throws -> (operationsPerRow: Double, weightByteCount: Int, arenaByteCount: Int) {
    try lock.withLock {
      let team = try team(for: count)
      return (
        Double(team.plans[0].operationCount) / Double(team.division.batch), weights.byteCount,
        team.plans.reduce(0) { $0 + $1.arenaByteCount }
      )
    }
  }

  private func team(for count: Int) throws -> PlanTeam {
    let division = division(of: count)
    if let known = teams[division.mode], known.division.batch == division.batch, known.plans.count >= division.planCount
    {
      return known
    }
    teams[division.mode]?.stop()
    teams[division.mode] = nil
    let inside = division.mode == .latency ? options.threads : 1
    let made = try PlanTeam(graph, division, options.planOptions(threads: inside), weights)
    teams[division.mode] = made
    return made
  }
}
