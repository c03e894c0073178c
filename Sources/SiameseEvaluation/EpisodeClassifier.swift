import SiameseTensors

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
