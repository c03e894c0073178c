import Foundation
import SiameseTensors

/// Verification figures measured again and again on identities drawn with replacement (Efron's bootstrap).
///
/// An identity drawn w times gives its same pairs the weight w, and pairs of two identities the product of their weights;
/// copies of one identity are not compared with each other.
package struct IdentityBootstrap: Sendable {
  /// One round's figures; nil where the draw left no pair of one kind.
  package let rounds: [Verification?]

  /// - Parameter shares: how many pairs of its kind a pair stands for; the best accuracy depends on their proportion.
  /// - Complexity: O(P) a round after one sort of the P pairs.
  package init(
    _ sample: PairSample, distances: [Float], shares: (same: Double, different: Double) = (1, 1),
    rates: [Double] = Verification.standardRates, roundCount: Int = 1000,
    seed: UInt64, workers: WorkerThreads
  ) {
    let order = distances.indices.sorted { distances[$0] < distances[$1] }
    let sorted = order.map { distances[$0] }
    let identities = order.map { sample.identities[$0] }
    let generator = SeededGenerator(seed: seed)
    nonisolated(unsafe) var rounds = [Verification?](repeating: nil, count: roundCount)
    let lock = NSLock()
    workers.forEach(roundCount) { round in
      var random = generator.stream(UInt64(round))
      var weights = [Double](repeating: 0, count: sample.identityCount)
      for _ in 0..<sample.identityCount { weights[Int.random(in: 0..<weights.count, using: &random)] += 1 }
      let figures = Self.measure(sorted, identities, weights, shares, rates)
      lock.withLock { rounds[round] = figures }
    }
    self.rounds = rounds
  }

  /// The interval of a figure, over the rounds that have it.
  package func interval(_ figure: (Verification) -> Double) -> ConfidenceInterval? {
    ConfidenceInterval(rounds.compactMap { $0.map(figure) })
  }

  private static func measure(
    _ distances: [Float], _ identities: [(Int32, Int32)], _ weights: [Double],
    _ shares: (same: Double, different: Double), _ rates: [Double]
  ) -> Verification? {
    func weight(_ pair: Int) -> (same: Double, different: Double) {
      let (a, b) = identities[pair]
      return a == b ? (shares.same * weights[Int(a)], 0) : (0, shares.different * weights[Int(a)] * weights[Int(b)])
    }
    var (same, different) = (0.0, 0.0)
    for pair in distances.indices {
      let (s, d) = weight(pair)
      same += s
      different += d
    }
    return Verification(sameCount: same, differentCount: different, rates: rates, keepingCurve: false) { step in
      var pair = 0
      while pair < distances.count {
        let distance = distances[pair]
        var (same, different) = (0.0, 0.0)
        repeat {
          let (s, d) = weight(pair)
          same += s
          different += d
          pair += 1
        } while pair < distances.count && distances[pair] == distance
        if same + different > 0 { step(distance, same, different) }
      }
    }
  }
}
