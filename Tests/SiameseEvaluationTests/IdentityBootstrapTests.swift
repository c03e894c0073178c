import SiameseEvaluation
import SiameseTensors
import Testing

@Suite struct IdentityBootstrapTests {
  @Test func `all pairs are there while they are few, a sample of either kind beyond`() {
    let labels = (0..<40).map { $0 / 4 }
    let all = PairSample(labels: labels, seed: 1)
    #expect(all.count == 780 && all.sameTotal == 60 && all.differentTotal == 720)
    let some = PairSample(labels: labels, limit: 50, seed: 1)
    #expect(some.count == 100 && some.sameTotal == 60 && some.differentTotal == 720)
    for pair in 0..<some.count {
      let (i, j) = some.rows[pair]
      #expect(i < j && some.isSame(pair) == (labels[Int(i)] == labels[Int(j)]))
    }
    #expect(PairSample(labels: labels, limit: 50, seed: 1).rows.elementsEqual(some.rows, by: ==))
  }

  @Test func `distances of pairs are those of the matrix, however they are read`() {
    let (embeddings, labels) = PairDistancesTests.cloud(30, width: 5, classes: 6, seed: 4)
    let matrix = (0..<30).map { i in
      (0..<30).map { j in
        zip(embeddings.row(i), embeddings.row(j)).reduce(0) { $0 + ($1.0 - $1.1) * ($1.0 - $1.1) }.squareRoot()
      }
    }
    for sample in [PairSample(labels: labels, seed: 0), PairSample(labels: labels, limit: 20, seed: 0)] {
      let found = sample.distances(.euclidean(embeddings))
      for pair in 0..<sample.count {
        let (i, j) = sample.rows[pair]
        #expect(abs(found[pair] - matrix[Int(i)][Int(j)]) < 1e-5)
      }
    }
  }

  @Test func `the interval holds the figure, narrows with more people, and is the seed's`() throws {
    let workers = WorkerThreads(count: 2)
    defer { workers.stop() }
    func interval(_ people: Int) throws -> (ConfidenceInterval, Double) {
      let labels = (0..<people * 4).map { $0 / 4 }
      var random = SeededGenerator(seed: 8)
      let centres = (0..<people * 6).map { _ in random.normal() }
      let rows = Tensor(
        shape: [labels.count, 6],
        elements: labels.flatMap { label in (0..<6).map { centres[label * 6 + $0] + 0.7 * random.normal() } })
      let sample = PairSample(labels: labels, seed: 0)
      let distances = sample.distances(.euclidean(rows))
      let bootstrap = IdentityBootstrap(sample, distances: distances, roundCount: 200, seed: 5, workers: workers)
      let again = IdentityBootstrap(sample, distances: distances, roundCount: 200, seed: 5, workers: workers)
      #expect(VerificationIntervals(bootstrap) == VerificationIntervals(again))
      let whole = try #require(Verification(sample.pairDistances(distances)))
      return (try #require(VerificationIntervals(bootstrap).equalErrorRate), whole.equalErrorRate)
    }
    let (few, figure) = try interval(8)
    #expect(few.low <= figure && figure <= few.high)
    let (many, _) = try interval(60)
    #expect(many.high - many.low < few.high - few.low)
  }

  @Test func `a sample's interval of the best accuracy is that of all pairs`() throws {
    let workers = WorkerThreads(count: 2)
    defer { workers.stop() }
    // Far more pairs are of two classes than of one; the sample has as many of either.
    let (rows, labels) = PairDistancesTests.cloud(300, width: 6, classes: 40, seed: 6)
    let all = PairSample(labels: labels, seed: 0)
    let figure = try #require(Verification(all.pairDistances(all.distances(.euclidean(rows))))).bestAccuracy
    let sample = PairSample(labels: labels, limit: 800, seed: 0)
    #expect(sample.shares.different > 20 * sample.shares.same)
    let bootstrap = IdentityBootstrap(
      sample, distances: sample.distances(.euclidean(rows)), shares: sample.shares, roundCount: 200, seed: 5,
      workers: workers)
    let interval = try #require(VerificationIntervals(bootstrap).bestAccuracy)
    #expect(interval.low <= figure && figure <= interval.high + 0.01, "\(figure) in \(interval)")
  }

  @Test func `comparing a model with itself finds nothing, with a better one its gain`() throws {
    let workers = WorkerThreads(count: 2)
    defer { workers.stop() }
    let (rows, labels) = PairDistancesTests.cloud(100, width: 12, classes: 20, seed: 6)
    var blurred = rows
    var random = SeededGenerator(seed: 1)
    for i in blurred.elements.indices { blurred.elements[i] += 2 * random.normal() }
    let sample = PairSample(labels: labels, seed: 0)
    let (good, bad) = (sample.distances(.cosine(rows)), sample.distances(.cosine(blurred)))
    let nothing = try VerificationComparison(sample, a: good, b: good, roundCount: 100, seed: 2, workers: workers)
    #expect(nothing.equalErrorRate.difference == 0 && nothing.equalErrorRate.probability == 1)
    let gain = try VerificationComparison(sample, a: bad, b: good, roundCount: 100, seed: 2, workers: workers)
    #expect(gain.equalErrorRate.difference < 0 && gain.areaUnderCurve.difference > 0)
    #expect(try #require(gain.equalErrorRate.interval).high < 0)
    #expect(gain.equalErrorRate.probability < 0.05)
  }
}
