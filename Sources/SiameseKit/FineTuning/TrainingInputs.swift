import Foundation
import SiameseGraph
import SiameseImages
import SiameseInference
import SiameseMetricLearning
import SiameseTensors

/// Where a run of training gets its rows: what no gradient reaches is computed once and kept, the rest runs every step.
struct TrainingInputs {
  /// What trains: from the kept arrays, or from pictures, to the embedding.
  let graph: Graph
  /// The inputs of `graph` for these rows; `seed` fixes what augmentation does, nil leaves it out.
  let batch: (_ rows: [Int], _ seed: UInt64?) throws -> [Tensor]

  /// The head alone, on features that are there.
  init(head: Graph, features: Tensor) {
    graph = head
    batch = { rows, _ in [features.gatheringRows(rows)] }
  }

  /// A network whose first layers may be frozen: their outputs are kept where nothing before them is random and they fit
  /// `memoryLimit`; otherwise pictures are decoded anew for every batch.
  ///
  /// - Parameters:
  ///   - pictures: With `keptCopies`, so many augmented variants of each picture are kept beside the picture itself.
  init(
    _ network: Graph, parameters: ParameterStore, trainable: Set<String>, pictures: TrainingPictures,
    memoryLimit: Int = 4 << 30, options: EmbeddingOptions, progress: ProgressHandler?
  ) throws {
    let variants = pictures.augmentation.isRandom ? pictures.keptCopies.map { $0 + 1 } : 1
    if let variants, let split = try network.split(beforeTraining: trainable) {
      let rowBytes = split.prefix.outputs.map { split.prefix.nodes[$0].shape.reduce(1, *) * 4 }.reduce(0, +)
      if rowBytes * pictures.count * variants <= memoryLimit {
        let runner = try NetworkRunner(split.prefix, parameters: parameters, options: options.running)
        let count = pictures.count
        let kept = try runner.run(count: count * variants, phase: "computing frozen layers", progress: progress) { index, row in
          try pictures.fill(row, index % count, seed: index < count ? nil : UInt64(index))
        }
        if let failure = kept.failures.first { throw failure.error }
        graph = split.rest
        batch = { rows, seed in
          var random = SeededGenerator(seed: seed ?? 0)
          let chosen = seed == nil || variants == 1
            ? rows : rows.map { $0 + count * Int.random(in: 0..<variants, using: &random) }
          return kept.outputs.map { $0.gatheringRows(chosen) }
        }
        return
      }
    }
    graph = network
    let team = WorkerThreads(count: options.threads ?? ProcessInfo.processInfo.activeProcessorCount)
    batch = { rows, seed in [try pictures.tensor(rows, seed: seed, on: team)] }
  }

  /// The embeddings of `rows` under these weights, a chunk at a time.
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

/// The pictures of a run, decoded whenever a batch asks for them.
///
/// Rows `0 ..< paths.count` are the pictures; where augmentation makes further classes of mirror images or quarter turns,
/// as many rows again follow for each.
struct TrainingPictures: Sendable {
  let paths: [String]
  let backbone: Backbone
  let augmentation: Augmentation
  let keptCopies: Int?
  private let decoded: DecodedPictures

  init(paths: [String], backbone: Backbone, augmentation: Augmentation, keptCopies: Int?) {
    (self.paths, self.backbone, self.augmentation, self.keptCopies) = (paths, backbone, augmentation, keptCopies)
    decoded = DecodedPictures(paths)
  }

  var count: Int { paths.count * augmentation.classFactor }

  /// Writes the network's numbers for a row; `seed` fixes what augmentation does, nil leaves it out.
  func fill(_ row: UnsafeMutableBufferPointer<Float>, _ index: Int, seed: UInt64?) throws {
    let (turn, place) = index.quotientAndRemainder(dividingBy: paths.count)
    var picture = try decoded[place]
    if turn > 0 { picture = augmentation.furtherClass(turn, of: picture) }
    if let seed { picture = augmentation.applied(to: picture, seed: seed) }
    backbone.fill(row, from: picture)
  }

  /// The numbers of these rows, decoded side by side.
  func tensor(_ rows: [Int], seed: UInt64?, on team: WorkerThreads) throws -> Tensor {
    let width = backbone.inputShape.reduce(1, *)
    let lock = NSLock()
    nonisolated(unsafe) var failure: (any Error)?
    let elements = [Float](unsafeUninitializedCapacity: rows.count * width) { buffer, count in
      nonisolated(unsafe) let base = buffer.baseAddress!
      team.forEach(rows.count) { place in
        let row = UnsafeMutableBufferPointer(start: base + place * width, count: width)
        do { try fill(row, rows[place], seed: seed.map { $0 &+ UInt64(place) }) } catch {
          lock.withLock { failure = failure ?? error }
          row.initialize(repeating: 0)
        }
      }
      count = rows.count * width
    }
    if let failure { throw failure }
    return Tensor(shape: [rows.count] + backbone.inputShape, elements: elements)
  }
}
