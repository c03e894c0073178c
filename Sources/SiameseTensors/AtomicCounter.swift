import Foundation

/// Hands out 0, 1, 2, … once each, to whichever thread asks.
package final class AtomicCounter: @unchecked Sendable {
  private let lock = NSLock()
  private var value = 0

  /// A counter whose first number is 0.
  package init() {}

  /// The next number, or nil once it would reach `limit`.
  package func next(below limit: Int) -> Int? {
    lock.withLock {
      guard value < limit else { return nil }
      defer { value += 1 }
      return value
    }
  }
}
