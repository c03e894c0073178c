import Foundation

/// A scale from numbers to places on paper, with ticks where a person would put them.
package struct Axis: Sendable {
  /// How numbers are spread over the paper.
  package enum Kind: Sendable { case linear, logarithmic }
  /// The numbers at both ends.
  package let range: ClosedRange<Double>
  /// Linear or logarithmic.
  package let kind: Kind
  /// The numbers that get a tick, ascending.
  package let ticks: [Double]
  private let decimals: Int

  /// Covers `values` from a round number to a round number, about `count` ticks apart.
  package init(covering values: ClosedRange<Double>, count: Int = 5) {
    let span = values.upperBound - values.lowerBound
    let step = Self.roundStep((span > 0 ? span : max(abs(values.lowerBound), 1)) / Double(max(1, count)))
    let low = (values.lowerBound / step + 1e-9).rounded(.down) * step
    var high = (values.upperBound / step - 1e-9).rounded(.up) * step
    if high <= low { high = low + step }
    ticks = (0...Int(((high - low) / step).rounded())).map { low + Double($0) * step }
    range = low...high
    kind = .linear
    decimals = max(0, Int((-log10(step) - 1e-9).rounded(.up)))
  }

  /// Powers of ten from `low` to `high`.
  package init(decades low: Int, _ high: Int) {
    ticks = (low...high).map { pow(10, Double($0)) }
    range = pow(10, Double(low))...pow(10, Double(high))
    kind = .logarithmic
    decimals = 0
  }

  /// 1, 2 or 5 times a power of ten, the nearest at or above `step`.
  static func roundStep(_ step: Double) -> Double {
    let power = pow(10, log10(step).rounded(.down))
    let factor = [1.0, 2, 5, 10].first { $0 * power >= step * (1 - 1e-9) } ?? 10
    return factor * power
  }

  /// Where `value` lies between the ends, from 0 to 1.
  package func place(_ value: Double) -> Double {
    let clamped = min(max(value, range.lowerBound), range.upperBound)
    switch kind {
    case .linear: return (clamped - range.lowerBound) / (range.upperBound - range.lowerBound)
    case .logarithmic:
      return log(clamped / range.lowerBound) / log(range.upperBound / range.lowerBound)
    }
  }

  /// What stands at a tick; shares in percent.
  package func label(_ tick: Double, isShare: Bool) -> String {
    let value = isShare ? tick * 100 : tick
    if kind == .logarithmic {
      let digits = max(0, Int((-log10(value) - 1e-9).rounded(.up)))
      return String(format: "%.\(digits)f", value) + (isShare ? " %" : "")
    }
    let digits = isShare ? max(0, decimals - 2) : decimals
    let text = String(format: "%.\(digits)f", value)
    return (Double(text) == 0 ? text.replacingOccurrences(of: "-", with: "") : text) + (isShare ? " %" : "")
  }
}
