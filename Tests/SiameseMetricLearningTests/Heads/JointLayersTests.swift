import Foundation
import SiameseEvaluation
import SiameseGraph
import SiameseMetricLearning
import SiameseTensors
import Testing

@Suite struct `Trained joint layers` {
  private func layers(_ text: String, width: Int, seed: UInt64 = 3) throws -> JointLayers {
    let head = try PairHead(text)
    var parameters = try head.initialParameters(width: width, seed: seed)
    var random = SeededGenerator(seed: seed)
    for path in parameters.keys.sorted() {
      for k in parameters[path]!.elements.indices { parameters[path]!.elements[k] += 0.3 * random.normal() }
    }
    return try JointLayers(head, width: width, parameters: parameters)
  }

  @Test(arguments: [
    "absdiff", "product:1", "concat:8,1", "absdiff,product,concat:16,4,1", "absdiff,product:7,1", "concat",
  ])
  func `many against many equals the graph, pair by pair`(_ text: String) throws {
    let joint = try layers(text, width: 5)
    let (x, y) = (randomTensor([3, 5], seed: 1), randomTensor([301, 5], seed: 2))
    let evaluator = try ReferenceEvaluator(joint.head.graph(width: 5), parameters: ParameterStore(joint.parameters))
    let found = joint.similarities(x, y)
    #expect(found.shape == [3, 301])
    for i in 0..<3 {
      let expected = evaluator([x.gatheringRows([Int](repeating: i, count: 301)), y])[0].elements
      #expect(zip(expected, found.row(i)).allSatisfy { abs($0 - $1) < 1e-4 })
    }
    let back = joint.similarities(y, x)
    #expect((0..<301).allSatisfy { abs(back.elements[$0 * 3 + 1] - found.elements[301 + $0]) < 1e-5 })
    #expect(abs(joint.similarity(x.row(2), y.row(7)) - found.elements[2 * 301 + 7]) < 1e-5)
    #expect(Measure.joint(joint)(x.row(2), y.row(7)) == -joint.similarity(x.row(2), y.row(7)))
  }

  @Test(arguments: ["absdiff", "concat:8,1", "absdiff,product,concat:16,4,1"])
  func `no distance lies beyond the bounds of its blocks`(_ text: String) throws {
    let joint = try layers(text, width: 6)
    let (x, y) = (randomTensor([20, 6], seed: 1), randomTensor([30, 6], seed: 2))
    let blocks = DistanceBlocks(Measure.joint(joint), x, y)
    var written = [Float](repeating: 0, count: 600)
    blocks.write(0..<20, 0..<30, &written)
    #expect(written == joint.similarities(x, y).elements.map { -$0 })
    #expect(written.allSatisfy(blocks.bounds.contains))
  }

  @Test(arguments: ["absdiff", "absdiff,product:64,1", "product:8,4,1"])
  func `before any training the layers say what the meetings say`(_ text: String) throws {
    let head = try PairHead(text)
    let joint = try JointLayers(head, width: 4, parameters: head.initialParameters(width: 4, seed: 5))
    let (x, y) = (randomTensor([6, 4], seed: 1), randomTensor([6, 4], seed: 2))
    for i in 0..<6 {
      var expected: Float = 0
      for (a, b) in zip(x.row(i), y.row(i)) {
        if head.meetings.contains(.absdiff) { expected -= abs(a - b) }
        if head.meetings.contains(.product) { expected += a * b }
      }
      #expect(abs(joint.similarity(x.row(i), y.row(i)) - 2 * expected) < 1e-4)
    }
  }

  @Test func `calibrated layers keep the order and say probabilities`() throws {
    let joint = try layers("absdiff:4,1", width: 3)
    var x = randomTensor([40, 3], seed: 1)
    let labels = (0..<40).map { $0 / 4 }
    // Pictures of one class lie near the class' first.
    for i in 0..<40 {
      for k in 0..<3 { x.elements[i * 3 + k] = 3 * x.elements[labels[i] * 12 + k] + 0.3 * x.elements[i * 3 + k] }
    }
    let found = joint.calibrated(on: x, labels: labels, seed: 1)
    let (before, after) = (joint.similarities(x, x).elements, found.similarities(x, x).elements)
    let order = before.indices.sorted { before[$0] < before[$1] }
    #expect(zip(order, order.dropFirst()).allSatisfy { after[$0] <= after[$1] + 1e-4 })
    #expect(abs(found.probability(atDistance: 0) - 0.5) < 1e-12)
    #expect(abs(found.probability(atDistance: -2) - 1 / (1 + exp(-2.0))) < 1e-9)
    // Fitted anew there is nothing left to shift or scale.
    let again = found.calibrated(on: x, labels: labels, seed: 1).similarities(x, x).elements
    #expect(zip(after, again).allSatisfy { abs($0 - $1) < 1e-2 * max(1, abs($0)) })
  }

  @Test func `weights that do not fit are explained`() throws {
    let head = try PairHead("absdiff:4,1")
    var parameters = try head.initialParameters(width: 3, seed: 5)
    #expect(throws: MetricLearningError.self) { _ = try JointLayers(head, width: 2, parameters: parameters) }
    parameters["joint_dense_2/bias"]!.elements[0] = .nan
    #expect(throws: MetricLearningError.self) { _ = try JointLayers(head, width: 3, parameters: parameters) }
    parameters["joint_dense_2/bias"] = nil
    #expect(throws: MetricLearningError.self) { _ = try JointLayers(head, width: 3, parameters: parameters) }
  }

  @Test func `a loss says which target joint layers have`() throws {
    #expect(try PairTarget(loss: "pair-bce") == .absolute)
    #expect(try PairTarget(loss: "triplet:soft") == .relative(margin: nil))
    #expect(try PairTarget(loss: "triplet:0.5") == .relative(margin: 0.5))
    for text in ["circle", "pair-bce:scale=2", "triplet:hard", "triplet + pair-bce"] {
      #expect(throws: MetricLearningError.self) { _ = try PairTarget(loss: text) }
    }
  }
}
