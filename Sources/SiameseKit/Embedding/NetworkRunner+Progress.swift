import SiameseInference
import SiameseTensors

extension NetworkRunner {
  /// Runs the network over `count` rows that `fill` writes, telling how far it is.
  /// - Throws: what `run(count:from:)` throws.
  func run(
    count: Int, stopsAtFailure: Bool = false, phase: String = "embedding", progress: ProgressHandler? = nil,
    fill: @escaping @Sendable (Int, UnsafeMutableBufferPointer<Float>) throws -> Void
  ) throws -> (outputs: [Tensor], failures: [(index: Int, error: any Error)]) {
    try run(count: count, from: .filled(by: fill), stopsAtFailure: stopsAtFailure) { completed in
      progress?(ProgressUpdate(phase: phase, completed: completed, total: count, unit: "pictures"))
    }
  }
}
