import Foundation
import SiameseTensors

/// By what a search ranks: smaller is closer.
package enum SearchMeasure: Sendable {
  /// `Σ (aᵢ − bᵢ)²`; ranks as Euclidean distance does.
  case squaredEuclidean
  /// `1 − a·b / (|a| |b|)`; a row of zeros is at distance 1 from everything.
  case cosine
  /// `−a·b`
  case negativeDot
  /// `Σ |aᵢ − bᵢ|`
  case manhattan
  /// A trained comparison: writes the distances of one query to a range of rows.
  case learned(@Sendable (_ query: [Float], _ rows: Range<Int>, UnsafeMutablePointer<Float>) -> Void)
}

/// Exact nearest neighbours among many rows, found block by block on all workers.
///
/// Queries × a block of rows is one matrix product whose result stays in the second-level cache; one sweep over it keeps
/// what is closer than the worst kept so far. A few more than asked are kept, measured again without the product's
/// rounding, and cut to the number asked; equal distances rank in row order.
package struct NearestSearch: Sendable {
  /// One of the nearest rows.
  package struct Match: Sendable, Equatable {
    /// Its place among the rows searched.
    package let row: Int
    /// How far it is from the query.
    package let distance: Float
  }

  /// The rows searched, `[N, D]`; of unit length for `cosine`.
  package let rows: Tensor
  private let measure: SearchMeasure
  /// What is added to each row's product: `|b|²` for squared Euclidean distances.
  private let offsets: [Float]

  /// Prepares `rows`, `[N, D]`, for searching.
  package init(_ rows: Tensor, _ measure: SearchMeasure) {
    var rows = rows
    var offsets: [Float] = []
    switch measure {
    case .cosine: rows.normaliseRows()
    case .squaredEuclidean: offsets = rows.squaredRowNorms
    case .negativeDot, .manhattan, .learned: break
    }
    self.rows = rows
    self.measure = measure
    self.offsets = offsets
  }

  /// The `count` rows closest to each of `queries`, `[Q, D]`, closest first.
  /// - Complexity: O(Q · N · D); 4 MiB a worker beside the rows.
  package func callAsFunction(_ queries: Tensor, count: Int, workers: WorkerThreads) -> [[Match]] {
    precondition(queries.rowCount == 0 || queries.rowWidth == rows.rowWidth, "queries and rows are of one width")
    let count = min(count, rows.rowCount)
    guard count > 0, queries.rowCount > 0 else { return [[Match]](repeating: [], count: queries.rowCount) }
    var queries = queries
    if case .cosine = measure { queries.normaliseRows() }
    let asked = queries
    let kept = min(rows.rowCount, count + 8)
    let (queryStep, rowStep) = (128, 2048)
    let blockCount = (rows.rowCount + rowStep - 1) / rowStep
    var result: [[Match]] = []
    for first in stride(from: 0, to: asked.rowCount, by: queryStep) {
      let range = first..<min(first + queryStep, asked.rowCount)
      let next = AtomicCounter()
      let lock = NSLock()
      nonisolated(unsafe) var found = range.map { _ in [Match]() }
      workers.run { _ in
        let block = UnsafeMutablePointer<Float>.allocate(capacity: range.count * rowStep)
        defer { block.deallocate() }
        var closest = range.map { _ in ClosestRows(count: kept) }
        while let index = next.next(below: blockCount) {
          let columns = index * rowStep..<min((index + 1) * rowStep, rows.rowCount)
          write(asked, range, columns, block)
          for query in 0..<range.count {
            closest[query].add(block + query * columns.count, offsets: offsets, columns)
          }
        }
        lock.withLock { for query in 0..<range.count { found[query] += closest[query].matches } }
      }
      result += zip(range, found).map { query, matches in refine(asked.row(query), matches, count) }
    }
    return result
  }

  /// Writes what ranks the rows of `columns` for the queries of `range`, less `offsets`.
  private func write(
    _ queries: Tensor, _ range: Range<Int>, _ columns: Range<Int>, _ block: UnsafeMutablePointer<Float>
  ) {
    let width = rows.rowWidth
    if case .learned(let distances) = measure {
      for (line, query) in range.enumerated() {
        distances(Array(queries.row(query)), columns, block + line * columns.count)
      }
      return
    }
    guard width > 0 else { return block.initialize(repeating: 0, count: range.count * columns.count) }
    queries.elements.withUnsafeBufferPointer { queries in
      rows.elements.withUnsafeBufferPointer { rows in
        let a = queries.baseAddress! + range.lowerBound * width
        let b = rows.baseAddress! + columns.lowerBound * width
        switch measure {
        case .manhattan:
          for line in 0..<range.count {
            for column in 0..<columns.count {
              block[line * columns.count + column] = cityBlockDistance(a + line * width, b + column * width, width)
            }
          }
        case .squaredEuclidean, .cosine, .negativeDot, .learned:
          var alpha: Float = -1
          if case .squaredEuclidean = measure { alpha = -2 }
          multiply(
            rows: range.count, columns: columns.count, inner: width, a, stride: width, transposed: false, b,
            stride: width, transposed: true, into: block, stride: columns.count, alpha: alpha)
        }
      }
    }
  }

  /// Measures the candidates again, in double precision, and keeps the `count` closest.
  private func refine(_ query: ArraySlice<Float>, _ candidates: [Match], _ count: Int) -> [Match] {
    candidates.map { candidate in
      let pairs = zip(query, rows.row(candidate.row))
      let distance: Double =
        switch measure {
        case .squaredEuclidean: pairs.reduce(0) { $0 + (Double($1.0) - Double($1.1)) * (Double($1.0) - Double($1.1)) }
        case .cosine: max(0, 1 - pairs.reduce(0) { $0 + Double($1.0) * Double($1.1) })
        case .negativeDot: -pairs.reduce(0) { $0 + Double($1.0) * Double($1.1) }
        case .manhattan: pairs.reduce(0) { $0 + abs(Double($1.0) - Double($1.1)) }
        case .learned: Double(candidate.distance)
        }
      return Match(row: candidate.row, distance: Float(distance))
    }.sorted { ($0.distance, $0.row) < ($1.distance, $1.row) }.prefix(count).map { $0 }
  }
}

