import Foundation
import Images
import Networks
import Tensors

/// Single or half precision inside the network; embeddings are always single.
public enum EmbeddingPrecision: String, Sendable, CaseIterable { case f32, bf16 }

/// How an embedder uses the machine.
public struct EmbeddingOptions: Sendable, Equatable {
  /// Pictures in one run of the network.
  public var batch: Int
  /// Threads; nil for one a core.
  public var threads: Int?
  public var precision: EmbeddingPrecision
  /// Whether convolution algorithms are chosen by a fixed rule rather than by measuring.
  public var deterministic: Bool

  public init(batch: Int = 4, threads: Int? = nil, precision: EmbeddingPrecision = .f32, deterministic: Bool = false) {
    self.batch = batch
    self.threads = threads
    self.precision = precision
    self.deterministic = deterministic
  }
}

/// A picture that could not be read, and why.
public struct SkippedPicture: Sendable, Equatable {
  public let path: String
  public let reason: String
}

/// Turns pictures into embeddings.
///
/// ```swift
/// let embedder = try Embedder(Backbone(contentsOf: "weights.h5"))
/// let a = try embedder.embed(Picture(contentsOf: "a.png"))
/// let b = try embedder.embed(Picture(contentsOf: "b.png"))
/// Distance.cosine(a, b)   // small for pictures of the same thing
/// ```
///
/// One picture at a time is embedded with all threads inside the network; many are embedded by one single-threaded copy
/// of it a thread, sharing the weights, so that a busy neighbour slows one core and not all. May be used from several
/// threads at once; they take turns.
public final class Embedder: @unchecked Sendable {
  public let backbone: Backbone
  public let options: EmbeddingOptions
  private let threads: Int
  private let lock = NSLock()
  private let graph: InferenceGraph
  private let weights = WeightBank()
  private var single: InferencePlan?
  private var copies: [InferencePlan] = []
  private var workers: WorkerThreads?
  private var caller: WorkerThreads?

  /// Prepares a network; its weights are laid out when the first picture comes.
  /// - Throws: where the backbone's file lacks a weight or holds one of another shape.
  public init(_ backbone: Backbone, options: EmbeddingOptions = EmbeddingOptions()) throws {
    self.backbone = backbone
    self.options = options
    threads = max(1, options.threads ?? ProcessInfo.processInfo.activeProcessorCount)
    graph = try InferenceGraph(backbone.graph, parameters: backbone.network.parameters)
  }

  deinit {
    workers?.stop()
    caller?.stop()
  }

  /// The embedding of one picture, `[D]`.
  public func embed(_ picture: Picture) throws -> [Float] {
    try lock.withLock {
      let plan = try single ?? makePlan(batch: 1, threads: threads)
      single = plan
      var input = [Float](repeating: 0, count: backbone.inputShape.reduce(1, *))
      input.withUnsafeMutableBufferPointer { backbone.fill($0, from: picture) }
      let worker = caller ?? WorkerThreads(count: 1, threadsEach: threads)
      caller = worker
      var embedding = [Float](repeating: 0, count: backbone.embeddingWidth)
      try input.withUnsafeBufferPointer { input in
        try embedding.withUnsafeMutableBufferPointer { output in
          try run(plan, input.baseAddress!, into: output.baseAddress!, on: worker)
        }
      }
      return embedding
    }
  }

  /// The embeddings of pictures in memory, `[N, D]`.
  public func embed(_ pictures: [Picture]) throws -> Tensor {
    let result = try embed(count: pictures.count) { [backbone] index, row in backbone.fill(row, from: pictures[index]) }
    if let failure = result.failures.first { throw failure.error }
    return result.embeddings
  }

  /// The embeddings of picture files, with their paths and labels; decoding overlaps with the network's work.
  ///
  /// - Parameters:
  ///   - strict: Whether a picture that cannot be read ends the task; otherwise it is left out and named in the result.
  ///   - progress: Hears of every batch.
  /// - Throws: `ImageError` where `strict`; `TaskError` where no picture could be read.
  public func embed(
    _ pictures: LabelledPictures, strict: Bool = false, progress: ProgressHandler? = nil
  ) throws -> (features: Features, skipped: [SkippedPicture]) {
    let result = try embed(count: pictures.count, stopsAtFailure: strict, progress: progress) { [backbone] index, row in
      backbone.fill(row, from: try Picture(contentsOf: pictures.paths[index]))
    }
    let skipped = result.failures.map { SkippedPicture(path: pictures.paths[$0.index], reason: "\($0.error)") }
    if strict, let failure = result.failures.first { throw failure.error }
    guard skipped.count < pictures.count else {
      throw TaskError(.badInput, "none of the \(pictures.count) pictures could be read; the first: \(skipped[0].reason)")
    }
    let broken = Set(result.failures.map(\.index))
    let kept = broken.isEmpty ? Array(0..<pictures.count) : (0..<pictures.count).filter { !broken.contains($0) }
    let features = Features(
      embeddings: broken.isEmpty ? result.embeddings : result.embeddings.gatheringRows(kept),
      labels: kept.map { pictures.labels[$0] }, paths: kept.map { pictures.paths[$0] },
      attributes: ["model": backbone.path, "layer": backbone.layer])
    return (features, skipped)
  }

