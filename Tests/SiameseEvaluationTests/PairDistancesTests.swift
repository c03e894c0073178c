import SiameseEvaluation
import SiameseTensors
import Testing

@Suite struct PairDistancesTests {
  static func cloud(_ count: Int, width: Int, classes: Int, seed: UInt64) -> (embeddings: Tensor, labels: [Int]) {
    var random = SeededGenerator(seed: seed)
    let centres = (0..<classes * width).map { _ in random.normal() }
    let labels = (0..<count).map { _ in Int.random(in: 0..<classes, using: &random) }
    let elements = labels.flatMap { label in (0..<width).map { centres[label * width + $0] + 1.2 * random.normal() } }
    return (Tensor(shape: [count, width], elements: elements), labels)
  }

  /// The specification: every pair by a plain loop.
  static func plain(_ blocks: DistanceBlocks, _ labels: [Int]) -> PairDistances {
    var found: [[Float]] = [[], []]
    var line = [Float](repeating: 0, count: labels.count)
    for i in labels.indices {
      blocks.writeRow(i, into: &line)
      for j in labels.indices[(i + 1)...] { found[labels[i] == labels[j] ? 0 : 1].append(blocks.restore(line[j])) }
    }
    return PairDistances(same: found[0], different: found[1])
  }

  @Test(arguments: [2, 37, 300]) func `all pairs in blocks equal the plain loop`(count: Int) throws {
    let workers = WorkerThreads(count: 2)
    defer { workers.stop() }
    let (embeddings, labels) = Self.cloud(count, width: 19, classes: 1 + count / 8, seed: 5)
    let fast = PairDistances.allPairs(labels: labels, workers: workers) { .euclidean(embeddings.gatheringRows($0)) }
    let plain = Self.plain(.euclidean(embeddings), labels)
    #expect(fast.sameCount == plain.sameCount && fast.differentCount == plain.differentCount)
    guard let a = Verification(fast), let b = Verification(plain) else { return #expect(count == 2) }
    #expect(a == b)
  }

  @Test func `counting in bins gives the figures of holding every pair`() throws {
    let workers = WorkerThreads(count: 2)
    defer { workers.stop() }
    // 4 504 500 pairs: just above what is held.
    let (embeddings, labels) = Self.cloud(3002, width: 8, classes: 60, seed: 9)
    // Squared distances are counted, distances are read.
    let points = SquaredDistances(embeddings)
    let order = labels.indices.sorted { (labels[$0], $0) < (labels[$1], $1) }
    func blocks(_ points: SquaredDistances) -> DistanceBlocks {
      DistanceBlocks(
        rowCount: 3002, columnCount: 3002, bounds: 0...4 * points.longest * points.longest,
        restore: { max(0, $0).squareRoot() }, write: { points.write($0, points, $1, into: $2) })
    }
    let binned = PairDistances.allPairs(
      blocks(SquaredDistances(embeddings.gatheringRows(order))), sortedLabels: order.map { labels[$0] },
      workers: workers)
    guard case .bins = binned.storage else { return #expect(Bool(false), "expected bins") }
    let held = Self.plain(blocks(points), labels)
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
