import Foundation
import SiameseGraph
import SiameseTensors

/// A graph that takes any number of rows, as fast as the machine's cores allow.
///
/// For throughput every core runs a single-threaded plan of its own on shared weights, and batches go to whichever core
/// is free: a busy neighbour slows one core, not all. For the latency of one picture, one plan has all threads inside.
/// May be called from any thread; calls take turns. Work runs on the engine's own long-lived threads.
///
///     let engine = try InferenceEngine(graph, parameters: store, options: .init(batch: 16))
///     let embeddings = try engine([pictures])[0]  // [N, H, W, C] → [N, D]
package final class InferenceEngine: @unchecked Sendable {
  package enum Mode: String, Sendable, Hashable, Codable, CaseIterable {
    /// One single-threaded plan a core.
    case throughput
    /// One plan, all threads inside.
    case latency
  }

  package struct Options: Sendable, Hashable {
    package var precision: Precision
    /// Cores to use.
    package var threads: Int
    /// How many rows usually come at a time; other numbers work too.
    package var batch: Int
    /// Nil: latency for less than two rows a thread, throughput otherwise.
    package var mode: Mode?
    package var mapOrder: PlanOptions.MapOrder?
    package var tuning: Tuning
    /// How many rows a core takes at a time at most; nil: what suits the network.
    package var piece: Int?

    package init(
      precision: Precision = .float32, threads: Int = ProcessInfo.processInfo.activeProcessorCount,
      batch: Int = 16, mode: Mode? = nil, mapOrder: PlanOptions.MapOrder? = nil, tuning: Tuning = .fixed,
      piece: Int? = nil
    ) {
      self.piece = piece.map { max(1, $0) }
      self.tuning = tuning
      self.precision = precision
      self.threads = max(1, threads)
      self.batch = max(1, batch)
      self.mode = mode
      self.mapOrder = mapOrder
    }

    /// The mode that is used.
    package var effectiveMode: Mode { mode ?? (batch >= 2 * threads && threads > 1 ? .throughput : .latency) }
  }

  package let options: Options
  /// Rows that one plan takes at a time.
  package let piece: Int
  package let plans: [InferencePlan]
  private let workers: WorkerThreads
  /// For each plan, arrays in which an incomplete batch is filled up.
  private let margins: [Margin]

  /// Compiles `graph` and lays out its weights.
  package init(_ graph: Graph, parameters: ParameterStore, options: Options = Options()) throws {
    self.options = options
    let throughput = options.effectiveMode == .throughput
    let count = throughput ? min(options.threads, options.batch) : 1
    let planOptions = PlanOptions(
      precision: options.precision, threads: throughput ? 1 : options.threads, mapOrder: options.mapOrder,
      tuning: options.tuning)
    try parameters.validate(for: graph)
    let prepared = try InferenceGraph(graph, parameters: parameters)
    let piece = throughput ? InferenceEngine.piece(
      rows: options.batch, copies: count, atMost: options.piece ?? prepared.suggestedBatch(planOptions))
      : options.batch
    let workers = WorkerThreads(count: count, threadsEach: planOptions.threads)
    do {
      // Compiled where it will run: oneDNN asks the thread for the size of its pool.
      let first = try workers.onFirst {
        try InferencePlan(prepared, batch: piece, options: planOptions)
      }
      plans = try [first] + (1..<count).map { _ in try InferencePlan(sharing: first) }
    } catch {
      workers.stop()
      throw error
    }
    self.piece = piece
    self.workers = workers
    margins = plans.map { Margin(inputShapes: $0.inputShapes, outputShapes: $0.outputShapes, rows: piece) }
  }

  deinit { workers.stop() }

  /// The size of equal pieces of `rows` for `copies` plans: the largest up to `largest` of those that fill no more rows than
  /// they must in the last round.
  static func piece(rows: Int, copies: Int, atMost largest: Int) -> Int {
    func cost(_ piece: Int) -> Int { ((rows + piece - 1) / piece + copies - 1) / copies * piece }
    let sizes = 1...max(1, min(largest, (rows + copies - 1) / copies))
    return sizes.min { (cost($0), $1) < (cost($1), $0) } ?? 1
  }

  /// Shapes of one row of the inputs and outputs.
  package var inputShapes: [[Int]] { plans[0].inputShapes }
  package var outputShapes: [[Int]] { plans[0].outputShapes }

  /// Runs `rows` rows: an array `[rows, …]` of floats (channels last) for each input, one for each output.
  package func run(
    rows: Int, _ inputs: [UnsafePointer<Float>], into outputs: [UnsafeMutablePointer<Float>]
  ) throws {
    let inputWidths = inputShapes.map { $0.reduce(1, *) }, outputWidths = outputShapes.map { $0.reduce(1, *) }
    let pieces = (rows + piece - 1) / piece
    let counter = AtomicCounter()
    let failure = FirstFailure()
    nonisolated(unsafe) let (inputs, outputs) = (inputs, outputs)
    workers.run { [self] worker in
      var sources = inputs, targets = outputs
      while let index = counter.next(below: pieces) {
        let start = index * piece
        let count = min(piece, rows - start)
        for i in inputs.indices { sources[i] = inputs[i] + start * inputWidths[i] }
        for i in outputs.indices { targets[i] = outputs[i] + start * outputWidths[i] }
        do {
          if count == piece { try plans[worker].run(sources, into: targets) } else {
            try margins[worker].run(plans[worker], rows: count, sources, into: targets)
          }
        } catch { failure.note(error) }
      }
    }
    try failure.rethrow()
  }

  /// Runs the graph on host tensors `[rows, …]`, one for each input.
  package func callAsFunction(_ tensors: [Tensor]) throws -> [Tensor] {
    let rows = tensors.first?.rowCount ?? 0
    for (tensor, shape) in zip(tensors, inputShapes) {
      precondition(tensor.shape == [rows] + shape, "the engine takes \([rows] + shape), found \(tensor.shape)")
    }
    let results = outputShapes.map {
      UnsafeMutableBufferPointer<Float>.allocate(capacity: max(1, rows * $0.reduce(1, *)))
    }
    defer { for result in results { result.deallocate() } }
    guard rows > 0 else { return outputShapes.map { Tensor(shape: [0] + $0) } }
    try withPointers(tensors[...], []) { try run(rows: rows, $0, into: results.map { $0.baseAddress! }) }
    return zip(outputShapes, results).map { Tensor(shape: [rows] + $0, elements: Array($1)) }
  }

  private func withPointers(
    _ tensors: ArraySlice<Tensor>, _ pointers: [UnsafePointer<Float>], _ body: ([UnsafePointer<Float>]) throws -> Void
  ) throws {
    guard let first = tensors.first else { return try body(pointers) }
    try first.elements.withUnsafeBufferPointer {
      try withPointers(tensors.dropFirst(), pointers + [$0.baseAddress!], body)
    }
  }

  /// Times every step of one plan, on the thread that runs it.
  package func profile(runs: Int) throws -> PlanProfile {
    try workers.onFirst { [self] in try plans[0].profile(runs: runs) }
  }

  /// Multiplications and additions of the plain algorithms for one row.
  package var operationCountPerRow: Double {
    Double(plans[0].program.steps.reduce(0) { $0 + $1.operationCount }) / Double(piece)
  }

  /// Bytes of weights, and of all plans' intermediate arrays.
  package var weightByteCount: Int { plans[0].weights.byteCount }
  package var arenaByteCount: Int { plans.reduce(0) { $0 + $1.arenaByteCount } }
}

