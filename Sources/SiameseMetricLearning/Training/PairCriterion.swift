import SiameseGraph
import SiameseTensors
import SiameseTraining

/// Which pairs of a batch joint layers learn from.
package struct PairDrawing: Sendable, Equatable {
  /// Chooses among all pairs or triplets of the batch, by the distances of embeddings.
  package var miner: Miner
  /// What the miner looks at.
  package var distance: Distance
  /// Positive pairs drawn a step, and as many negative ones.
  package var pairCount: Int

  /// By default 64 of each kind among all pairs.
  package init(miner: Miner = .all, distance: Distance = .euclidean, pairCount: Int = 64) {
    (self.miner, self.distance, self.pairCount) = (miner, distance, pairCount)
  }
}

/// Joint layers with their target: pairs are drawn from what the miner chose, as many positive as negative.
package final class PairCriterion: BatchCriterion {
  private let head: PairHead
  private let target: PairTarget
  private let drawing: PairDrawing
  private let plan: TrainingPlan
  private let parameters: TrainingParameters

  /// - Parameters:
  ///   - width: The width of the embeddings, D.
  ///   - initial: The weights to start from, by path; nil for those that `head` starts from.
  /// - Throws: `GraphError` where `initial` does not fit.
  package init(
    _ head: PairHead, target: PairTarget, drawing: PairDrawing = PairDrawing(), width: Int,
    initial: [String: Tensor]? = nil, threads: Int, seed: UInt64
  ) throws {
    (self.head, self.target, self.drawing) = (head, target, drawing)
    let graph = try head.graph(width: width)
    let store = ParameterStore(try initial ?? head.initialParameters(width: width, seed: seed))
    parameters = try TrainingParameters(graph, store)
    plan = try TrainingPlan(
      graph, parameters, batch: 2 * drawing.pairCount, options: TrainingOptions(threads: threads, inputGradients: true))
  }

  private var pairCount: Int { drawing.pairCount }
  private var miner: Miner { drawing.miner }

  /// The weights of the joint layers, by path.
  package var state: [String: Tensor] {
    get { parameters.state }
    set { parameters.state = newValue }
  }

  /// The loss of pairs drawn from the batch.
  package func evaluate(
    _ embeddings: Tensor, labels: [Int], using generator: inout SeededGenerator
  ) throws -> Objective.Evaluation {
    if let bad = embeddings.elements.firstIndex(where: { !$0.isFinite }) {
      let width = embeddings.rowWidth
      throw MetricLearningError.notFinite(what: "embeddings", row: bad / width, column: bad % width)
    }
    let distances = DistanceMatrix(drawing.distance.matrix(embeddings))
    let chosen = miner.mine(distances, labels: labels, embeddings: embeddings, using: &generator)
    var result = Objective.Evaluation(
      value: 0, gradient: Tensor(shape: embeddings.shape), comparisonCount: 0, activeShare: 0, positiveDistance: 0,
      negativeDistance: 0)
    // Pairs drawn among all of them stand for all. What another miner chooses is one-sided (hard triplets are the wrong way
    // round by definition), so all pairs are looked at.
    if miner != .all { (result.positiveDistance, result.negativeDistance) = meanDistances(embeddings, labels) }
    guard let (left, right) = draw(chosen, using: &generator) else { return result }
    let logits = try plan.forward([embeddings.gatheringRows(left), embeddings.gatheringRows(right)])[0]
    let loss = target.loss(logits.elements)
    try plan.backward([Tensor(shape: logits.shape, elements: loss.gradient)])
    let toEnds = plan.inputGradients
    let width = embeddings.rowWidth
    for (rows, gradient) in zip([left, right], toEnds) {
      for (k, row) in rows.enumerated() {
        for j in 0..<width { result.gradient.elements[row * width + j] += gradient.elements[k * width + j] }
      }
    }
    (result.value, result.comparisonCount, result.activeShare) = (loss.value, 2 * pairCount, loss.activeShare)
    // In place of distances, what the joint layers say: less similar is farther.
    if miner == .all {
      result.positiveDistance = -mean(logits.elements[..<pairCount])
      result.negativeDistance = -mean(logits.elements[pairCount...])
    }
    return result
  }

  /// Moves the joint layers by the gradients of the last evaluation.
  package func step(_ optimizer: inout Optimizer, rate: Float) { optimizer.step(parameters, rate: rate) }

  /// The ends of as many positive pairs (first half) and negative ones (second half); triplets share their anchors.
  private func draw(_ chosen: Comparisons, using generator: inout SeededGenerator) -> ([Int], [Int])? {
    var (left, right): ([Int], [Int]) = ([], [])
    if case .relative = target {
      let triplets = chosen.triplets
      guard !triplets.isEmpty else { return nil }
      let drawn = sample(triplets, using: &generator)
      left = drawn.map(\.anchor) + drawn.map(\.anchor)
      right = drawn.map(\.positive) + drawn.map(\.negative)
      return (left, right)
    }
    for kind in [chosen.positives, chosen.negatives] {
      let pairs = kind.enumerated().flatMap { anchor, others in others.map { (anchor, $0) } }
      guard !pairs.isEmpty else { return nil }
      let drawn = sample(pairs, using: &generator)
      left += drawn.map(\.0)
      right += drawn.map(\.1)
    }
    return (left, right)
  }

  private func sample<Element>(_ all: [Element], using generator: inout SeededGenerator) -> [Element] {
    var result: [Element] = []
    while result.count < pairCount {
      result += all.shuffled(using: &generator).prefix(pairCount - result.count)
    }
    return result
  }

  /// The mean of −s over all pairs of one class, and over all of two; NaN where the weights are.
  private func meanDistances(_ embeddings: Tensor, _ labels: [Int]) -> (positive: Double, negative: Double) {
    guard let joint = try? JointLayers(head, width: embeddings.rowWidth, parameters: state) else { return (.nan, .nan) }
    let similarities = joint.similarities(embeddings, embeddings).elements
    var (sums, counts) = ([0.0, 0.0], [0, 0])
    for i in labels.indices {
      for j in 0..<i {
        let kind = labels[i] == labels[j] ? 0 : 1
        sums[kind] -= Double(similarities[i * labels.count + j])
        counts[kind] += 1
      }
    }
    return (sums[0] / Double(max(1, counts[0])), sums[1] / Double(max(1, counts[1])))
  }

  private func mean(_ x: ArraySlice<Float>) -> Double { x.reduce(0) { $0 + Double($1) } / Double(max(1, x.count)) }
}
