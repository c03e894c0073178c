import Foundation
import SiameseMetricLearning

/// How training went, and whether it was good for anything.
public struct TrainingSummary: Sendable, Encodable {
  /// Steps whose outcome is kept; 0 where the head as fitted was best.
  public var steps = 0
  /// The time that training took.
  public var seconds = 0.0
  /// The share of equal errors on the classes that choose, before the first step and at the best one.
  public var selectionErrorAtStart: Double?
  /// The same at the best step.
  public var selectionErrorAtBest: Double?
  /// The share of equal errors on the pictures held out, before the first step and with the weights that are kept; nil
  /// where no step is kept.
  public var heldOutErrorAtStart: Double?
  /// The same with the weights that are kept.
  public var heldOutErrorAtEnd: Double?
  /// `closed form`, `finished`, `interrupted`, `no improvement`, or why it collapsed.
  public var ending = "closed form"
  /// The steps, in order.
  public var records: [StepRecord] = []

  /// Where training did not help, a sentence that says so; nil where it did, and where there was none.
  ///
  /// The classes that choose decide what is kept. Those held out decide nothing: that training did not help there is said, and
  /// the weights stay as they are.
  public var verdict: String? {
    func percent(_ x: Double) -> String { String(format: "%.1f %%", x * 100) }
    if steps == 0, let start = selectionErrorAtStart {
      return
        "training did not improve on the fitted head (equal-error rate \(percent(start)) on the classes that choose), "
        + "so the head stays as fitted"
    }
    guard steps > 0, let start = heldOutErrorAtStart, let end = heldOutErrorAtEnd, end > 0, end >= start else {
      return nil
    }
    let found = "equal-error rate \(percent(start)) before the first step, \(percent(end)) after the last"
    if let before = selectionErrorAtStart, let best = selectionErrorAtBest {
      return "training improved on the classes that choose (equal-error rate \(percent(before)) to \(percent(best))), "
        + "but not on the pictures held out (\(found))"
    }
    return
      "training did not improve on its start (\(found), on the pictures held out), and no classes chose how long to "
      + "train; with --choose-on 0.2 some would, and the start would stay where it is better"
  }

  private enum CodingKeys: String, CodingKey {
    case steps, seconds, ending, verdict
    case selectionErrorAtStart = "selection_error_at_start", selectionErrorAtBest = "selection_error_at_best"
    case heldOutErrorAtStart = "held_out_error_at_start", heldOutErrorAtEnd = "held_out_error_at_end"
  }

  /// `steps`, `seconds`, `ending` and the errors, as `Docs/Metrics.md` lists them.
  public func encode(to encoder: any Encoder) throws {
    var values = encoder.container(keyedBy: CodingKeys.self)
    try values.encode(steps, forKey: .steps)
    try values.encode(seconds, forKey: .seconds)
    try values.encode(ending, forKey: .ending)
    try values.encodeIfPresent(selectionErrorAtStart, forKey: .selectionErrorAtStart)
    try values.encodeIfPresent(selectionErrorAtBest, forKey: .selectionErrorAtBest)
    try values.encodeIfPresent(heldOutErrorAtStart, forKey: .heldOutErrorAtStart)
    try values.encodeIfPresent(heldOutErrorAtEnd, forKey: .heldOutErrorAtEnd)
    try values.encodeIfPresent(verdict, forKey: .verdict)
  }
}
