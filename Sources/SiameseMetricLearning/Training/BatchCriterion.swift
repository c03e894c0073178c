import SiameseGraph
import SiameseTensors
import SiameseTraining

/// The side of training that looks at embeddings: a loss, with weights of its own if it has any.
package protocol BatchCriterion: AnyObject {
  /// The loss of a batch, its gradient at the embeddings, and, kept inside, that of its own weights.
  func evaluate(
    _ embeddings: Tensor, labels: [Int], using generator: inout SeededGenerator
  ) throws -> Objective.Evaluation
  /// Moves its own weights by the gradients of the last evaluation.
  func step(_ optimizer: inout Optimizer, rate: Float)
  /// Its own weights, by path.
  var state: [String: Tensor] { get set }
}

/// An objective with the proxies that its losses learn.
package final class ObjectiveCriterion: BatchCriterion {
  package let objective: Objective
  package var state: [String: Tensor]
  private var gradients: [String: Tensor] = [:]

  package init(_ objective: Objective, classCount: Int, width: Int, seed: UInt64) {
    var generator = SeededGenerator(seed: seed)
    self.objective = objective
    state = objective.initialParameters(classCount: classCount, width: width, using: &generator)
  }

  package func evaluate(
    _ embeddings: Tensor, labels: [Int], using generator: inout SeededGenerator
  ) throws -> Objective.Evaluation {
    let found = try objective.evaluate(embeddings, labels: labels, parameters: state, using: &generator)
    gradients = found.parameterGradients
    return found
  }

  package func step(_ optimizer: inout Optimizer, rate: Float) {
    for (path, gradient) in gradients.sorted(by: { $0.key < $1.key }) {
      guard var weights = state.removeValue(forKey: path) else { continue }
      optimizer.step(path, &weights, gradient: gradient, rate: rate)
      state[path] = weights
    }
  }
}

/// Joint layers with their target: pairs are drawn from what the miner chose, as many positive as negative.
package final class PairCriterion: BatchCriterion {
  package let head: PairHead
  package let target: PairTarget
  package let miner: Miner
  package let distance: Distance
  /// Pairs of each kind a step.
  package let pairCount: Int
  private let plan: TrainingPlan
  private let parameters: TrainingParameters

  /// - Parameter width: of the embeddings.
  package init(
    _ head: PairHead, target: PairTarget, miner: Miner = .all, distance: Distance = .euclidean, pairCount: Int = 64,
    width: Int, initial: [String: Tensor]? = nil, threads: Int, seed: UInt64
  ) throws {
    (self.head, self.target, self.miner, self.distance) = (head, target, miner, distance)
    self.pairCount = pairCount
    let graph = try head.graph(width: width)
    let store = ParameterStore(try initial ?? head.initialParameters(width: width, seed: seed))
    parameters = try TrainingParameters(graph, store)
    plan = try TrainingPlan(
      graph, parameters, batch: 2 * pairCount, options: TrainingOptions(threads: threads, inputGradients: true))
  }

  package var state: [String: Tensor] {
    get { parameters.state }
    set { parameters.state = newValue }
  }

  package func evaluate(
    _ embeddings: Tensor, labels: [Int], using generator: inout SeededGenerator
  ) throws -> Objective.Evaluation {
    if let bad = embeddings.elements.firstIndex(where: { !$0.isFinite }) {
      let width = embeddings.rowWidth
      throw MetricLearningError.notFinite(what: "embeddings", row: bad / width, column: bad % width)
    }
    let distances = DistanceMatrix(distance.matrix(embeddings))
    let chosen = miner.mine(distances, labels: labels, embeddings: embeddings, using: &generator)
    var result = Objective.Evaluation(
      value: 0, gradient: Tensor(shape: embeddings.shape), activeShare: 0, positiveDistance: 0, negativeDistance: 0)
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
    (result.value, result.activeShare) = (loss.value, loss.activeShare)
    // In place of distances, what the head says: less similar is farther.
    result.positiveDistance = -mean(logits.elements[..<pairCount])
    result.negativeDistance = -mean(logits.elements[pairCount...])
    return result
  }

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

  private func mean(_ x: ArraySlice<Float>) -> Double { x.reduce(0) { $0 + Double($1) } / Double(max(1, x.count)) }
}
