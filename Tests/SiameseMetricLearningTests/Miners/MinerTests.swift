import Foundation
import SiameseMetricLearning
import SiameseTensors
import Testing

@Suite struct `Miners` {
  /// Points on a line: class 0 at 0, 1 and 4; class 1 at 2 and 10.
  private let x = Tensor(shape: [5, 1], elements: [0, 1, 4, 2, 10])
  private let labels = [0, 0, 0, 1, 1]

  private func mine(_ miner: Miner) -> [Comparisons.Triplet] {
    var generator = SeededGenerator(seed: 3)
    let distances = DistanceMatrix(Distance.euclidean.matrix(x))
    return miner.mine(distances, labels: labels, embeddings: x, using: &generator).triplets
  }

  @Test func `batch-all takes every triplet`() {
    #expect(mine(.all).count == 3 * 2 * 2 + 2 * 1 * 3)
  }

  @Test func `batch-hard takes the farthest positive and the nearest negative`() {
    #expect(
      mine(.batchHard).map { [$0.anchor, $0.positive, $0.negative] } == [
        [0, 2, 3], [1, 2, 3], [2, 0, 3], [3, 4, 1], [4, 3, 2],
      ])
  }

  @Test func `semi-hard negatives lie beyond the positive but within the margin`() {
    #expect(mine(.semiHard(margin: 1)) == [.init(0, 1, 3), .init(4, 3, 1)])
  }

  @Test func `hard negatives lie before the positive`() {
    #expect(mine(.hard).contains(.init(0, 2, 3)) && !mine(.hard).contains(.init(0, 1, 3)))
  }

  @Test func `easy positives go with the nearest negative beyond them`() {
    #expect(
      mine(.easyPositive).map { [$0.anchor, $0.positive, $0.negative] } == [
        [0, 1, 3], [1, 0, 4], [2, 1, 4], [4, 3, 1],
      ])
  }

  @Test func `distance-weighted mining draws one negative a positive pair, the same for the same seed`() {
    let x = randomTensor([40, 8], seed: 5)
    let labels = (0..<40).map { $0 / 4 }
    let distances = DistanceMatrix(Distance.cosine.matrix(x))
    func mine(_ seed: UInt64) -> [Comparisons.Triplet] {
      var generator = SeededGenerator(seed: seed)
      return Miner.distanceWeighted(cutoff: 0.5, limit: 1.4).mine(
        distances, labels: labels, embeddings: x, using: &generator
      ).triplets
    }
    let triplets = mine(1)
    #expect(triplets == mine(1) && triplets != mine(2))
    #expect(Set(triplets.map { [$0.anchor, $0.positive] }).count == triplets.count)
    for t in triplets {
      #expect(labels[t.anchor] == labels[t.positive] && labels[t.anchor] != labels[t.negative])
      #expect((2 * distances[t.anchor, t.negative]).squareRoot() < 1.4)
    }
  }

  @Test func `miners are found by name, with their numbers`() throws {
    let semiHard = try Miner("semi-hard:0.5")
    let multi = try Miner("multi-similarity:epsilon=0.2")
    #expect(semiHard == .semiHard(margin: 0.5) && multi == .multiSimilarity(epsilon: 0.2))
    let error = #expect(throws: MetricLearningError.self) { _ = try Miner("hardest") }
    #expect(error?.description.contains("choose one of all, batch-hard") == true)
  }
}
