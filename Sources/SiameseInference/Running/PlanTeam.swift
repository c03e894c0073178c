import SiameseGraph
import SiameseTensors

/// Plans on shared weights, each with a long-lived thread of its own.
final class PlanTeam: @unchecked Sendable {
  let division: Division
  let plans: [InferencePlan]
  private let threads: WorkerThreads

  /// - Throws: what `InferencePlan.init` throws.
  init(_ graph: InferenceGraph, _ division: Division, _ options: PlanOptions, _ weights: WeightBank) throws {
    self.division = division
    let threads = WorkerThreads(count: division.planCount, threadsEach: options.threads)
    do {
      // Made where it will run: oneDNN asks the thread for the size of its pool.
      let first = try threads.onFirst {
        try InferencePlan(graph, batch: division.batch, options: options, weights: weights)
      }
      plans = try [first] + (1..<division.planCount).map { _ in try InferencePlan(sharing: first) }
    } catch {
      threads.stop()
      throw error
    }
    self.threads = threads
  }

  /// Ends the threads; the team cannot be used afterwards.
  func stop() { threads.stop() }

  /// Runs `count` rows and leaves what they become in `outputs`.
  func run(
    count: Int, from source: RowSource, into outputs: OutputRows, _ state: RunState, _ progress: ((Int) -> Void)?
  ) throws {
    switch source {
    case .memory(let inputs): start(count, inputs, outputs, state)
    case .filled(let fill): start(count, fill, outputs, state)
    }
    repeat { progress?(state.completed) } while !threads.isFinished(within: 0.1)
    progress?(state.completed)
  }

  /// Each plan takes the next rows of the arrays; the last ones are filled up with zeros where there are too few.
  private func start(_ count: Int, _ inputs: [UnsafePointer<Float>], _ outputs: OutputRows, _ state: RunState) {
    let widths = plans[0].inputShapes.map { $0.reduce(1, *) }, batch = division.batch
    nonisolated(unsafe) let inputs = inputs
    threads.start { [plans] worker in
      while !state.isOver, let rows = state.nextRange(batch, of: count) {
        do {
          let sources = zip(inputs, widths).map { $0 + rows.lowerBound * $1 }
          if rows.count == batch {
            try plans[worker].run(sources, into: outputs.pointers(at: rows.lowerBound))
          } else {
            let filled = OutputRows(count: batch, shapes: plans[worker].inputShapes)
            for (target, (source, width)) in zip(filled.pointers(at: 0), zip(sources, widths)) {
              target.update(from: source, count: rows.count * width)
            }
            let results = OutputRows(count: batch, shapes: plans[worker].outputShapes)
            try plans[worker].run(filled.pointers(at: 0).map { UnsafePointer($0) }, into: results.pointers(at: 0))
            outputs.take(results, rows: rows)
          }
          state.finish(rows.count)
        } catch { state.fail(error) }
      }
    }
  }

  /// Rows are filled by as many threads as there are, a few batches ahead.
  private func start(
    _ count: Int, _ fill: @escaping @Sendable (Int, UnsafeMutableBufferPointer<Float>) throws -> Void,
    _ outputs: OutputRows,
    _ state: RunState
  ) {
    precondition(plans[0].inputShapes.count == 1, "rows that are filled are those of one input")
    let queue = RowQueue(
      count: count, rowWidth: plans[0].inputShapes[0].reduce(1, *), batchSize: division.batch,
      threadCount: threads.count * plans[0].options.threads, batchCount: plans.count + 2, fill: fill)
    threads.start { [plans] worker in
      let scratch = OutputRows(count: plans[worker].batch, shapes: plans[worker].outputShapes)
      while !state.isOver {
        let taken: Void? = queue.withNextBatch { rows in
          do {
            try plans[worker].run([UnsafePointer(rows.rows.baseAddress!)], into: scratch.pointers(at: 0))
            outputs.take(scratch, rows: rows.range)
            state.finish(rows.range.count, failures: rows.failures)
          } catch { state.fail(error) }
        }
        if taken == nil { break }
      }
    }
  }

  /// Times every step of the first plan, on its thread.
  func profile(runs: Int) throws -> PlanProfile { try threads.onFirst { [plans] in try plans[0].profile(runs: runs) } }
}

extension WorkerThreads {
  /// What `body` returns, computed on the first worker.
  fileprivate func onFirst<Value>(_ body: @escaping @Sendable () throws -> Value) throws -> Value {
    nonisolated(unsafe) var result: Result<Value, any Error>?
    run { worker in if worker == 0 { result = Result { try body() } } }
    guard let result else { preconditionFailure("the first worker ran") }
    return try result.get()
  }
}
