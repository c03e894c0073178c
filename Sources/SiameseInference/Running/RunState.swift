import Foundation

/// How far the threads of one run are, and what went wrong.
final class RunState: @unchecked Sendable {
  private let lock = NSLock()
  private let stopsAtFailure: Bool
  private var rowFailures: [(index: Int, error: any Error)] = []
  private var error: (any Error)?
  private var doneCount = 0
  private var nextRow = 0

  init(stopsAtFailure: Bool) { self.stopsAtFailure = stopsAtFailure }

  /// Rows that are done.
  var completed: Int { lock.withLock { doneCount } }

  /// Whether threads should take no more rows.
  var isOver: Bool { lock.withLock { error != nil || (stopsAtFailure && !rowFailures.isEmpty) } }

  /// The next rows to be taken, `batch` of them at most; nil when all `count` are.
  func nextRange(_ batch: Int, of count: Int) -> Range<Int>? {
    lock.withLock {
      guard nextRow < count else { return nil }
      defer { nextRow = min(count, nextRow + batch) }
      return nextRow..<min(count, nextRow + batch)
    }
  }

  /// Notes an error that ends the run.
  func fail(_ error: any Error) { lock.withLock { self.error = self.error ?? error } }

  /// Notes rows that are done, and those among them that could not be filled.
  func finish(_ count: Int, failures: [(index: Int, error: any Error)] = []) {
    lock.withLock {
      doneCount += count
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
