import Foundation
import SiameseTensors

/// What training minimises: a distance, a miner, one or several losses and a reducer, put together.
///
/// ```swift
/// let objective = try Objective(loss: "triplet:margin=0.2", miner: "batch-hard", distance: .euclidean)
/// let joint = try Objective(loss: "triplet:soft + 0.1 * arcface:scale=30", miner: "batch-hard")
/// ```
package struct Objective: Sendable {
  /// A loss of either kind.
  package enum Loss: Sendable {
    /// Of the distances among the embeddings of a batch.
    case pairwise(any PairwiseLoss)
    /// Of the distances from embeddings to proxies.
    case proxies(any ProxyLoss)

    var reducer: Reducer {
      switch self {
      case .pairwise(let loss): loss.reducer
      case .proxies(let loss): loss.reducer
      }
    }
    var ownDistance: Distance? {
      switch self {
      case .pairwise(let loss): loss.ownDistance
      case .proxies(let loss): loss.ownDistance
      }
    }
  }

  /// A summand: a loss and its weight.
  package struct Part: Sendable {
    /// The name under which its proxies are kept; its factor in the sum; the loss.
    package var name: String, weight: Float, loss: Loss
    /// A loss under a name that no other summand has.
    package init(name: String, weight: Float = 1, loss: Loss) {
      (self.name, self.weight, self.loss) = (name, weight, loss)
    }
    /// Where its proxies lie among the parameters of the loss.
    package var proxyPath: String { "\(name)/proxies" }
  }

  /// The summands.
  package var parts: [Part]
  /// Which comparisons of a batch count.
  package var miner: Miner
  /// The measure of training, for losses that have none of their own.
  package var distance: Distance
  /// nil leaves it to each loss.
  package var reducer: Reducer?

  /// A sum of losses.
  package init(parts: [Part], miner: Miner = .all, distance: Distance = .euclidean, reducer: Reducer? = nil) {
    (self.parts, self.miner, self.distance, self.reducer) = (parts, miner, distance, reducer)
  }

  /// One loss of pairs.
  package init(
    _ loss: any PairwiseLoss, miner: Miner = .all, distance: Distance = .euclidean, reducer: Reducer? = nil
  ) {
    self.init(parts: [Part(name: "loss", loss: .pairwise(loss))], miner: miner, distance: distance, reducer: reducer)
  }

  /// One loss with proxies, which needs no miner.
  package init(_ loss: any ProxyLoss, distance: Distance = .euclidean, reducer: Reducer? = nil) {
    self.init(parts: [Part(name: "loss", loss: .proxies(loss))], distance: distance, reducer: reducer)
  }
}

extension Objective {
  /// One step's loss, its gradients, and what a log says about it.
  package struct Evaluation: Sendable {
    /// The loss, a weighted sum over the parts.
    package var value: Double
    /// By the embeddings, `[N, D]`.
    package var gradient: Tensor
    /// By the loss's own parameters.
    package var parameterGradients: [String: Tensor] = [:]
    /// How many elements — pairs, triplets, anchors or classes — the loss is of. 0 where the miner found none: such a batch
    /// has no loss and moves nothing.
    package var comparisonCount: Int
    /// The share of comparisons with a loss above zero: near 0 there is nothing left to learn from this batch.
    package var activeShare: Double
    /// Mean distances of all positive and of all negative pairs of the batch, whatever the miner chose among them.
    package var positiveDistance: Double, negativeDistance: Double

    /// The figures of one batch.
    package init(
      value: Double, gradient: Tensor, comparisonCount: Int, activeShare: Double, positiveDistance: Double,
      negativeDistance: Double
    ) {
      (self.value, self.gradient) = (value, gradient)
      (self.comparisonCount, self.activeShare) = (comparisonCount, activeShare)
      (self.positiveDistance, self.negativeDistance) = (positiveDistance, negativeDistance)
    }
  }

  /// Where proxies start: drawn from the normal distribution, of unit length on average.
  package func initialParameters(
    classCount: Int, width: Int, using generator: inout SeededGenerator
  ) -> [String: Tensor] {
    var result: [String: Tensor] = [:]
    for part in parts {
      guard case .proxies = part.loss else { continue }
      let scale = 1 / Float(width).squareRoot()
      let elements = (0..<classCount * width).map { _ in generator.normal() * scale }
      result[part.proxyPath] = Tensor(shape: [classCount, width], elements: elements)
    }
    return result
  }

