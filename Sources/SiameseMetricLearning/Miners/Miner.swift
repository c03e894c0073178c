import Foundation
import SiameseTensors

/// Chooses, among all comparisons of a batch, those worth learning from.
package enum Miner: Hashable, Sendable {
  /// Everything: batch-all.
  case all
  /// Each anchor's farthest positive and nearest negative. https://arxiv.org/abs/1703.07737
  case batchHard
  /// All triplets whose negative is nearer than the positive.
  case hard
  /// All triplets whose negative is farther than the positive, but within the margin. https://arxiv.org/abs/1503.03832
  case semiHard(margin: Float)
  /// Each anchor's nearest positive and its nearest negative beyond that one: classes may keep several clusters.
  /// Xuan, Stylianou, Pless 2020, https://arxiv.org/abs/1904.04370
  case easyPositive
  /// For every positive pair one negative, drawn so that all distances are equally likely.
  /// Wu, Manmatha, Smola, Krähenbühl 2017, https://arxiv.org/abs/1706.07567
  case distanceWeighted(cutoff: Float, limit: Float)
  /// Pairs that are worse than the anchor's best pair of the other kind, or nearly. https://arxiv.org/abs/1904.06627
  case multiSimilarity(epsilon: Float)

  /// The miner written as `name` or `name:settings`, such as `semi-hard:0.2`.
  package init(_ text: String) throws {
    let given = try Specification(text, kind: "miner")
    switch given.name {
    case "all", "batch-all": (self, _) = (.all, try given.allow([]))
    case "batch-hard": (self, _) = (.batchHard, try given.allow([]))
    case "hard": (self, _) = (.hard, try given.allow([]))
    case "semi-hard":
      try given.allow(["margin"])
      self = .semiHard(margin: try given.number("margin", 0.2, first: true))
    case "easy-positive": (self, _) = (.easyPositive, try given.allow([]))
    case "distance-weighted":
      try given.allow(["cutoff", "limit"])
      self = .distanceWeighted(
        cutoff: try given.number("cutoff", 0.5, in: 1e-3...1.9, first: true),
        limit: try given.number("limit", 1.4, in: 1e-2...2))
    case "multi-similarity":
      try given.allow(["epsilon"])
      self = .multiSimilarity(epsilon: try given.number("epsilon", 0.1, first: true))
    default:
      throw MetricLearningError.unknownName(
        kind: "miner", found: given.name,
        known: [
          "all", "batch-hard", "hard", "semi-hard", "easy-positive", "distance-weighted", "multi-similarity",
        ])
    }
  }

  /// The comparisons chosen in a batch.
  /// - Parameters:
  ///   - distances: among the embeddings, `[N, N]`.
  ///   - embeddings: `[N, D]`; only `distanceWeighted` looks at them.
  package func mine(
    _ distances: DistanceMatrix, labels: [Int], embeddings: Tensor, using generator: inout SeededGenerator
  ) -> Comparisons {
    let all = Comparisons(labels: labels)
    func filtered(_ condition: (_ positive: Float, _ negative: Float) -> Bool) -> Comparisons {
      let kept = all.triplets.filter {
        condition(distances[$0.anchor, $0.positive], distances[$0.anchor, $0.negative])
      }
      return Comparisons(triplets: kept, count: labels.count)
    }
    switch self {
    case .all: return all
    case .hard: return filtered { $1 <= $0 }
    case .semiHard(let margin): return filtered { $1 > $0 && $1 - $0 <= margin }
    case .batchHard:
      return onePerAnchor(all) { a, positives, negatives in
        (positives.max { distances[a, $0] < distances[a, $1] }, negatives.min { distances[a, $0] < distances[a, $1] })
      }
    case .easyPositive:
      return onePerAnchor(all) { a, positives, negatives in
        let positive = positives.min { distances[a, $0] < distances[a, $1] }
        let beyond = negatives.filter { n in positive.map { distances[a, n] > distances[a, $0] } ?? false }
        return (positive, beyond.min { distances[a, $0] < distances[a, $1] })
      }
    case .distanceWeighted(let cutoff, let limit):
      return distanceWeighted(all, embeddings, cutoff: cutoff, limit: limit, using: &generator)
    case .multiSimilarity(let epsilon):
      var positives: [[Int]] = []
      var negatives: [[Int]] = []
      for a in labels.indices {
        let farthest = all.positives[a].map { distances[a, $0] }.max() ?? -.infinity
        let nearest = all.negatives[a].map { distances[a, $0] }.min() ?? .infinity
        positives.append(all.positives[a].filter { distances[a, $0] + epsilon > nearest })
        negatives.append(all.negatives[a].filter { distances[a, $0] - epsilon < farthest })
      }
      return Comparisons(positives: positives, negatives: negatives)
    }
  }

  private func onePerAnchor(
    _ all: Comparisons, _ choose: (Int, [Int], [Int]) -> (positive: Int?, negative: Int?)
  ) -> Comparisons {
    var triplets: [Comparisons.Triplet] = []
    for a in all.positives.indices {
      if case (let positive?, let negative?) = choose(a, all.positives[a], all.negatives[a]) {
        triplets.append(.init(a, positive, negative))
      }
    }
    return Comparisons(triplets: triplets, count: all.positives.count)
  }

  /// On the unit sphere in D dimensions distances have density `q(d) ∝ d^(D−2) (1 − d²/4)^((D−3)/2)`; negatives are drawn
  /// with weight `1 / q`, distances below the cutoff counting as the cutoff, none beyond the limit.
  private func distanceWeighted(
    _ all: Comparisons, _ embeddings: Tensor, cutoff: Float, limit: Float, using generator: inout SeededGenerator
  ) -> Comparisons {
    let dimensions = Float(embeddings.rowWidth)
    let cosines = DistanceMatrix(Distance.cosine.matrix(embeddings))
    var triplets: [Comparisons.Triplet] = []
    for a in all.positives.indices {
      let candidates = all.negatives[a].compactMap { n -> (index: Int, logWeight: Float)? in
        let d = max((2 * cosines[a, n]).squareRoot(), cutoff)
        guard d < limit else { return nil }
        return (n, (2 - dimensions) * log(d) - (dimensions - 3) / 2 * log(1 - d * d / 4))
      }
      guard let top = candidates.map(\.logWeight).max() else { continue }
      let weights = candidates.map { exp($0.logWeight - top) }
      let total = weights.reduce(0, +)
      for p in all.positives[a] {
        var rest = generator.uniform() * total
        let drawn = weights.firstIndex { weight in
          rest -= weight
          return rest < 0
        }
        triplets.append(.init(a, p, candidates[drawn ?? candidates.count - 1].index))
      }
    }
    return Comparisons(triplets: triplets, count: all.positives.count)
  }
}
