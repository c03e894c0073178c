import Foundation
import SiameseGraph
import SiameseMetricLearning
import SiameseTensors
import Testing

@Suite struct `Joint layers` {
  @Test(arguments: ["absdiff", "product:1", "concat:8,1", "absdiff,product,concat:16,4,1", "concat"])
  func `similarity does not depend on the order of the two`(_ text: String) throws {
    let head = try PairHead(text)
    let parameters = try head.initialParameters(width: 6, seed: 5)
    let evaluator = try ReferenceEvaluator(head.graph(width: 6), parameters: ParameterStore(parameters))
    let (x, y) = (randomTensor([9, 6], seed: 1), randomTensor([9, 6], seed: 2))
    let (forth, back) = (evaluator([x, y])[0], evaluator([y, x])[0])
    #expect(forth.shape == [9, 1])
    #expect(zip(forth.elements, back.elements).allSatisfy { abs($0 - $1) < 1e-5 })
    if text != "concat" { #expect(Set(forth.elements).count == 9) }
  }

  @Test func `before any training the near pair is the more similar`() throws {
    for text in ["absdiff", "product", "absdiff,product"] {
      let head = try PairHead(text)
      let parameters = try head.initialParameters(width: 2, seed: 5)
      let evaluator = try ReferenceEvaluator(head.graph(width: 2), parameters: ParameterStore(parameters))
      let s = evaluator([
        Tensor(shape: [2, 2], elements: [1, 0, 1, 0]), Tensor(shape: [2, 2], elements: [1, 0, 0, 1]),
      ])[0]
      #expect(s.elements[0] > s.elements[1])
    }
  }

  @Test(arguments: [PairTarget.absolute, .relative(margin: 0.5), .relative(margin: nil)])
  func `the target's gradient equals finite differences`(_ target: PairTarget) {
    let logits = randomTensor([10], seed: 4)
    let found = target.loss(logits.elements)
    let gradient = Tensor(shape: [10], elements: found.gradient)
    #expect(gradientError(of: gradient, at: logits, step: 1e-3) { target.loss($0.elements).value } < 1e-2)
  }

  @Test func `binary cross-entropy worked out by hand`() {
    let found = PairTarget.absolute.loss([0, 0])
    #expect(abs(found.value - 2 * log(2)) < 1e-6)
    #expect(found.gradient == [-0.5, 0.5])
  }

  @Test(arguments: ["", "diff", "absdiff:", "absdiff:64", "absdiff:0,1", "absdiff:x,1"])
  func `joint layers that are not understood are explained`(_ text: String) {
    #expect(throws: MetricLearningError.self) { _ = try PairHead(text) }
  }
}