  /// The loss of a batch.
  /// - Parameters:
  ///   - embeddings: `[N, D]`.
  ///   - labels: their classes; with proxies, indices of proxies.
  ///   - parameters: as from `initialParameters`.
  /// - Throws: `MetricLearningError.notFinite` naming the embedding that is not finite.
  package func evaluate(
    _ embeddings: Tensor, labels: [Int], parameters: [String: Tensor] = [:], using generator: inout SeededGenerator
  ) throws -> Evaluation {
    precondition(embeddings.shape.count == 2 && labels.count == embeddings.rowCount)
    if let bad = embeddings.elements.firstIndex(where: { !$0.isFinite }) {
      let width = embeddings.rowWidth
      throw MetricLearningError.notFinite(what: "embeddings", row: bad / width, column: bad % width)
    }
    let main = distance.matrix(embeddings)
    let comparisons = miner.mine(DistanceMatrix(main), labels: labels, embeddings: embeddings, using: &generator)
    var result = Evaluation(
      value: 0, gradient: Tensor(shape: embeddings.shape), comparisonCount: 0, activeShare: 0, positiveDistance: 0,
      negativeDistance: 0)
    var (active, count) = (0, 0)
    for part in parts {
      let distance = part.loss.ownDistance ?? self.distance
      let reducer = reducer ?? part.loss.reducer
      switch part.loss {
      case .pairwise(let loss):
        let distances = distance == self.distance ? main : distance.matrix(embeddings)
        let terms = loss.terms(comparisons, DistanceMatrix(distances))
        let gradient = combine(terms, part, reducer, &result.value, shape: distances.shape)
        add(distance.backpropagate(gradient, distances: distances, embeddings), to: &result.gradient)
        active += terms.reduce(0) { $0 + $1.activeCount }
        count += terms.reduce(0) { $0 + $1.count }
      case .proxies(let loss):
        guard let proxies = parameters[part.proxyPath], proxies.rowWidth == embeddings.rowWidth else {
          throw MetricLearningError.misfit(
            what: "proxies of loss '\(part.name)'", expected: "one of width \(embeddings.rowWidth) a class",
            found: parameters[part.proxyPath].map { "\($0.shape)" } ?? "none")
        }
        let distances = distance.matrix(embeddings, proxies)
        let terms = loss.terms(classes: labels, DistanceMatrix(distances))
        let gradient = combine(terms, part, reducer, &result.value, shape: distances.shape)
        let (toEmbeddings, toProxies) = distance.backpropagate(gradient, distances: distances, embeddings, proxies)
        add(toEmbeddings, to: &result.gradient)
        result.parameterGradients[part.proxyPath] = toProxies
        active += terms.reduce(0) { $0 + $1.activeCount }
        count += terms.reduce(0) { $0 + $1.count }
      }
    }
    result.comparisonCount = count
    result.activeShare = Double(active) / Double(max(1, count))
    (result.positiveDistance, result.negativeDistance) = meanDistances(main, labels)
    return result
  }

  private func combine(
    _ terms: [LossTerm], _ part: Part, _ reducer: Reducer, _ value: inout Double, shape: [Int]
  ) -> Tensor {
    var gradient = Tensor(shape: shape)
    for term in terms {
      let factor = Double(part.weight) / reducer.divisor(term)
      value += term.sum * factor
      for k in term.gradient.indices { gradient.elements[k] += Float(factor) * term.gradient[k] }
    }
    return gradient
  }

  private func add(_ other: Tensor, to sum: inout Tensor) {
    for k in other.elements.indices { sum.elements[k] += other.elements[k] }
  }

  private func meanDistances(_ distances: Tensor, _ labels: [Int]) -> (Double, Double) {
    var sums = (0.0, 0.0)
    var counts = (0, 0)
    let n = labels.count
    for i in 0..<n {
      for j in 0..<i {
        let d = Double(distances.elements[i * n + j])
        if labels[i] == labels[j] {
          (sums.0, counts.0) = (sums.0 + d, counts.0 + 1)
        } else {
          (sums.1, counts.1) = (sums.1 + d, counts.1 + 1)
        }
      }
    }
    return (sums.0 / Double(max(1, counts.0)), sums.1 / Double(max(1, counts.1)))
  }
}
