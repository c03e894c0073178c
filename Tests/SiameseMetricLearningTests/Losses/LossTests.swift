import Foundation
import SiameseMetricLearning
import SiameseTensors
import Testing

/// What pytorch-metric-learning makes of one batch: see Fixtures/losses.py.
private struct Golden: Decodable {
  struct Case: Decodable, CustomStringConvertible {
    let loss: String, distance: String, value: Double, gradient: [Float]
    let miner: String?, reducer: String?, proxyGradient: [Float]?
    var description: String { "\(loss) on \(distance) by \(miner ?? "all")" }
  }
  let labels: [Int], embeddings: [Float], proxies: [Float], cases: [Case]

  static let file = try? JSONDecoder().decode(
    Golden.self, from: Data(contentsOf: fixture("losses.json")))
}

@Suite struct `Losses` {
  @Test func `every loss and miner equals pytorch-metric-learning, value and gradient`() throws {
    let golden = try #require(Golden.file)
    let width = golden.embeddings.count / golden.labels.count
    let embeddings = Tensor(shape: [golden.labels.count, width], elements: golden.embeddings)
    let proxies = Tensor(shape: [golden.proxies.count / width, width], elements: golden.proxies)
    #expect(golden.cases.count >= 25)
    for item in golden.cases {
      let objective = try Objective(
        loss: item.loss, miner: item.miner ?? "all", distance: Distance(name: item.distance),
        reducer: item.reducer.flatMap(Reducer.init(rawValue:)))
      let name = objective.parts[0].name
      var generator = SeededGenerator(seed: 1)
      let found = try objective.evaluate(
        embeddings, labels: golden.labels, parameters: ["\(name)/proxies": proxies], using: &generator)
      #expect(abs(found.value - item.value) < 1e-4 * max(1, abs(item.value)), "\(item)")
      expectClose(found.gradient.elements, item.gradient, "\(item)")
      if let expected = item.proxyGradient {
        expectClose(try #require(found.parameterGradients["\(name)/proxies"]).elements, expected, "\(item), proxies")
      }
    }
  }

  @Test(arguments: [
    Distance.euclidean, .squaredEuclidean, .cosine, .angle, .dotProduct, .manhattan, .radialBasis(sigma: 2),
  ])
  func `gradients of all losses equal finite differences in every distance`(_ distance: Distance) throws {
    let labels = [0, 0, 0, 1, 1, 2, 2, 3, 3, 3]
    let x = randomTensor([10, 5], seed: 11, scale: 0.8)
    let proxies = randomTensor([4, 5], seed: 12)
    let losses = [
      "triplet:0.7", "triplet:soft", "contrastive:2", "contrastive:margin=2,positive-margin=0.3",
      "contrastive-similarity:above=0.9,below=0.1", "pair-bce:scale=2,threshold=0.7", "lifted:1",
      "generalized-lifted:1",
      "n-pairs", "nt-xent:0.5", "supcon:0.5", "multi-similarity:alpha=2,beta=5,base=0.5", "proxy-nca:2",
      "proxy-anchor:alpha=4", "arcface:scale=4", "cosface:scale=4", "triplet:soft + 0.5 * arcface:scale=4",
    ]
    for loss in losses {
      let objective = try Objective(loss: loss, miner: "all", distance: distance, reducer: .mean)
      let parameters = Dictionary(
        uniqueKeysWithValues: objective.parts.map { ("\($0.name)/proxies", proxies) })
      func value(_ x: Tensor, _ parameters: [String: Tensor]) -> Objective.Evaluation? {
        var generator = SeededGenerator(seed: 1)
        return try? objective.evaluate(x, labels: labels, parameters: parameters, using: &generator)
      }
      let found = try #require(value(x, parameters))
      #expect(
        gradientError(of: found.gradient, at: x, step: 1e-3) { value($0, parameters)?.value ?? .nan } < 2e-2, "\(loss)")
      for (path, gradient) in found.parameterGradients {
        let error = gradientError(of: gradient, at: proxies, step: 1e-3) { moved in
          var parameters = parameters
          parameters[path] = moved
          return value(x, parameters)?.value ?? .nan
        }
        #expect(error < 2e-2, "\(loss), proxies")
      }
    }
  }

  @Test func `a triplet loss worked out by hand`() throws {
    // Anchor 0 at 0, its positive at 1, the negative at 1.5: violation 1 − 1.5 + 1 = 0.5; anchor 1: 1 − 0.5 + 1 = 1.5.
    let x = Tensor(shape: [3, 1], elements: [0, 1, 1.5])
    var generator = SeededGenerator(seed: 1)
    let objective = Objective(TripletLoss(margin: 1), miner: .batchHard, distance: .euclidean)
    let found = try objective.evaluate(x, labels: [0, 0, 1], using: &generator)
    #expect(abs(found.value - 1) < 1e-6)
    #expect(found.activeShare == 1)
    #expect(found.positiveDistance == 1 && found.negativeDistance == 1)
  }

  @Test func `batches without positives or without negatives cost nothing and have no gradient`() throws {
    let x = randomTensor([4, 3], seed: 2)
    for loss in Objective.lossNames
    where !["proxy-nca", "proxy-anchor", "arcface", "cosface", "pair-bce"].contains(loss) {
      for labels in [[0, 1, 2, 3], [0, 0, 0, 0]] where loss != "multi-similarity" && !loss.hasPrefix("contrastive") {
        var generator = SeededGenerator(seed: 1)
        let found = try Objective(loss: loss).evaluate(x, labels: labels, using: &generator)
        #expect(found.value == 0 && found.gradient.elements.allSatisfy { $0 == 0 }, "\(loss) \(labels)")
      }
    }
  }

  @Test func `embeddings that are no numbers are named`() {
    var x = randomTensor([4, 3], seed: 2)
    x.elements[7] = .nan
    var generator = SeededGenerator(seed: 1)
    #expect(throws: MetricLearningError.notFinite(what: "embeddings", row: 2, column: 1)) {
      _ = try Objective(TripletLoss()).evaluate(x, labels: [0, 0, 1, 1], using: &generator)
    }
  }

  @Test(arguments: [
    ("triplets", "no loss called 'triplets'"), ("triplet:margin=x", "margin of loss 'triplet' is x"),
    ("triplet:gap=1", "no setting of loss 'triplet' called 'gap'"), ("", "WEIGHT * LOSS"),
    ("n-pairs:3", "without settings"), ("0 * triplet", "above 0"), ("triplet + triplet:soft", "twice"),
    ("nt-xent:0", "a number from"), ("triplet +", "WEIGHT * LOSS"), ("2 * 3 * triplet", "WEIGHT * LOSS"),
  ]) func `a loss that is not understood is explained`(_ text: String, _ words: String) {
    let error = #expect(throws: MetricLearningError.self) { _ = try Objective(loss: text) }
    #expect(error?.description.contains(words) == true, "\(error?.description ?? "")")
  }
}

private func expectClose(_ found: [Float], _ expected: [Float], _ what: String) {
  let scale = max(1e-3, expected.map(abs).max() ?? 0)
  let worst = zip(found, expected).map { abs($0 - $1) }.max() ?? 0
  #expect(found.count == expected.count && worst < 2e-4 * scale, "\(what): \(worst / scale) of the largest gradient")
}
