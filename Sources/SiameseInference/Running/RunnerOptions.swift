import Foundation
import SiameseOneDNN

/// How a runner uses the machine.
package struct RunnerOptions: Sendable, Hashable {
  /// Which part of the machine works on a batch.
  package enum Mode: String, Sendable, Hashable, Codable, CaseIterable {
    /// One single-threaded plan a core: a busy neighbour slows one core, not all.
    case throughput
    /// One plan, all threads inside.
    case latency
  }

  /// The number type of feature maps.
  package var precision = Precision.float32
  /// Threads to use.
  package var threads = ProcessInfo.processInfo.activeProcessorCount
  /// How many rows a plan takes at a time at most; nil: what suits the network.
  package var batch: Int?
  /// Nil: latency for less than two rows a thread, throughput otherwise.
  package var mode: Mode?
  /// How implementations of convolutions are chosen.
  package var tuning = Tuning.fixed
  /// The instructions that may be used; nil for all that the processor has.
  package var instructionSet: InstructionSet?

  /// One thread a core, and what suits the network.
  package init() {}

  /// The options of a plan with so many threads inside.
  func planOptions(threads: Int) -> PlanOptions {
    PlanOptions(precision: precision, threads: threads, tuning: tuning, instructionSet: instructionSet)
  }
}

/// How a number of rows is divided among plans.
package struct Division: Sendable, Equatable {
  /// Whether plans share the cores, or one plan has them all.
  package let mode: RunnerOptions.Mode
  /// Plans at work side by side.
  package let planCount: Int
  /// Rows that one plan takes at a time.
  package let batch: Int

  /// The one rule by which `count` rows are divided, whoever asks.
  /// - Parameter suggested: How many rows at a time suit the network.
  init(of count: Int, _ options: RunnerOptions, suggested: Int) {
    let threads = max(1, options.threads), largest = max(1, options.batch ?? suggested)
    mode = options.mode ?? (count >= 2 * threads || threads == 1 ? .throughput : .latency)
    planCount = mode == .throughput ? min(threads, max(1, count)) : 1
    batch =
      mode == .latency && options.mode == .latency && options.batch == nil
      ? max(1, count) : Division.batch(rows: max(1, count), plans: planCount, atMost: largest)
  }

  /// The size of equal pieces of `rows` for `plans`: the largest up to `largest` of those that fill no more rows than they must in
  /// the last round.
  static func batch(rows: Int, plans: Int, atMost largest: Int) -> Int {
    func cost(_ batch: Int) -> Int { ((rows + batch - 1) / batch + plans - 1) / plans * batch }
    let sizes = 1...max(1, min(largest, (rows + plans - 1) / plans))
    return sizes.min { (cost($0), $1) < (cost($1), $0) } ?? 1
  }
}
