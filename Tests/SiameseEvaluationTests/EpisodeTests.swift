import SiameseEvaluation
import SiameseTensors
import Testing

@Suite struct EpisodeTests {
  let labels = (0..<60).map { $0 / 6 }

  @Test func `episodes draw each way's pictures from one class, none twice`() throws {
    for episode in try Episode.draw(50, ways: 5, shots: 2, queries: 3, labels: labels, seed: 1) {
      let rows = episode.support.flatMap { $0 } + episode.queries.map(\.row)
      #expect(Set(rows).count == 25)
      for query in episode.queries { #expect(labels[query.row] == labels[episode.support[query.way][0]]) }
      #expect(Set(episode.support.map { labels[$0[0]] }).count == 5)
    }
  }

  @Test func `the seed fixes the episodes`() throws {
    let draw = { seed in try Episode.draw(5, ways: 3, shots: 1, labels: labels, seed: seed) }
    #expect(try draw(4) == draw(4))
    #expect(try draw(4) != draw(5))
  }

  @Test func `ways of one episode come from one group`() throws {
    let groups = labels.map { $0 / 5 }
    for episode in try Episode.draw(20, ways: 4, shots: 1, labels: labels, groups: groups, seed: 2) {
      #expect(Set(episode.support.map { groups[$0[0]] }).count == 1)
    }
  }

  @Test func `ties count as errors`() throws {
    let episodes = try Episode.draw(10, ways: 5, shots: 1, labels: labels, seed: 3)
    #expect(try TrialResult(episodes, .nearestNeighbour { _, _ in 0 }).error == 1)
    #expect(try TrialResult(episodes, .nearestNeighbour { _, _ in .nan }).error == 1)
    let right = try TrialResult(episodes, .nearestNeighbour { [labels] in labels[$0] == labels[$1] ? 0 : 1 })
    #expect(right.error == 0 && right.trials == 50 && right.interval == 0)
  }

  @Test func `a prototype is the mean of its shots`() throws {
    // Each class lies on a line through its centre; single shots mislead, their mean does not.
    let offsets: [Float] = [-6, 6, -5, 5, -4, 0]
    let elements = labels.indices.flatMap { [Float(labels[$0]) * 2, offsets[$0 % 6]] }
    let embeddings = Tensor(shape: [60, 2], elements: elements)
    let episode = Episode(
      support: (0..<10).map { way in (0..<2).map { way * 6 + $0 } },
      queries: (0..<10).map { (row: $0 * 6 + 5, way: $0) })
    let distance: @Sendable (ArraySlice<Float>, ArraySlice<Float>) -> Float = { a, b in
      zip(a, b).reduce(0) { $0 + ($1.0 - $1.1) * ($1.0 - $1.1) }
    }
    #expect(try TrialResult([episode], .prototype(embeddings: embeddings, distance: distance)).error == 0)
  }

  @Test func `the interval is that of a mean`() {
    let result = TrialResult(errorCounts: [0, 1, 0, 1], trialsEach: 2)
    #expect(result.error == 0.25 && result.trials == 8)
    #expect(abs(result.interval - 1.959964 * (0.0833333333 / 4).squareRoot()) < 1e-6)
  }

  @Test func `too few classes are refused with the numbers`() {
    #expect(throws: EvaluationError.tooFewClasses(needed: 20, found: 10, picturesEach: 2, grouped: false)) {
      try Episode.draw(1, ways: 20, shots: 1, labels: labels, seed: 0)
    }
    #expect(throws: EvaluationError.self) { try Episode.draw(1, ways: 1, shots: 1, labels: labels, seed: 0) }
    #expect(throws: EvaluationError.self) { try Episode.draw(1, ways: 2, shots: 9, labels: labels, seed: 0) }
  }
}
