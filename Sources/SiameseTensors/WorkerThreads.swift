import Foundation
import SiameseOneDNN

/// A fixed set of long-lived threads that run one piece of work together.
///
/// Each worker owns an OpenMP pool of `threadsEach` threads (OpenMP keeps one pool per calling thread, so work handed to
/// the cooperative pool would create pool after pool).
package final class WorkerThreads: @unchecked Sendable {
  /// The number of threads.
  package let count: Int
  private let condition = NSCondition()
  private var work: (@Sendable (Int) -> Void)?
  private var generation = 0
  private var running = 0
  private var stopped = false
  private let turn = NSLock()

  /// Starts `count` threads, at least one, each with an OpenMP pool of `threadsEach` threads; `stop()` ends them.
  package init(count: Int, threadsEach: Int = 1) {
    self.count = max(1, count)
    for index in 0..<self.count {
      let thread = Thread { [self] in
        ThreadPool.setThreadCount(threadsEach)
        serve(index)
      }
      thread.name = "worker \(index)"
      thread.stackSize = 8 << 20
      thread.start()
    }
  }

  /// Calls `body` once on every worker with the worker's index, and returns when all have finished.
  package func run(_ body: @escaping @Sendable (Int) -> Void) {
    turn.withLock {
      start(body)
      while !isFinished(within: 3600) {}
    }
  }

  /// Has every worker call `body`, and returns at once; one caller at a time, who then waits with `isFinished(within:)`.
  package func start(_ body: @escaping @Sendable (Int) -> Void) {
    condition.withLock {
      precondition(running == 0, "the workers are still at the work before")
      work = body
      generation += 1
      running = count
      condition.broadcast()
    }
  }

  /// Waits until the workers have finished, `seconds` at the most, and says whether they have.
  package func isFinished(within seconds: Double) -> Bool {
    condition.withLock {
      let deadline = Date(timeIntervalSinceNow: seconds)
      while running > 0 { if !condition.wait(until: deadline) { break } }
      if running == 0 { work = nil }
      return running == 0
    }
  }

  /// Calls `body` once for every index below `total`, handing indices to whichever worker is free.
  package func forEach(_ total: Int, _ body: @escaping @Sendable (Int) -> Void) {
    let lock = NSLock()
    nonisolated(unsafe) var next = 0
    run { _ in
      while true {
        let index = lock.withLock {
          defer { next += 1 }
          return next
        }
        guard index < total else { return }
        body(index)
      }
    }
  }

  /// Ends the threads once they are idle; the set cannot be used afterwards.
  package func stop() {
    condition.withLock {
      stopped = true
      condition.broadcast()
    }
  }

  private func serve(_ index: Int) {
    var seen = 0
    while true {
      condition.lock()
      while generation == seen && !stopped { condition.wait() }
      if stopped && generation == seen {
        condition.unlock()
        return
      }
      seen = generation
      let body = work
      condition.unlock()
      body?(index)
      condition.lock()
      running -= 1
      if running == 0 { condition.broadcast() }
      condition.unlock()
    }
  }
}
