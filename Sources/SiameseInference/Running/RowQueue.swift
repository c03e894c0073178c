import Foundation

/// Fills rows of numbers on threads of its own, ahead of whoever takes them, in order: pictures that are decoded while a network
/// works on those before.
///
/// ```swift
/// let queue = RowQueue(count: paths.count, rowWidth: 3 * 224 * 224, batchSize: 16) { index, row in
///   let picture = try Picture(contentsOf: paths[index]).resized(width: 224, height: 224)
///   for (i, level) in picture.pixels.enumerated() { row[i] = Float(level) }
/// }
/// while let embeddings = try queue.withNextBatch({ batch in try plan.run(batch.rows) }) { … }
/// ```
///
/// No more than `batchCount` batches exist at a time, however many rows there are: when all are full and none has been
/// taken, the threads wait. Taking may go on from several threads at once; each gets a batch of its own. Dropping the
/// queue before its end stops the threads after the rows in hand.
package final class RowQueue: Sendable {
  /// Consecutive rows, valid until the closure that was given them returns.
  package struct Batch {
    /// Which rows.
    package let range: Range<Int>
    /// `batchSize` rows, 64-byte aligned; those that failed, and those beyond `range.count`, are zero.
    package let rows: UnsafeMutableBufferPointer<Float>
    /// The rows of `range` that could not be filled in, in order, and why.
    package let failures: [(index: Int, error: any Error)]
  }

  private let state: State

  /// - Parameters:
  ///   - count: How many rows there are.
  ///   - rowWidth: How many numbers each has.
  ///   - batchSize: How many rows are handed out together; the last batch may be smaller.
  ///   - threadCount: How many threads fill rows.
  ///   - batchCount: How many batches are held, at least 2: one being taken, the others being filled.
  ///   - fill: Writes one row. Called on several threads at once; the row holds zeros or an older one's numbers.
  package init(
    count: Int, rowWidth: Int, batchSize: Int, threadCount: Int = 1, batchCount: Int = 3,
    fill: @escaping @Sendable (_ index: Int, _ row: UnsafeMutableBufferPointer<Float>) throws -> Void
  ) {
    precondition(count >= 0 && rowWidth > 0 && batchSize > 0, "a queue has rows and batches of positive size")
    state = State(
      count: count, rowWidth: rowWidth, batchSize: min(batchSize, max(count, 1)), batchCount: max(2, batchCount),
      fill: fill)
    for index in 0..<max(1, min(threadCount, count)) {
      // The thread keeps the state alive, not the queue: dropping the queue ends the thread.
      let thread = Thread { [state] in state.work() }
      thread.name = "rows \(index)"
      thread.stackSize = 1 << 20
      thread.start()
    }
  }

  deinit { state.cancel() }

  /// Waits for the next batch and calls `body` with it; `nil` when all have been taken.
  package func withNextBatch<R>(_ body: (Batch) throws -> R) rethrows -> R? {
    guard let (slot, batch) = state.take() else { return nil }
    defer { state.giveBack(slot) }
    return try body(batch)
  }

  private final class State: @unchecked Sendable {
    private let count: Int
    private let rowWidth: Int
    private let batchSize: Int
    private let fill: @Sendable (Int, UnsafeMutableBufferPointer<Float>) throws -> Void

    private let condition = NSCondition()
    private let buffers: [UnsafeMutableBufferPointer<Float>]
    private var free: [Int]
    /// The batches being filled or full: in which buffer, how many rows are done, what failed.
    private var open: [Int: (buffer: Int, doneCount: Int, failures: [(index: Int, error: any Error)])] = [:]
    private var nextRow = 0
    private var nextBatch = 0
    private var isCancelled = false

    init(
      count: Int, rowWidth: Int, batchSize: Int, batchCount: Int,
      fill: @escaping @Sendable (Int, UnsafeMutableBufferPointer<Float>) throws -> Void
    ) {
      self.count = count
      self.rowWidth = rowWidth
      self.batchSize = batchSize
      self.fill = fill
      let needed = min(batchCount, (count + batchSize - 1) / batchSize)
      let width = rowWidth * batchSize
      buffers = (0..<needed).map { _ in
        let bytes = UnsafeMutableRawPointer.allocate(byteCount: width * MemoryLayout<Float>.stride, alignment: 64)
        let floats = bytes.initializeMemory(as: Float.self, repeating: 0, count: width)
        return UnsafeMutableBufferPointer(start: floats, count: width)
      }
      free = Array(0..<needed)
    }

    deinit { for buffer in buffers { UnsafeMutableRawPointer(buffer.baseAddress!).deallocate() } }

    private func size(of batch: Int) -> Int { min(batchSize, count - batch * batchSize) }

    /// One filling thread: claims rows in order until none is left.
    func work() {
      while let (index, buffer) = claim() {
        let row = UnsafeMutableBufferPointer(rebasing: buffers[buffer][rowRange(of: index)])
        var failure: (any Error)?
        do { try fill(index, row) } catch {
          failure = error
          row.update(repeating: 0)
        }
        condition.withLock {
          let batch = index / batchSize
          open[batch]!.doneCount += 1
          if let failure { open[batch]!.failures.append((index, failure)) }
          if open[batch]!.doneCount == size(of: batch) { condition.broadcast() }
        }
      }
    }

    private func rowRange(of index: Int) -> Range<Int> {
      let row = index % batchSize
      return row * rowWidth..<(row + 1) * rowWidth
    }

    private func claim() -> (index: Int, buffer: Int)? {
      condition.withLock {
        while true {
          guard nextRow < count, !isCancelled else { return nil }
          let batch = nextRow / batchSize
          if open[batch] == nil {
            guard let buffer = free.popLast() else {
              condition.wait()
              continue
            }
            open[batch] = (buffer, 0, [])
          }
          defer { nextRow += 1 }
          return (nextRow, open[batch]!.buffer)
        }
      }
    }

    func take() -> (slot: Int, batch: Batch)? {
      condition.withLock {
        let index = nextBatch
        guard index * batchSize < count else { return nil }
        nextBatch += 1
        while open[index].map({ $0.doneCount < size(of: index) }) ?? true { condition.wait() }
        let (buffer, doneCount, failures) = open.removeValue(forKey: index)!
        let start = index * batchSize
        if doneCount < batchSize { buffers[buffer][(doneCount * rowWidth)...].update(repeating: 0) }
        let batch = Batch(
          range: start..<start + doneCount, rows: buffers[buffer], failures: failures.sorted { $0.index < $1.index })
        return (buffer, batch)
      }
    }

    func giveBack(_ buffer: Int) {
      condition.withLock {
        free.append(buffer)
        condition.broadcast()
      }
    }

    func cancel() {
      condition.withLock {
        isCancelled = true
        condition.broadcast()
      }
    }
  }
}
