import Foundation
import SiameseGraph
import SiameseImages
import SiameseInference
import SiameseTensors

/// Runs a graph of one input over any number of rows, filled and computed side by side.
///
/// One row at a time runs with all threads inside the network; many run on one single-threaded plan a thread, which share
/// the weights and take batches from a bounded queue as they come free.
package final class NetworkRunner: @unchecked Sendable {
  private let options: EmbeddingOptions
  private let threads: Int
  private let lock = NSLock()
  private let graph: InferenceGraph
  private let inputWidth: Int
  private let outputShapes: [[Int]]
  private let weights = WeightBank()
  private var single: InferencePlan?
  private var copies: [InferencePlan] = []
  private lazy var team = WorkerThreads(count: threads)
  private lazy var caller = WorkerThreads(count: 1, threadsEach: threads)

  /// - Throws: where `parameters` lack a weight of the graph or hold one of another shape.
  package init(_ graph: Graph, parameters: ParameterStore, options: EmbeddingOptions) throws {
    precondition(graph.inputs.count == 1, "a runner fills one input")
    self.options = options
    threads = max(1, options.threads ?? ProcessInfo.processInfo.activeProcessorCount)
    try parameters.validate(for: graph)
    self.graph = try InferenceGraph(graph, parameters: parameters)
    inputWidth = graph.nodes[graph.inputs[0]].shape.reduce(1, *)
    outputShapes = graph.outputs.map { graph.nodes[$0].shape }
  }

  deinit {
    team.stop()
    caller.stop()
  }

  /// The outputs for one row.
  package func runOne(_ fill: (UnsafeMutableBufferPointer<Float>) throws -> Void) throws -> [[Float]] {
    try lock.withLock {
      let plan = try single ?? makePlan(batch: 1, threads: threads)
      single = plan
      var input = [Float](repeating: 0, count: inputWidth)
      try input.withUnsafeMutableBufferPointer { try fill($0) }
      let outputs = OutputRows(count: 1, widths: outputShapes.map { $0.reduce(1, *) })
      // On a thread of ours, whose OpenMP pool stays alive between calls.
      nonisolated(unsafe) var failure: (any Error)?
      input.withUnsafeBufferPointer { input in
        nonisolated(unsafe) let input = input.baseAddress!
        caller.run { _ in
          do { try plan.run([input], into: outputs.pointers(at: 0)) } catch { failure = error }
        }
      }
      if let failure { throw failure }
      return outputs.tensors(shapes: outputShapes).map(\.elements)
    }
  }

  /// The outputs for `count` rows, each `[count, …]`, and the rows that `fill` could not write, which hold nothing of use.
  ///
  /// - Parameters:
  ///   - stopsAtFailure: Whether to stop soon after the first row that `fill` could not write.
  ///   - fill: Writes one row; called on several threads at once.
  package func run(
    count: Int, stopsAtFailure: Bool = false, phase: String = "embedding", progress: ProgressHandler? = nil,
    fill: @escaping @Sendable (Int, UnsafeMutableBufferPointer<Float>) throws -> Void
  ) throws -> (outputs: [Tensor], failures: [(index: Int, error: any Error)]) {
    try lock.withLock {
      let batch = min(
        options.batch, max(1, (count + threads - 1) / threads), graph.suggestedBatch(planOptions(threads: 1)))
      if copies.first?.batch != batch { copies = [] }
      while copies.count < min(threads, max(1, (count + batch - 1) / batch)) {
        copies.append(try copies.first.map { try InferencePlan(sharing: $0) } ?? makePlan(batch: batch, threads: 1))
      }
      let queue = PictureQueue(
        count: count, rowWidth: inputWidth, batchSize: batch, threadCount: threads, batchCount: copies.count + 2, fill: fill)
      let outputs = OutputRows(count: count, widths: outputShapes.map { $0.reduce(1, *) })
      let state = RunState()
      let plans = copies
      team.start { worker in
        guard worker < plans.count else { return }
        let scratch = OutputRows(count: batch, widths: outputs.widths)
        while !state.isOver(stopsAtFailure: stopsAtFailure) {
          let taken: Void? = queue.withNextBatch { rows in
            do {
              try plans[worker].run([UnsafePointer(rows.rows.baseAddress!)], into: scratch.pointers(at: 0))
              outputs.take(scratch, rows: rows.range)
              state.finish(rows.range.count, failures: rows.failures)
            } catch {
              state.fail(error)
            }
          }
          if taken == nil { break }
        }
      }
      repeat {
        progress?(ProgressUpdate(phase: phase, completed: state.completed, total: count, unit: "pictures"))
      } while !team.isFinished(within: 0.1)
      progress?(ProgressUpdate(phase: phase, completed: state.completed, total: count, unit: "pictures"))
      let failures = try state.failures()
      return (outputs.tensors(shapes: outputShapes, rows: count), failures)
    }
  }

  private func makePlan(batch: Int, threads: Int) throws -> InferencePlan {
    try InferencePlan(graph, batch: batch, options: planOptions(threads: threads), weights: weights)
  }

  private func planOptions(threads: Int) -> PlanOptions {
    PlanOptions(precision: options.precision.planned, threads: threads)
  }
}

/// Rows of several outputs, written side by side from several threads.
private final class OutputRows: @unchecked Sendable {
  let widths: [Int]
  private let count: Int
  private let bases: [UnsafeMutablePointer<Float>]

  init(count: Int, widths: [Int]) {
    (self.count, self.widths) = (count, widths)
    bases = widths.map { width in
      let base = UnsafeMutablePointer<Float>.allocate(capacity: max(1, count * width))
      base.initialize(repeating: 0, count: count * width)
      return base
    }
  }

  deinit { for base in bases { base.deallocate() } }

  func pointers(at row: Int) -> [UnsafeMutablePointer<Float>] { zip(bases, widths).map { $0 + row * $1 } }

  func take(_ other: OutputRows, rows: Range<Int>) {
    for (index, width) in widths.enumerated() {
      (bases[index] + rows.lowerBound * width).update(from: other.bases[index], count: rows.count * width)
    }
  }

  func tensors(shapes: [[Int]], rows: Int? = nil) -> [Tensor] {
    zip(shapes, zip(bases, widths)).map { shape, output in
      let rows = rows ?? count
      return Tensor(
        shape: [rows] + shape, elements: [Float](UnsafeBufferPointer(start: output.0, count: rows * output.1)))
    }
  }
}

/// How far the threads of one run are.
private final class RunState: @unchecked Sendable {
  private let lock = NSLock()
  private var rowFailures: [(index: Int, error: any Error)] = []
  private var error: (any Error)?
  private var done = 0

  var completed: Int { lock.withLock { done } }

  func isOver(stopsAtFailure: Bool) -> Bool { lock.withLock { error != nil || (stopsAtFailure && !rowFailures.isEmpty) } }

  func fail(_ error: any Error) { lock.withLock { self.error = self.error ?? error } }

  func finish(_ count: Int, failures: [(index: Int, error: any Error)]) {
    lock.withLock {
      done += count
      rowFailures += failures
    }
  }

  /// The rows that could not be filled, in order.
  /// - Throws: what ended the run, if anything did.
  func failures() throws -> [(index: Int, error: any Error)] {
    if let error { throw error }
    return rowFailures.sorted { $0.index < $1.index }
  }
}
