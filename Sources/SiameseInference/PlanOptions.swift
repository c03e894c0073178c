import SiameseOneDNN

/// How a plan computes.
package struct PlanOptions: Sendable, Hashable {
  /// How feature maps lie inside the plan.
  package enum MapOrder: String, Sendable, Hashable, Codable, CaseIterable {
    /// Blocks of channels, 16 with AVX-512 and 8 otherwise, the order in which most fast convolutions work.
    case blocked
    /// Channels fastest, as on the host: no padding of odd channel counts.
    case channelsLast
  }

  /// Where loops of our own are used.
  package enum OwnLoops: Sendable, Hashable {
    /// Where they are the fastest way, by measuring: on processors with AVX-512.
    case whereFastest
    /// Wherever they can compute a layer, on any processor, maps in blocks of 16: for tests.
    case whereverPossible
  }

  /// The number type of feature maps.
  package var precision: Precision
  /// OpenMP threads inside each primitive.
  package var threads: Int
  /// Nil lets the graph decide, by a fixed rule.
  package var mapOrder: MapOrder?
  /// How implementations of convolutions are chosen.
  package var tuning: Tuning
  /// The instructions that may be used; nil for all that the processor has. One level holds for the whole process: the first
  /// plan that names one fixes it.
  package var instructionSet: InstructionSet?
  /// Where loops of our own are used.
  package var ownLoops = OwnLoops.whereFastest

  /// Options; see the properties.
  package init(
    precision: Precision = .float32, threads: Int = 1, mapOrder: MapOrder? = nil, tuning: Tuning = .fixed,
    instructionSet: InstructionSet? = nil
  ) {
    self.precision = precision
    self.tuning = tuning
    self.threads = max(1, threads)
    self.mapOrder = mapOrder
    self.instructionSet = instructionSet
  }
}