/// Room for one batch, in which a batch with too few rows is filled up with zeros. Taken when first needed.
private final class Margin: @unchecked Sendable {
  private let inputWidths: [Int], outputWidths: [Int]
  private let rows: Int
  private var inputs: [UnsafeMutablePointer<Float>] = [], outputs: [UnsafeMutablePointer<Float>] = []

  init(inputShapes: [[Int]], outputShapes: [[Int]], rows: Int) {
    inputWidths = inputShapes.map { $0.reduce(1, *) }
    outputWidths = outputShapes.map { $0.reduce(1, *) }
    self.rows = rows
  }

  deinit { for pointer in inputs + outputs { pointer.deallocate() } }

  func run(
    _ plan: InferencePlan, rows count: Int, _ sources: [UnsafePointer<Float>],
    into targets: [UnsafeMutablePointer<Float>]
  ) throws {
    if inputs.isEmpty && outputs.isEmpty {
      inputs = inputWidths.map { .allocate(capacity: rows * $0) }
      outputs = outputWidths.map { .allocate(capacity: rows * $0) }
    }
    for (i, width) in inputWidths.enumerated() {
      inputs[i].update(from: sources[i], count: count * width)
      (inputs[i] + count * width).update(repeating: 0, count: (rows - count) * width)
    }
    try plan.run(inputs.map { UnsafePointer($0) }, into: outputs)
    for (i, width) in outputWidths.enumerated() { targets[i].update(from: outputs[i], count: count * width) }
  }
}

/// The first error that any of several threads met.
private final class FirstFailure: @unchecked Sendable {
  private let lock = NSLock()
  private var error: (any Error)?

  func note(_ error: any Error) { lock.withLock { self.error = self.error ?? error } }

  func rethrow() throws { if let error = lock.withLock({ error }) { throw error } }
}

extension WorkerThreads {
  /// What `body` returns, computed on the first worker.
  fileprivate func onFirst<Value>(_ body: @escaping @Sendable () throws -> Value) throws -> Value {
    nonisolated(unsafe) var result: Result<Value, any Error>?
    run { worker in if worker == 0 { result = Result { try body() } } }
    guard let result else { preconditionFailure("the first worker ran") }
    return try result.get()
  }
}
