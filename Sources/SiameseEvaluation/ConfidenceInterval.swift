/// A 95 % interval.
public struct ConfidenceInterval: Sendable, Equatable, Codable {
  /// The 2.5 % point.
  public let low: Double
  /// The 97.5 % point.
  public let high: Double

  /// The 2.5 % and 97.5 % points of `values` (linear between order statistics).
  package init?(_ values: [Double]) {
    let sorted = values.filter { $0.isFinite }.sorted()
    guard !sorted.isEmpty else { return nil }
    func quantile(_ share: Double) -> Double {
      let position = share * Double(sorted.count - 1)
      let index = min(Int(position), sorted.count - 1)
      let next = min(index + 1, sorted.count - 1)
      return sorted[index] + (position - Double(index)) * (sorted[next] - sorted[index])
    }
    (low, high) = (quantile(0.025), quantile(0.975))
  }
}
