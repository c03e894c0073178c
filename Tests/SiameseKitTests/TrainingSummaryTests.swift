import Foundation
import Testing

@testable import SiameseKit

@Suite struct TrainingSummaryTests {
  private func summary(
    steps: Int, choosing: (start: Double, best: Double)? = nil, heldOut: (start: Double, end: Double)? = nil
  ) -> TrainingSummary {
    var summary = TrainingSummary()
    summary.steps = steps
    (summary.selectionErrorAtStart, summary.selectionErrorAtBest) = (choosing?.start, choosing?.best)
    (summary.heldOutErrorAtStart, summary.heldOutErrorAtEnd) = (heldOut?.start, heldOut?.end)
    return summary
  }

  @Test func `training that helped, or that there was none of, needs no word`() {
    #expect(summary(steps: 0).verdict == nil)
    #expect(summary(steps: 10, heldOut: (0.08, 0.05)).verdict == nil)
    #expect(summary(steps: 10, choosing: (0.1, 0.05), heldOut: (0.08, 0.05)).verdict == nil)
    // Nothing was left to improve.
    #expect(summary(steps: 10, heldOut: (0, 0)).verdict == nil)
  }

  @Test func `without classes that choose, the pictures held out say that training did not help, and how it could`()
    throws
  {
    for end in [0.0812, 0.0534] {
      let verdict = try #require(summary(steps: 10, heldOut: (0.0534, end)).verdict)
      #expect(verdict.hasPrefix("training did not improve on its start (equal-error rate 5.3 % before the first step"))
      #expect(verdict.contains(end > 0.06 ? "8.1 % after" : "5.3 % after") && verdict.contains("--choose-on"))
    }
  }

  @Test func `where choosing and held-out classes disagree, both are told`() throws {
    let verdict = try #require(summary(steps: 10, choosing: (0.1, 0.05), heldOut: (0.05, 0.06)).verdict)
    #expect(verdict.contains("10.0 % to 5.0 %") && verdict.contains("5.0 % before the first step, 6.0 % after"))
    #expect(verdict.contains("but not on the pictures held out"))
  }

  @Test func `where no step was better on the classes that choose, the head stays as fitted`() throws {
    let verdict = try #require(summary(steps: 0, choosing: (0.075, 0.075)).verdict)
    #expect(
      verdict == "training did not improve on the fitted head (equal-error rate 7.5 % on the classes that choose), "
        + "so the head stays as fitted")
  }

  @Test func `the figures and the sentence are in the JSON, and nothing where nothing is known`() throws {
    func json(_ summary: TrainingSummary) throws -> [String: Any] {
      try #require(try JSONSerialization.jsonObject(with: JSONEncoder().encode(summary)) as? [String: Any])
    }
    let worse = summary(steps: 10, heldOut: (0.05, 0.06))
    let values = try json(worse)
    #expect(values["held_out_error_at_start"] as? Double == 0.05 && values["held_out_error_at_end"] as? Double == 0.06)
    #expect(values["verdict"] as? String == worse.verdict)
    #expect(Set(try json(summary(steps: 0)).keys) == ["steps", "seconds", "ending"])
  }
}