/// The closest rows seen so far: a heap with the farthest on top.
private struct ClosestRows {
  private(set) var matches: [NearestSearch.Match] = []
  private let count: Int
  private var farthest = Float.infinity

  init(count: Int) {
    self.count = count
    matches.reserveCapacity(count)
  }

  /// Takes in a line of distances of `rows`, to which `offsets`, if any, are added first.
  mutating func add(_ line: UnsafePointer<Float>, offsets: [Float], _ rows: Range<Int>) {
    offsets.withUnsafeBufferPointer { offsets in
      let added = offsets.isEmpty ? nil : offsets.baseAddress.map { $0 + rows.lowerBound }
      var j = 0
      while j < rows.count {
        // Sixteen at a time are passed over when none is closer.
        if j + 16 <= rows.count {
          var values = UnsafeRawPointer(line + j).loadUnaligned(as: SIMD16<Float>.self)
          if let added { values += UnsafeRawPointer(added + j).loadUnaligned(as: SIMD16<Float>.self) }
          if !any(values .< farthest) {
            j += 16
            continue
          }
        }
        for k in j..<min(j + 16, rows.count) {
          let value = line[k] + (added?[k] ?? 0)
          if value < farthest || matches.count < count && !value.isNaN {
            insert(.init(row: rows.lowerBound + k, distance: value))
          }
        }
        j += 16
      }
    }
  }

  private mutating func insert(_ match: NearestSearch.Match) {
    if matches.count < count {
      matches.append(match)
      var child = matches.count - 1
      while child > 0, isFarther(child, (child - 1) / 2) {
        matches.swapAt(child, (child - 1) / 2)
        child = (child - 1) / 2
      }
    } else {
      matches[0] = match
      var parent = 0
      while true {
        var largest = parent
        for child in 2 * parent + 1...2 * parent + 2 where child < count && isFarther(child, largest) {
          largest = child
        }
        if largest == parent { break }
        matches.swapAt(parent, largest)
        parent = largest
      }
    }
    if matches.count == count { farthest = matches[0].distance }
  }

  private func isFarther(_ a: Int, _ b: Int) -> Bool {
    (matches[a].distance, matches[a].row) > (matches[b].distance, matches[b].row)
  }
}

extension Tensor {
  fileprivate var squaredRowNorms: [Float] {
    let width = rowWidth
    return (0..<rowCount).map { row in
      Float(elements[row * width..<(row + 1) * width].reduce(0.0) { $0 + Double($1) * Double($1) })
    }
  }

  fileprivate mutating func normaliseRows() {
    let (width, norms) = (rowWidth, squaredRowNorms)
    elements.withUnsafeMutableBufferPointer { elements in
      for (row, norm) in norms.enumerated() where norm > 0 {
        let scale = 1 / norm.squareRoot()
        for i in row * width..<(row + 1) * width { elements[i] *= scale }
      }
    }
  }
}
