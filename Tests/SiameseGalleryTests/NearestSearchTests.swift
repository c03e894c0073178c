import SiameseGallery
import SiameseTensors
import Testing

@Suite struct NearestSearchTests {
  static func random(_ count: Int, _ width: Int, seed: UInt64) -> Tensor {
    var random = SeededGenerator(seed: seed)
    return Tensor(shape: [count, width], elements: (0..<count * width).map { _ in random.normal() })
  }

  enum Measure: String, CaseIterable { case squaredEuclidean, cosine, negativeDot, manhattan, learned }

  @Test(arguments: Measure.allCases, [(1, 1, 1), (3, 40, 7), (130, 2100, 16), (2, 5000, 33)])
  func `the blocked search finds what the plain loop finds`(measure: Measure, sizes: (Int, Int, Int)) {
    let workers = WorkerThreads(count: 2)
    defer { workers.stop() }
    let (queries, rows) = (Self.random(sizes.0, sizes.2, seed: 1), Self.random(sizes.1, sizes.2, seed: 2))
    func distance(_ a: some Sequence<Float>, _ b: some Sequence<Float>) -> Double {
      let pairs = zip(a, b).map { (Double($0), Double($1)) }
      let dot = pairs.reduce(0) { $0 + $1.0 * $1.1 }
      return switch measure {
      case .squaredEuclidean: pairs.reduce(0) { $0 + ($1.0 - $1.1) * ($1.0 - $1.1) }
      case .cosine:
        1 - dot / (pairs.reduce(0) { $0 + $1.0 * $1.0 } * pairs.reduce(0) { $0 + $1.1 * $1.1 }).squareRoot()
      case .negativeDot: -dot
      case .manhattan: pairs.reduce(0) { $0 + abs($1.0 - $1.1) }
      case .learned: pairs.map { abs($0.0 - $0.1) }.max() ?? 0
      }
    }
    let kind: SearchMeasure =
      switch measure {
      case .squaredEuclidean: .squaredEuclidean
      case .cosine: .cosine
      case .negativeDot: .negativeDot
      case .manhattan: .manhattan
      case .learned:
        .learned { query, range, result in
          for (k, row) in range.enumerated() { result[k] = zip(query, rows.row(row)).map { abs($0 - $1) }.max() ?? 0 }
        }
      }
    let found = NearestSearch(rows, kind)(queries, count: 10, workers: workers)
    for query in 0..<sizes.0 {
      let plain = (0..<sizes.1).map { (distance: distance(queries.row(query), rows.row($0)), row: $0) }
        .sorted { ($0.distance, $0.row) < ($1.distance, $1.row) }.prefix(10)
      #expect(found[query].map(\.row) == plain.map(\.row))
      for (a, b) in zip(found[query], plain) { #expect(abs(Double(a.distance) - b.distance) < 1e-4) }
    }
  }

  @Test func `equal distances rank in row order, few rows are all there are`() {
    let workers = WorkerThreads(count: 2)
    defer { workers.stop() }
    let rows = Tensor(shape: [3, 2], elements: [1, 0, 1, 0, 0, 1])
    let search = NearestSearch(rows, .cosine)
    #expect(search(Tensor(shape: [1, 2], elements: [2, 0]), count: 5, workers: workers)[0].map(\.row) == [0, 1, 2])
    #expect(search(Tensor(shape: [0, 2], elements: []), count: 5, workers: workers).isEmpty)
    let empty = NearestSearch(Tensor(shape: [0, 2], elements: []), .cosine)
    #expect(empty(Tensor(shape: [1, 2], elements: [2, 0]), count: 5, workers: workers) == [[]])
  }
}