  /// Embeds `count` inputs that `fill` writes, called on several threads at once.
  package func embed(
    count: Int, stopsAtFailure: Bool = false, progress: ProgressHandler? = nil,
    fill: @escaping @Sendable (Int, UnsafeMutableBufferPointer<Float>) throws -> Void
  ) throws -> (embeddings: Tensor, failures: [(index: Int, error: any Error)]) {
    try lock.withLock {
      let width = backbone.embeddingWidth
      let batch = min(options.batch, max(1, (count + threads - 1) / threads))
      if copies.first?.batch != batch { copies = [] }
      while copies.count < min(threads, max(1, (count + batch - 1) / batch)) {
        copies.append(try copies.first.map { try InferencePlan(sharing: $0) } ?? makePlan(batch: batch, threads: 1))
      }
      let team = workers ?? WorkerThreads(count: threads)
      workers = team
      let queue = PictureQueue(
        count: count, rowWidth: backbone.inputShape.reduce(1, *), batchSize: batch, threadCount: threads,
        batchCount: copies.count + 2, fill: fill)
      let state = EmbeddingState(count: count, width: width)
      let plans = copies
      team.start { worker in
        guard worker < plans.count else { return }
        let output = UnsafeMutablePointer<Float>.allocate(capacity: batch * width)
        defer { output.deallocate() }
        while !state.hasFailed(orStopsAt: stopsAtFailure) {
          let taken: Bool? = queue.withNextBatch { rows in
            do { try plans[worker].run([UnsafePointer(rows.rows.baseAddress!)], into: [output]) } catch {
              state.fail(error)
            }
            state.take(output, rows: rows.range, failures: rows.failures)
            return true
          }
          if taken == nil { break }
        }
      }
      while !team.isFinished(within: 0.1) {
        progress?(ProgressUpdate(phase: "embedding", completed: state.completed, total: count, unit: "pictures"))
      }
      progress?(ProgressUpdate(phase: "embedding", completed: state.completed, total: count, unit: "pictures"))
      return try state.result(width: width)
    }
  }

  private func makePlan(batch: Int, threads: Int) throws -> InferencePlan {
    let precision: PlanOptions.Precision = options.precision == .bf16 ? .bfloat16 : .float32
    return try InferencePlan(
      graph, batch: batch, options: PlanOptions(precision: precision, threads: threads), weights: weights)
  }

  /// Runs a plan on a thread of ours, whose OpenMP pool stays alive between calls.
  private func run(
    _ plan: InferencePlan, _ input: UnsafePointer<Float>, into output: UnsafeMutablePointer<Float>, on worker: WorkerThreads
  ) throws {
    nonisolated(unsafe) let (input, output) = (input, output)
    nonisolated(unsafe) var failure: (any Error)?
    worker.run { _ in
      do { try plan.run([input], into: [output]) } catch { failure = error }
    }
    if let failure { throw failure }
  }
}

/// What the threads of one embedding have done so far.
private final class EmbeddingState: @unchecked Sendable {
  private let lock = NSLock()
  private let count: Int
  private let width: Int
  private var elements: UnsafeMutablePointer<Float>
  private var failures: [(index: Int, error: any Error)] = []
  private var error: (any Error)?
  private var done = 0

  init(count: Int, width: Int) {
    (self.count, self.width) = (count, width)
    elements = .allocate(capacity: max(1, count * width))
    elements.initialize(repeating: 0, count: count * width)
  }

  deinit { elements.deallocate() }

  var completed: Int { lock.withLock { done } }

  func hasFailed(orStopsAt failure: Bool) -> Bool { lock.withLock { error != nil || (failure && !failures.isEmpty) } }

  func fail(_ error: any Error) { lock.withLock { self.error = error } }

  func take(_ rows: UnsafePointer<Float>, rows range: Range<Int>, failures: [(index: Int, error: any Error)]) {
    (elements + range.lowerBound * width).update(from: rows, count: range.count * width)
    lock.withLock {
      done += range.count
      self.failures += failures
    }
  }

  func result(width: Int) throws -> (embeddings: Tensor, failures: [(index: Int, error: any Error)]) {
    if let error { throw error }
    let all = [Float](UnsafeBufferPointer(start: elements, count: count * width))
    return (Tensor(shape: [count, width], elements: all), failures.sorted { $0.index < $1.index })
  }
}
