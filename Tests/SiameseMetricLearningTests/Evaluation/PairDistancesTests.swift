import SiameseTensors
import Testing

import SiameseMetricLearning

@Suite struct PairDistancesTests {
  static func cloud(_ count: Int, width: Int, classes: Int, seed: UInt64) -> (embeddings: Tensor, labels: [Int]) {
    var random = SeededGenerator(seed: seed)
    let centres = (0..<classes * width).map { _ in random.normal() }
    let labels = (0..<count).map { _ in Int.random(in: 0..<classes, using: &random) }
    let elements = labels.flatMap { label in (0..<width).map { centres[label * width + $0] + 1.2 * random.normal() } }
    return (Tensor(shape: [count, width], elements: elements), labels)
  }

  /// The specification: every pair by a plain loop.
  static func plain(_ embeddings: Tensor, _ labels: [Int], _ distance: Distance) -> PairDistances {
    var found: [[Float]] = [[], []]
    for i in 0..<embeddings.rowCount {
      for j in i + 1..<max(i + 1, embeddings.rowCount) {
        found[labels[i] == labels[j] ? 0 : 1].append(distance(embeddings.row(i), embeddings.row(j)))
      }
    }
    return PairDistances(same: found[0], different: found[1])
  }

  @Test(arguments: [
    Distance.cosine, .angle, .euclidean, .squaredEuclidean, .manhattan, .dotProduct, .radialBasis(sigma: 4),
  ], [2, 37, 300])
  func `all pairs in blocks equal the plain loop`(distance: Distance, count: Int) throws {
    let workers = WorkerThreads(count: 2)
    defer { workers.stop() }
    let (embeddings, labels) = Self.cloud(count, width: 19, classes: 1 + count / 8, seed: 5)
    let fast = PairDistances.allPairs(embeddings, labels: labels, distance: Measure(distance), workers: workers)
    let plain = Self.plain(embeddings, labels, distance)
    #expect(fast.sameCount == plain.sameCount && fast.differentCount == plain.differentCount)
    guard let a = Verification(fast), let b = Verification(plain) else { return #expect(count == 2) }
    #expect(abs(a.areaUnderCurve - b.areaUnderCurve) < 1e-4)
    #expect(abs(a.equalErrorRate - b.equalErrorRate) < 1e-3)
  }

  @Test func `counting in bins gives the figures of holding every pair`() throws {
    let workers = WorkerThreads(count: 2)
    defer { workers.stop() }
    // 4 504 500 pairs: just above what is held.
    let (embeddings, labels) = Self.cloud(3002, width: 8, classes: 60, seed: 9)
    for distance in [Distance.cosine, .euclidean] {
      let binned = PairDistances.allPairs(embeddings, labels: labels, distance: Measure(distance), workers: workers)
      guard case .bins = binned.storage else { return #expect(Bool(false), "expected bins") }
      var found: [[Float]] = [[], []]
      let rows = DistanceRows(embeddings, for: distance)
      var line = [Float](repeating: 0, count: 3002)
      for i in 0..<3002 {
        line.withUnsafeMutableBufferPointer { distance.write(rows, i..<i + 1, rows, 0..<3002, into: $0.baseAddress!) }
        for j in i + 1..<max(i + 1, 3002) { found[labels[i] == labels[j] ? 0 : 1].append(line[j]) }
      }
      let held = PairDistances(same: found[0], different: found[1])
      #expect(binned.sameCount == held.sameCount && binned.differentCount == held.differentCount)
      let (a, b) = try (#require(Verification(binned)), #require(Verification(held)))
      #expect(abs(a.areaUnderCurve - b.areaUnderCurve) < 1e-6)
      #expect(abs(a.equalErrorRate - b.equalErrorRate) < 1e-6)
      #expect(abs(a.bestAccuracy - b.bestAccuracy) < 1e-6)
      for (x, y) in zip(a.atFalseAcceptRate, b.atFalseAcceptRate) {
        #expect(abs(x.point.trueAcceptRate - y.point.trueAcceptRate) < 1e-4)
        #expect(abs(x.point.threshold - y.point.threshold) < 1e-4)
      }
    }
  }

  @Test func `many equal distances land in one bin`() {
    let histogram = PairHistogram(bounds: 0...1)
    let writer = PairHistogram.Writer(histogram)
    let zeros = [Float](repeating: 0.5, count: 10_000)
    zeros.withUnsafeBufferPointer { writer.add($0.baseAddress!, count: 10_000, .same) }
    writer.finish()
    var sum = 0
    histogram.forEachBin { _, same, _ in sum += same }
    #expect(sum == 10_000 && histogram.total(.same) == 10_000)
  }
}
