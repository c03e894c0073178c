import SiameseEvaluation
import SiameseMetricLearning
import SiameseTensors
import Testing

private let all: [Distance] = [
  .squaredEuclidean, .euclidean, .manhattan, .cosine, .angle, .dotProduct, .radialBasis(sigma: 3),
]

@Suite struct DistanceBlocksTests {
  @Test(arguments: all) func `blocks restored are the distance, and keep to their bounds`(_ distance: Distance) {
    let (a, b) = (randomTensor([9, 19], seed: 1), randomTensor([40, 19], seed: 2))
    let blocks = DistanceBlocks(Measure(distance), a, b)
    #expect(blocks.rowCount == 9 && blocks.columnCount == 40)
    var block = [Float](repeating: .nan, count: 3 * 30)
    block.withUnsafeMutableBufferPointer { blocks.write(2..<5, 10..<40, $0.baseAddress!) }
    for (k, value) in block.enumerated() {
      let expected = distance(a.row(2 + k / 30), b.row(10 + k % 30))
      #expect(abs(blocks.restore(value) - expected) < 1e-4 * max(1, abs(expected)))
      #expect(blocks.bounds.contains(value))
    }
  }

  @Test(arguments: all, [2, 37, 300]) func `all pairs of embeddings equal the plain loop`(
    distance: Distance, count: Int
  ) {
    let workers = WorkerThreads(count: 2)
    defer { workers.stop() }
    let labels = (0..<count).map { $0 % (1 + count / 8) }
    let embeddings = randomTensor([count, 19], seed: 5)
    let fast = PairDistances.allPairs(embeddings, labels: labels, distance: Measure(distance), workers: workers)
    var (same, different) = ([Float](), [Float]())
    for i in 0..<count {
      for j in i + 1..<max(i + 1, count) {
        let value = distance(embeddings.row(i), embeddings.row(j))
        if labels[i] == labels[j] { same.append(value) } else { different.append(value) }
      }
    }
    #expect(fast.sameCount == same.count && fast.differentCount == different.count)
    guard let a = Verification(fast), let b = Verification(PairDistances(same: same, different: different)) else {
      return #expect(count == 2)
    }
    #expect(abs(a.areaUnderCurve - b.areaUnderCurve) < 1e-4)
    #expect(abs(a.equalErrorRate - b.equalErrorRate) < 1e-3)
  }

  @Test func `figures of embeddings under a measure are those of its blocks`() throws {
    let workers = WorkerThreads(count: 2)
    defer { workers.stop() }
    let (rows, labels) = (randomTensor([40, 6], seed: 8), (0..<40).map { $0 % 10 })
    let found = try #require(Retrieval(rows, labels: labels, distance: .cosine, seed: 1, workers: workers))
    let blocks = DistanceBlocks(Measure.cosine, rows)
    var expected = try #require(
      Retrieval(blocks, queryLabels: labels, referenceLabels: labels, leavingOneOut: true, workers: workers))
    // Clusters of unit vectors, for cosine knows no lengths.
    expected.cluster(DistanceRows(rows, for: .cosine).rows, labels: labels, seed: 1)
    #expect(found == expected && found.normalizedMutualInformation != nil)
    let sample = PairSample(labels: labels, seed: 3)
    #expect(sample.distances(.cosine, rows) == sample.distances(blocks))
  }
}
