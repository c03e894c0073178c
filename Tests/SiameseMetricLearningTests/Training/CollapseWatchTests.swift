import SiameseMetricLearning
import SiameseTensors
import Testing

private func evaluation(
  loss: Double = 0.2, comparisons: Int = 12, positive: Double, negative: Double
) -> Objective.Evaluation {
  Objective.Evaluation(
    value: loss, gradient: Tensor(shape: [0, 0]), comparisonCount: comparisons, activeShare: 1,
    positiveDistance: positive,
    negativeDistance: negative)
}

@Suite struct `Collapse watch` {
  @Test func `embeddings that shrink to a point are noticed`() {
    var watch = CollapseWatch()
    var verdict: CollapseWatch.Verdict?
    for step in 0..<100 where verdict == nil {
      let size = Double(100 - step) / 100
      verdict = watch.look(evaluation(positive: 0.5 * size, negative: size))
    }
    guard case .shrunk = verdict else {
      Issue.record("\(String(describing: verdict))")
      return
    }
    #expect(verdict?.message.contains("triplet:soft") == true)
  }

  @Test func `a loss that sits at the margin is noticed, after patience`() {
    var watch = CollapseWatch()
    var seen: [CollapseWatch.Verdict] = []
    for _ in 0..<70 { if let verdict = watch.look(evaluation(positive: 1, negative: 1)) { seen.append(verdict) } }
    #expect(seen.first == .undecided(steps: 60) && !watch.isHealthy)
    watch.reset()
    #expect(watch.look(evaluation(positive: 1, negative: 1)) == nil)
  }

  @Test func `batches in which nothing is compared say nothing, however many there are`() {
    var watch = CollapseWatch()
    for _ in 0..<500 { #expect(watch.look(evaluation(loss: 0, comparisons: 0, positive: 1, negative: 1)) == nil) }
    #expect(watch.isHealthy)
    // Nor do they make the count begin anew.
    for _ in 0..<59 { #expect(watch.look(evaluation(positive: 1, negative: 1)) == nil) }
    #expect(watch.look(evaluation(loss: 0, comparisons: 0, positive: 1, negative: 1)) == nil)
    #expect(watch.look(evaluation(positive: 1, negative: 1)) == .undecided(steps: 60))
  }

  @Test func `healthy training is left alone, losses that are no numbers are not`() {
    var watch = CollapseWatch()
    for _ in 0..<500 { #expect(watch.look(evaluation(positive: 0.6, negative: 1)) == nil) }
    #expect(watch.look(evaluation(loss: .nan, positive: 0.6, negative: 1)) == .diverged)
  }
}
