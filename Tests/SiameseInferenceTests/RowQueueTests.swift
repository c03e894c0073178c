import Foundation
import SiameseInference
import Testing

@Suite struct RowQueueTests {
  private struct Unreadable: Error, Equatable { let index: Int }

  @Test(arguments: [(0, 3, 1), (1, 4, 2), (7, 3, 1), (50, 4, 3), (64, 16, 2), (5, 100, 4)])
  func `rows come in order whatever the threads do`(count: Int, batchSize: Int, threadCount: Int) {
    let queue = RowQueue(count: count, rowWidth: 3, batchSize: batchSize, threadCount: threadCount) { index, row in
      if index % 3 == 0 { usleep(300) }
      for i in 0..<3 { row[i] = Float(index * 10 + i) }
    }
    var next = 0
    while let taken = queue.withNextBatch({ batch -> Int in
      #expect(batch.range.lowerBound == next)
      #expect(batch.failures.isEmpty)
      for (row, index) in batch.range.enumerated() {
        for i in 0..<3 { #expect(batch.rows[3 * row + i] == Float(index * 10 + i)) }
      }
      for value in batch.rows[(3 * batch.range.count)...] { #expect(value == 0) }
      return batch.range.count
    }) { next += taken }
    #expect(next == count)
    #expect(queue.withNextBatch { _ in true } == nil)
  }

  @Test func `a picture that fails is told in order and leaves a row of zeros`() {
    let queue = RowQueue(count: 40, rowWidth: 2, batchSize: 8, threadCount: 3) { index, row in
      row[0] = 1
      row[1] = 1
      if index % 5 == 2 { throw Unreadable(index: index) }
    }
    var failed: [Int] = []
    while let indices = queue.withNextBatch({ batch -> [Int] in
      for (row, index) in batch.range.enumerated() { #expect(batch.rows[2 * row] == (index % 5 == 2 ? 0 : 1)) }
      return batch.failures.map { failure in
        #expect(failure.error as? Unreadable == Unreadable(index: failure.index))
        return failure.index
      }
    }) { failed += indices }
    #expect(failed == Array(stride(from: 2, to: 40, by: 5)))
  }

  @Test func `threads stop ahead of a slow taker, so memory stays bounded`() {
    let lock = NSLock()
    nonisolated(unsafe) var started = 0
    let queue = RowQueue(count: 1000, rowWidth: 1, batchSize: 10, threadCount: 2, batchCount: 3) { _, _ in
      lock.withLock { started += 1 }
    }
    var taken = 0
    while queue.withNextBatch({ batch -> Void in
      usleep(500)
      taken += batch.range.count
      lock.withLock { #expect(started <= taken + 20) }
    }) != nil {}
    #expect(taken == 1000)
  }

  @Test func `several takers share the batches`() {
    let queue = RowQueue(count: 300, rowWidth: 1, batchSize: 7, threadCount: 2) { index, row in row[0] = Float(index) }
    let lock = NSLock()
    nonisolated(unsafe) var seen: [Float] = []
    DispatchQueue.concurrentPerform(iterations: 3) { _ in
      while queue.withNextBatch({ batch -> Void in
        let values = Array(batch.rows[0..<batch.range.count])
        lock.withLock { seen += values }
      }) != nil {}
    }
    #expect(seen.sorted() == (0..<300).map(Float.init))
  }

  @Test func `dropping the queue ends its threads`() {
    final class Token: Sendable {}
    weak var token: Token?
    do {
      let kept = Token()
      token = kept
      let queue = RowQueue(count: 1_000_000, rowWidth: 1, batchSize: 2) { [kept] _, _ in _ = kept }
      _ = queue.withNextBatch { _ in }
    }
    for _ in 0..<1000 where token != nil { usleep(1000) }
    #expect(token == nil)
  }

  @Test func `an error of the taker passes through and the batch is given back`() {
    let queue = RowQueue(count: 20, rowWidth: 1, batchSize: 5, batchCount: 2) { _, _ in }
    for index in 0..<4 {
      #expect(throws: Unreadable(index: index)) {
        try queue.withNextBatch { (_) throws -> Void in throw Unreadable(index: index) }
      }
    }
    #expect(queue.withNextBatch { _ in true } == nil)
  }
}
