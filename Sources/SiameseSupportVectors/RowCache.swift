import CSiameseKernels
import Foundation
import SiameseTensors

/// Kernel rows computed when asked for, in batches, and kept while memory lasts; the longest unused go first.
final class RowCache: KernelRowSource {
  let count: Int
  let diagonal: [Float]
  let stretches: [Stretch]
  let largestRequest: Int
  private let own: RowStore
  private let workers: WorkerThreads?
  private let stride: Int
  private let slotCount: Int
  private let storage: FloatStorage
  /// The slot of each row, or −1.
  private var slots: [Int]
  private var owners: [Int]
  private var lastUse: [Int]
  private var clock = 0
  /// Two requests a round of the solver.
  private static let idleRequests = 8
  private var used = 0

  /// - Parameters:
  ///   - positions: the rows of the subproblem, a subset of `rows`.
  ///   - memoryLimit: bytes for cached rows, the subset's own copy included.
  ///   - workers: threads that share each batch; nil to compute on the caller's.
  convenience init(_ rows: RowStore, _ positions: [Int], memoryLimit: Int, workers: WorkerThreads?) throws {
    let own = positions.count == rows.count ? rows : rows.copying(positions, spare: memoryLimit / 4)
    // The subset's own copy.
    let copied = positions.count == rows.count ? 0 : own.bytes
    let stride = Self.stride(for: own.count)
    let slotCount = min(own.count, max(16, (memoryLimit - copied) / max(1, stride * 4)))
    try self.init(
      own, storage: FloatStorage(count: slotCount * stride), limit: memoryLimit / 4, slotCount: slotCount,
      workers: workers)
  }

  private static func stride(for count: Int) -> Int { (count + 15) / 16 * 16 }

  private init(_ own: RowStore, storage: FloatStorage, limit: Int, slotCount: Int, workers: WorkerThreads?) throws {
    count = own.count
    stretches = [Stretch(start: 0, offset: 0, length: own.count)]
    stride = Self.stride(for: own.count)
    self.slotCount = slotCount
    self.storage = storage
    // A solver keeps the square of what it asks for: an eighth of the limit.
    largestRequest = min(slotCount, max(16, Int((Double(limit) / 8).squareRoot())))
    self.own = own
    self.workers = workers
    slots = [Int](repeating: -1, count: own.count)
    owners = [Int](repeating: -1, count: slotCount)
    lastUse = [Int](repeating: 0, count: slotCount)
    diagonal = try own.diagonal()
  }

  func rows(_ indices: [Int]) throws -> [UnsafePointer<Float>] {
    clock += 1
    for index in indices where slots[index] >= 0 { lastUse[slots[index]] = clock }
    var missing = [Int]()
    var seen = Set<Int>()
    for index in indices where slots[index] < 0 && seen.insert(index).inserted { missing.append(index) }
    if !missing.isEmpty {
      missing.sort()
      let places = slotsToFill(missing.count)
      try compute(missing, places)
      for (row, slot) in zip(missing, places) {
        slots[row] = slot
        owners[slot] = row
        lastUse[slot] = clock
      }
    }
    return indices.map { UnsafePointer(storage.start + slots[$0] * stride) }
  }

  /// Worth it where the whole matrix does not fit: rows of fewer columns cost less to compute, and more of them stay.
  func restricted(to indices: [Int]) throws -> (any KernelRowSource)? {
    guard slotCount < count else { return nil }
    let own = self.own.restricted(to: indices)
    if storage.count < 32 << 20 { siamese_trim_heap() }
    let stride = Self.stride(for: own.count)
    let slotCount = min(own.count, storage.count / max(1, stride))
    guard slotCount >= 16 else { return nil }
    // Both keep their rows in the same storage, one after the other: the system takes time to hand out new memory.
    for slot in 0..<used { owners[slot] = -1 }
    for row in 0..<count { slots[row] = -1 }
    used = 0
    return try RowCache(own, storage: storage, limit: storage.count, slotCount: slotCount, workers: workers)
  }

  /// Slots unused for a while first where not all rows fit, since memory touched for the first time costs more than most
  /// rows, then free ones, then those unused for longest; none that this request holds.
  private func slotsToFill(_ wanted: Int) -> [Int] {
    var places = [Int]()
    if slotCount < count {
      places = Array(
        (0..<used).lazy.filter { [clock, lastUse] in lastUse[$0] < clock - Self.idleRequests }.prefix(wanted))
      for slot in places where owners[slot] >= 0 { slots[owners[slot]] = -1 }
    }
    let fresh = min(wanted - places.count, slotCount - used)
    places += used..<used + fresh
    used += fresh
    if places.count < wanted {
      let idle = (0..<used - fresh).filter {
        lastUse[$0] < clock && (slotCount == count || lastUse[$0] >= clock - Self.idleRequests)
      }.sorted { lastUse[$0] < lastUse[$1] }
      for slot in idle.prefix(wanted - places.count) {
        if owners[slot] >= 0 { slots[owners[slot]] = -1 }
        places.append(slot)
      }
    }
    precondition(places.count == wanted, "more kernel rows asked for than the cache holds")
    return places
  }

  /// Gathers the missing rows and multiplies them with all columns, a stretch of columns at a time.
  private func compute(_ missing: [Int], _ places: [Int]) throws {
    let batch = 128
    let width = own.columnsAtOnce(2048)
    let own = own
    nonisolated(unsafe) let storage = storage.start
    let (count, stride) = (count, stride)
    let failures = FirstError()
    let batches = (missing.count + batch - 1) / batch
    let widths = (count + width - 1) / width
    let fill: @Sendable (Int) -> Void = { task in
      failures.catching {
        let (index, piece) = (task / widths, task % widths)
        let columns = piece * width..<min(count, (piece + 1) * width)
        let left = own.taking(Array(missing[index * batch..<min(missing.count, (index + 1) * batch)]))
        let (right, range) = own.side(columns)
        let rows = left.count
        try withUnsafeTemporaryAllocation(of: Float.self, capacity: rows * columns.count) { buffer in
          try KernelBlocks(left, right).fill(
            0..<rows, range, into: buffer.baseAddress!, stride: columns.count)
          for row in 0..<rows {
            (storage + places[index * batch + row] * stride + columns.lowerBound).update(
              from: buffer.baseAddress! + row * columns.count, count: columns.count)
          }
        }
      }
    }
    if let workers { workers.forEach(batches * widths, fill) } else { for task in 0..<batches * widths { fill(task) } }
    if let error = failures.first { throw error }
  }
}

/// Floats that caches share, freed with the last of them.
private final class FloatStorage {
  let start: UnsafeMutablePointer<Float>
  let count: Int

  init(count: Int) throws {
    start = try allocateFloats(count)
    self.count = count
  }

  deinit { free(start) }
}
