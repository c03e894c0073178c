import Foundation
import SiameseGallery
import SiameseMetricLearning
import SiameseTensors

/// How fast galleries are searched: random embeddings, exact search, the fastest of several rounds.
///
/// ```swift
/// try SearchBenchmark(rowCount: 1_000_000, width: 128, distance: .euclidean).milliseconds
/// ```
package struct SearchBenchmark: Sendable, Encodable {
  /// The rows searched.
  package let rows: Int
  /// The numbers in an embedding.
  package let width: Int
  /// The embeddings looked up in one round.
  package let queries: Int
  /// The nearest rows asked for.
  package let top: Int
  /// The name of the distance.
  package let distance: String
  /// The threads that searched.
  package let threads: Int
  /// All queries together: the fastest round, and the median.
  package let milliseconds: Double
  /// The median round.
  package let medianMilliseconds: Double

  private enum CodingKeys: String, CodingKey {
    case rows, width, queries, top, distance, threads, milliseconds, medianMilliseconds = "median_milliseconds"
  }

  /// Searches `rowCount` random embeddings for the `top` nearest to each of `queryCount` others, `roundCount` times.
  package init(
    rowCount: Int, width: Int, queryCount: Int = 100, top: Int = 10, distance: Distance, roundCount: Int = 5,
    threads: Int? = nil, seed: UInt64 = 0
  ) {
    func random(_ count: Int, _ stream: UInt64) -> Tensor {
      var random = SeededGenerator(seed: seed).stream(stream)
      return Tensor(shape: [count, width], elements: (0..<count * width).map { _ in random.uniform() - 0.5 })
    }
    let search = NearestSearch(random(rowCount, 1), distance.searchMeasure)
    let asked = random(queryCount, 2)
    self.threads = threads ?? ProcessInfo.processInfo.activeProcessorCount
    let workers = WorkerThreads(count: self.threads)
    defer { workers.stop() }
    _ = search(asked, count: top, workers: workers)
    let clock = ContinuousClock()
    let times = (0..<max(1, roundCount)).map { _ in
      let time = clock.measure { _ = search(asked, count: top, workers: workers) }
      return Double(time.components.seconds) * 1e3 + Double(time.components.attoseconds) / 1e15
    }.sorted()
    (rows, self.width, queries, self.top, self.distance) = (rowCount, width, queryCount, top, distance.name)
    (milliseconds, medianMilliseconds) = (times[0], times[times.count / 2])
  }
}
