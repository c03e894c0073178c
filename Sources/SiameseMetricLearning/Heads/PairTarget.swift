/// What the similarities of pairs and triplets of a joint head cost.
package enum PairTarget: Hashable, Sendable {
  /// Absolute: binary cross-entropy of same (1) and different (0), `log(1 + exp(∓s))`, the two kinds averaged apart.
  case absolute
  /// Relative: `max(s(a,n) − s(a,p) + margin, 0)` for triplets; nil is the soft margin `log(1 + exp(s(a,n) − s(a,p)))`.
  case relative(margin: Float?)

  /// The target that a loss means for joint layers: `pair-bce` is absolute; `triplet:MARGIN` and `triplet:soft` are relative.
  /// - Throws: `MetricLearningError` for any other loss.
  package init(loss text: String) throws {
    let given = try Specification(text, kind: "loss")
    switch given.name {
    case "pair-bce":
      try given.allow([])
      self = .absolute
    case "triplet" where given.has("soft"):
      self = .relative(margin: nil)
    case "triplet":
      try given.allow(["margin"])
      self = .relative(margin: try given.number("margin", 1, first: true))
    default:
      throw MetricLearningError.unknownName(
        kind: "loss of joint layers", found: text, known: ["pair-bce", "triplet:soft", "triplet:MARGIN"])
    }
  }

  /// The loss, and its derivative by every logit.
  /// - Parameter logits: positives first, then as many negatives; for triplets pair k of both belongs together.
  package func loss(_ logits: [Float]) -> (value: Double, gradient: [Float], activeShare: Double) {
    let half = logits.count / 2
    precondition(logits.count == 2 * half, "as many positive as negative pairs")
    var gradient = [Float](repeating: 0, count: logits.count)
    var sum = 0.0
    var active = 0
    let share = 1 / Float(max(1, half))
    for k in 0..<half {
      switch self {
      case .absolute:
        let (positive, towards) = softplus(-logits[k])
        let (negative, away) = softplus(logits[half + k])
        sum += Double(positive) + Double(negative)
        gradient[k] = -towards * share
        gradient[half + k] = away * share
        active += (logits[k] < 0 ? 1 : 0) + (logits[half + k] > 0 ? 1 : 0)
      case .relative(let margin):
        let x = logits[half + k] - logits[k]
        let (loss, slope): (Float, Float) =
          if let margin { x + margin > 0 ? (x + margin, 1) : (0, 0) } else { softplus(x) }
        sum += Double(loss)
        gradient[k] = -slope * share
        gradient[half + k] = slope * share
        if loss > 0 { active += 2 }
      }
    }
    return (sum / Double(max(1, half)), gradient, Double(active) / Double(max(1, 2 * half)))
  }
}
