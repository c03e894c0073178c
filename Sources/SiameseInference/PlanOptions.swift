/// How a plan computes.
package struct PlanOptions: Sendable, Hashable {
  /// How feature maps lie inside the plan.
  package enum MapOrder: String, Sendable, Hashable, Codable, CaseIterable {
    /// Blocks of 16 channels (8 on processors without registers of 16 floats), the order in which Winograd and most direct convolutions work.
    case blocked
    /// Channels fastest, as on the host: no padding of odd channel counts.
    case channelsLast
  }

  package var precision: Precision
  /// OpenMP threads inside each primitive.
  package var threads: Int
  /// Nil lets the graph decide, by a fixed rule.
  package var mapOrder: MapOrder?

  /// How implementations of convolutions are chosen.
  package var tuning: Tuning

  package init(
    precision: Precision = .float32, threads: Int = 1, mapOrder: MapOrder? = nil, tuning: Tuning = .fixed
  ) {
    self.precision = precision
    self.tuning = tuning
    self.threads = max(1, threads)
    self.mapOrder = mapOrder
  }
}
