import Foundation
import SiameseMetricLearning
import SiameseTensors
import SiameseTraining

/// What a whole training step costs: forward, batch-hard triplet loss, backward, Adam, every weight trained.
package struct TrainingBenchmarkResult: Sendable, Codable {
  /// The architecture, or the file's name.
  package var network: String
  /// Pictures in a step.
  package var batch: Int
  /// Threads at work.
  package var threads: Int
  /// `f32` or `bf16`.
  package var precision: String
  /// Steps timed.
  package var runs: Int
  /// The fastest step.
  package var milliseconds: Double
  /// The median step, in milliseconds.
  package var medianMilliseconds: Double
  /// At the fastest step's pace.
  package var imagesPerSecond: Double
  /// Activations, their gradients and working memory.
  package var arenaMegabytes: Double
  /// The process' largest resident memory so far.
  package var peakMemoryMegabytes: Double

  enum CodingKeys: String, CodingKey {
    case network, batch, threads, precision, runs, milliseconds
    case medianMilliseconds = "median_milliseconds"
    case imagesPerSecond = "images_per_second"
    case arenaMegabytes = "arena_megabytes"
    case peakMemoryMegabytes = "peak_memory_megabytes"
  }
}

extension Benchmark {
  /// Times training steps on made-up pictures, four to a class.
  ///
  /// ```swift
  /// try Benchmark(contentsOf: "resnet50.h5").runTraining(batch: 32).milliseconds
  /// ```
  /// - Throws: `TaskError`, or the error of the room concerned, saying what does not fit or cannot be read.
  package func runTraining(
    batch: Int, threads: Int? = nil, precision: EmbeddingPrecision = .f32, runs: Int = 5
  ) throws -> TrainingBenchmarkResult {
    let threads = max(1, threads ?? ProcessInfo.processInfo.activeProcessorCount)
    let batch = max(8, batch)
    let objective = Objective(TripletLoss(margin: 0.2), miner: .batchHard)
    let labels = (0..<batch).map { $0 / 4 }
    var generator = SeededGenerator(seed: 1)
    let benchmark = try TrainingBenchmark(
      graph, parameters: parameters, batch: batch, threads: threads, precision: precision.planned)
    let result = try benchmark.run(steps: runs) { outputs in
      let embeddings = outputs.reshaped([outputs.rowCount, outputs.rowWidth])
      let gradient = try objective.evaluate(embeddings, labels: labels, using: &generator).gradient
      return gradient.reshaped(outputs.shape)
    }
    return TrainingBenchmarkResult(
      network: name, batch: batch, threads: threads, precision: precision.rawValue, runs: result.steps.count,
      milliseconds: result.milliseconds, medianMilliseconds: result.medianMilliseconds,
      imagesPerSecond: Double(batch) / result.milliseconds * 1e3,
      arenaMegabytes: Double(result.arenaByteCount) / 1e6, peakMemoryMegabytes: Self.peakMemoryMegabytes)
  }
}
