import Foundation
import SiameseTensors

/// Counts of distances in 2²⁴ equal bins, filled from many threads at billions of distances a minute.
///
/// Counting straight into so many bins would miss the caches at every distance. So each thread first deals distances out
/// to 256 short queues by their leading eight bits; a full queue is emptied at once into its own 64 Ki bins, which stay in
/// the second-level cache meanwhile.
package final class PairHistogram: @unchecked Sendable {
  /// Pairs of one class, and of two.
  package enum Kind: Int, Sendable { case same = 0, different = 1 }

  static let binCount = 1 << 24
  private static let queueCount = 256
  private static let queueLength = 4096

  private let low: Float
  private let scale: Float
  private let counts: UnsafeMutablePointer<UInt32>
  private var carries: [Int: Int] = [:]
  private let locks = (0..<2 * PairHistogram.queueCount).map { _ in NSLock() }
  private let carryLock = NSLock()
  private var totals = [0, 0]

  /// Empty bins that divide `bounds`.
  package init(bounds: ClosedRange<Float>) {
    low = bounds.lowerBound
    scale = Float(Self.binCount - 1) / max(bounds.upperBound - bounds.lowerBound, .leastNormalMagnitude)
    counts = .allocate(capacity: 2 * Self.binCount)
    counts.initialize(repeating: 0, count: 2 * Self.binCount)
  }

  deinit { counts.deallocate() }

  /// All pairs of a kind that were counted.
  package func total(_ kind: Kind) -> Int { totals[kind.rawValue] }

  /// Calls `body` with the middle of every bin that holds anything, ascending.
  package func forEachBin(_ body: (_ distance: Float, _ same: Int, _ different: Int) -> Void) {
    let different = counts + Self.binCount
    for bin in 0..<Self.binCount where counts[bin] != 0 || different[bin] != 0 || !carries.isEmpty {
      let s = Int(counts[bin]) + ((carries[bin] ?? 0) << 32)
      let d = Int(different[bin]) + ((carries[Self.binCount + bin] ?? 0) << 32)
      if s + d > 0 { body(low + (Float(bin) + 0.5) / scale, s, d) }
    }
  }

  /// One thread's queues.
  package final class Writer {
    private let histogram: PairHistogram
    private let entries: UnsafeMutablePointer<UInt16>
    private let lengths: UnsafeMutablePointer<Int32>
    private var totals = [0, 0]

    /// Queues that empty themselves into `histogram`.
    package init(_ histogram: PairHistogram) {
      self.histogram = histogram
      entries = .allocate(capacity: 2 * queueCount * queueLength)
      lengths = .allocate(capacity: 2 * queueCount)
      lengths.initialize(repeating: 0, count: 2 * queueCount)
    }

    deinit {
      entries.deallocate()
      lengths.deallocate()
    }

    /// Counts distances of pairs of one kind.
    package func add(_ distances: UnsafePointer<Float>, count: Int, _ kind: Kind) {
      let (low, scale, first) = (histogram.low, histogram.scale, kind.rawValue * queueCount)
      let top = Float(binCount - 1)
      for i in 0..<count {
        let bin = Int32(max(0, min((distances[i] - low) * scale, top)))
        let queue = first &+ Int(bin >> 16)
        let length = Int(lengths[queue])
        entries[queue &* queueLength &+ length] = UInt16(truncatingIfNeeded: bin)
        lengths[queue] = Int32(truncatingIfNeeded: length &+ 1)
        if length &+ 1 == queueLength { empty(queue) }
      }
      totals[kind.rawValue] += count
    }

    /// Brings what is still queued into the histogram.
    package func finish() {
      for queue in 0..<2 * queueCount { empty(queue) }
      histogram.carryLock.withLock { for kind in 0..<2 { histogram.totals[kind] += totals[kind] } }
      totals = [0, 0]
    }

    private func empty(_ queue: Int) {
      let first = queue / queueCount * binCount + (queue % queueCount) << 16
      let counts = histogram.counts + first
      histogram.locks[queue].withLock {
        for i in queue * queueLength..<queue * queueLength + Int(lengths[queue]) {
          let bin = Int(entries[i])
          counts[bin] &+= 1
          if counts[bin] == 0 { histogram.carryLock.withLock { histogram.carries[first + bin, default: 0] += 1 } }
        }
      }
      lengths[queue] = 0
    }
  }
}
