import Foundation
import SiameseTensors

/// The figures of a classification test made of independent trials.
public struct TrialResult: Sendable, Equatable, Encodable {
  /// The number of trials.
  public let trials: Int
  /// The share of trials decided wrongly. A trial whose right answer is tied with a wrong one is wrong.
  public let error: Double
  /// The share of trials decided rightly.
  public var accuracy: Double { 1 - error }
  /// Half the width of the 95 % interval around the mean over episodes (normal approximation); 0 for a single episode.
  public let interval: Double

  /// From the errors of each episode, every one of `trialsEach` trials.
  package init(errorCounts: [Int], trialsEach: Int) {
    let rates = errorCounts.map { Double($0) / Double(max(1, trialsEach)) }
    let mean = rates.reduce(0, +) / Double(max(1, rates.count))
    let variance = rates.map { ($0 - mean) * ($0 - mean) }.reduce(0, +) / Double(max(1, rates.count - 1))
    trials = errorCounts.count * trialsEach
    error = mean
    interval = rates.count > 1 ? 1.959964 * (variance / Double(rates.count)).squareRoot() : 0
  }

  private enum CodingKeys: String, CodingKey { case trials, error, accuracy, interval }

  /// Encodes trials, error, accuracy and interval.
  public func encode(to encoder: any Encoder) throws {
    var values = encoder.container(keyedBy: CodingKeys.self)
    try values.encode(trials, forKey: .trials)
    try values.encode(error, forKey: .error)
    try values.encode(accuracy, forKey: .accuracy)
    try values.encode(interval, forKey: .interval)
  }
}

/// One N-way K-shot episode: a few known pictures per class (the support set), and pictures to be named (the queries).
package struct Episode: Sendable, Equatable {
  /// For each of the N ways, the rows of its K known pictures.
  package let support: [[Int]]
  /// Rows to be named, and the way each belongs to.
  package let queries: [(row: Int, way: Int)]

  /// An episode of given rows.
  package init(support: [[Int]], queries: [(row: Int, way: Int)]) {
    self.support = support
    self.queries = queries
  }

  /// Whether both ask the same of the same rows.
  package static func == (a: Episode, b: Episode) -> Bool {
    a.support == b.support && a.queries.map(\.row) == b.queries.map(\.row)
      && a.queries.map(\.way) == b.queries.map(\.way)
  }

  /// Draws `count` episodes from the rows of `labels`.
  ///
  /// - Parameters:
  ///   - queries: pictures to be named per way.
  ///   - groups: each row's parent (an alphabet, say); given, the ways of one episode come from one group.
  /// - Throws: `EvaluationError` where there are too few classes with enough pictures.
  package static func draw(
    _ count: Int, ways: Int, shots: Int, queries: Int = 1, labels: [Int], groups: [Int]? = nil, seed: UInt64
  ) throws(EvaluationError) -> [Episode] {
    guard ways >= 2 else { throw .invalid("the number of ways", expected: "at least 2", found: "\(ways)") }
    guard shots >= 1, queries >= 1 else {
      throw .invalid("shots and queries", expected: "at least 1 each", found: "\(shots) and \(queries)")
    }
    guard count >= 1 else { throw .invalid("the number of episodes", expected: "at least 1", found: "\(count)") }
    let rows = Dictionary(grouping: labels.indices) { labels[$0] }.filter { $0.value.count >= shots + queries }
    let pools = Dictionary(grouping: rows.keys.sorted()) { groups?[rows[$0]![0]] ?? 0 }
    let usable = pools.keys.sorted().compactMap { pools[$0]!.count >= ways ? pools[$0]! : nil }
    guard !usable.isEmpty else {
      throw .tooFewClasses(
        needed: ways, found: pools.values.map(\.count).max() ?? 0, picturesEach: shots + queries, grouped: groups != nil
      )
    }
    let generator = SeededGenerator(seed: seed)
    return (0..<count).map { index in
      var random = generator.stream(UInt64(index))
      let classes = usable[Int.random(in: 0..<usable.count, using: &random)].shuffled(using: &random).prefix(ways)
      let drawn = classes.map { Array(rows[$0]!.shuffled(using: &random).prefix(shots + queries)) }
      return Episode(
        support: drawn.map { Array($0.prefix(shots)) },
        queries: drawn.enumerated().flatMap { way, rows in rows.dropFirst(shots).map { (row: $0, way: way) } })
    }
  }
}

/// How an episode's pictures are named.
package enum EpisodeClassifier: Sendable {
  /// The way of the closest known picture.
  case nearestNeighbour(@Sendable (_ query: Int, _ known: Int) -> Float)
  /// The way whose mean embedding is closest (Snell, Swersky and Zemel 2017, https://arxiv.org/abs/1703.05175).
  case prototype(embeddings: Tensor, distance: @Sendable (ArraySlice<Float>, ArraySlice<Float>) -> Float)
  /// Anything that costs every query at every way, smaller is likelier: an SVM trained on the episode, for instance.
  case costs(@Sendable (Episode) throws -> [[Float]])

  /// `costs[query][way]`, smaller is likelier.
  package func costs(of episode: Episode) throws -> [[Float]] {
    switch self {
    case .nearestNeighbour(let distance):
      return episode.queries.map { query in
        episode.support.map { $0.map { distance(query.row, $0) }.min() ?? .infinity }
      }
    case .prototype(let embeddings, let distance):
      let width = embeddings.rowWidth
      let means = episode.support.map { rows in
        var mean = [Float](repeating: 0, count: width)
        for row in rows { for (i, value) in embeddings.row(row).enumerated() { mean[i] += value / Float(rows.count) } }
        return mean
      }
      return episode.queries.map { query in means.map { distance(embeddings.row(query.row), $0[...]) } }
    case .costs(let closure):
      return try closure(episode)
    }
  }
}

extension TrialResult {
  /// Classifies every episode's queries and counts those named wrongly; a tie for the smallest cost is an error.
  package init(_ episodes: [Episode], _ classifier: EpisodeClassifier) throws {
    let errors = try episodes.map { episode in
      zip(try classifier.costs(of: episode), episode.queries).count { costs, query in
        !isDecided(costs, for: query.way)
      }
    }
    self.init(errorCounts: errors, trialsEach: episodes.first?.queries.count ?? 0)
  }
}

/// Whether `way` alone has the smallest cost; a cost of NaN decides nothing.
package func isDecided(_ costs: [Float], for way: Int) -> Bool {
  costs.indices.allSatisfy { $0 == way || costs[way] < costs[$0] } && !costs[way].isNaN
}
