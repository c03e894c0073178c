import Foundation

/// How the learning rate runs over the steps of training, counted from 0.
package struct LearningRateSchedule: Hashable, Sendable, Codable {
  /// How the rate runs after the warm-up.
  package enum Shape: Hashable, Sendable, Codable {
    /// The peak throughout.
    case constant
    /// Half a cosine from the peak to `final` times the peak over `stepCount` steps (arXiv 1608.03983).
    case cosine(stepCount: Int, final: Float = 0)
    /// Constant until step `from`, then `0.001^((t − from) / (to − from))` times the peak (arXiv 1703.07737).
    case exponentialDecay(from: Int, to: Int)
    /// Up from 1/25 of the peak in the first `rise` of `stepCount` steps, then down to 1/10,000 of the start, both
    /// along half a cosine (arXiv 1708.07120).
    case oneCycle(stepCount: Int, rise: Float = 0.3)
  }

  /// The highest rate.
  package var peak: Float
  /// How the rate runs after the warm-up.
  package var shape: Shape
  /// Steps over which the rate first grows in a straight line to what the shape says.
  package var warmUpStepCount: Int

  /// A schedule; see the properties.
  package init(peak: Float, _ shape: Shape = .constant, warmUpStepCount: Int = 0) {
    (self.peak, self.shape, self.warmUpStepCount) = (peak, shape, warmUpStepCount)
  }

  /// The rate of step `step`.
  package func rate(at step: Int) -> Float {
    let warmth = step < warmUpStepCount ? Float(step + 1) / Float(warmUpStepCount) : 1
    return peak * warmth * factor(step)
  }

  private func factor(_ step: Int) -> Float {
    func halfCosine(from start: Float, to end: Float, _ share: Float) -> Float {
      end + (start - end) * (1 + cos(.pi * min(max(share, 0), 1))) / 2
    }
    switch shape {
    case .constant: return 1
    case .cosine(let stepCount, let final):
      return halfCosine(from: 1, to: final, Float(step) / Float(max(stepCount - 1, 1)))
    case .exponentialDecay(let from, let to):
      return pow(0.001, min(max(Float(step - from) / Float(max(to - from, 1)), 0), 1))
    case .oneCycle(let stepCount, let rise):
      let top = max(Float(stepCount) * rise - 1, 1), last = Float(max(stepCount - 1, 1))
      let start: Float = 1 / 25
      return Float(step) < top
        ? halfCosine(from: start, to: 1, Float(step) / top)
        : halfCosine(from: 1, to: start / 10_000, (Float(step) - top) / max(last - top, 1))
    }
  }
}
