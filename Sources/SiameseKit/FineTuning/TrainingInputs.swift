import Foundation
import SiameseGraph
import SiameseImages
import SiameseInference
import SiameseMetricLearning
import SiameseTensors

/// Where a run of training gets its rows: what no gradient reaches is computed once and kept, the rest runs every step.
///
/// It owns the threads that decode pictures, and ends them when it goes.
package final class TrainingInputs {
  /// What trains: from the kept arrays, or from pictures, to the embedding.
  let graph: Graph
  /// The inputs of `graph` for these rows; `seed` fixes what augmentation does, nil leaves it out.
  let batch: (_ rows: [Int], _ seed: UInt64?) throws -> [Tensor]
  private let team: WorkerThreads?

  /// The head alone, on features that are there.
  init(head: Graph, features: Tensor) {
    graph = head
    team = nil
    batch = { rows, _ in [features.gatheringRows(rows)] }
  }

  /// A network whose first layers may be frozen: their outputs are kept where nothing before them is random and they fit
  /// `memoryLimit`, in bytes; otherwise pictures are decoded anew for every batch.
  ///
  /// - Parameters:
  ///   - trainable: The paths of the weights that move.
  ///   - pictures: With `keptCopies`, so many augmented variants of each picture are kept beside the picture itself.
  /// - Throws: `ImageError` where a picture cannot be read, and what preparing the frozen layers throws.
  package init(
    _ network: Graph, parameters: ParameterStore, trainable: Set<String>, pictures: TrainingPictures,
    memoryLimit: Int = 4 << 30, options: EmbeddingOptions, progress: ProgressHandler?
  ) throws {
    let variants = pictures.augmentation.isRandom ? pictures.keptCopies.map { $0 + 1 } : 1
    if let variants, let split = try network.split(beforeTraining: trainable) {
      let rowBytes = split.prefix.outputs.map { split.prefix.nodes[$0].shape.reduce(1, *) * 4 }.reduce(0, +)
      if rowBytes * pictures.count * variants <= memoryLimit {
        let runner = try NetworkRunner(split.prefix, parameters: parameters, options: options.running)
        let count = pictures.count
        let kept = try runner.run(count: count * variants, phase: "computing frozen layers", progress: progress) {
          index, row in
          try pictures.fill(row, index % count, seed: index < count ? nil : UInt64(index))
        }
        if let failure = kept.failures.first { throw failure.error }
        graph = split.rest
        team = nil
        batch = { rows, seed in
          var random = SeededGenerator(seed: seed ?? 0)
          let chosen =
            seed == nil || variants == 1
            ? rows : rows.map { $0 + count * Int.random(in: 0..<variants, using: &random) }
          return kept.outputs.map { $0.gatheringRows(chosen) }
        }
        return
      }
    }
    graph = network
    let team = WorkerThreads(count: options.threads ?? ProcessInfo.processInfo.activeProcessorCount)
    self.team = team
    batch = { rows, seed in [try pictures.tensor(rows, seed: seed, on: team)] }
  }

  deinit { team?.stop() }

  /// The embeddings of `rows` under these weights, `[rows.count, D]`, a chunk at a time.
  /// - Throws: what reading pictures and preparing the network throw.
  func embed(_ rows: [Int], parameters: ParameterStore, threads: Int) throws -> Tensor {
    let chunk = min(32, max(1, rows.count))
    let plan = try InferencePlan(graph, parameters: parameters, batch: chunk, options: PlanOptions(threads: threads))
    var elements: [Float] = []
    for start in stride(from: 0, to: rows.count, by: chunk) {
      let part = Array(rows[start..<min(start + chunk, rows.count)])
      let padded = part + [Int](repeating: part[0], count: chunk - part.count)
      let output = try plan(try batch(padded, nil))[0]
      elements += output.elements.prefix(part.count * output.rowWidth)
    }
    return Tensor(shape: [rows.count, elements.count / max(1, rows.count)], elements: elements)
  }
}
