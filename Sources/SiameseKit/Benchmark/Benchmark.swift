import Foundation
import SiameseFiles
import SiameseGraph
import SiameseInference
import SiameseKeras
import SiameseTensors

/// What to time, and how.
package struct BenchmarkOptions: Sendable, Equatable {
  /// How the cores are used: a single-threaded copy of the network each, or all on one.
  package enum Mode: String, Sendable, CaseIterable { case throughput, latency }

  /// Pictures at a time.
  package var batch = 16
  /// How the network is run, as `Embedder` would; its `batch` limits the pictures that one copy takes at a time.
  package var running = EmbeddingOptions()
  /// Nil: what suits the batch.
  package var mode: Mode?
  /// Batches timed, after warming up.
  package var runs = 15
  /// Whether to time every layer too.
  package var explain = false

  /// Batches of 16 pictures, run as `Embedder` would.
  package init() {}
}

/// How fast a network ran.
package struct BenchmarkResult: Sendable, Codable {
  /// The architecture, or the file's name.
  package var network: String
  /// Pictures at a time.
  package var batch: Int
  /// Threads at work.
  package var threads: Int
  /// `f32` or `bf16`.
  package var precision: String
  /// `throughput` or `latency`.
  package var mode: String
  /// Copies of the network at work, and pictures in one run of one copy.
  package var copies: Int
  /// Pictures in one run of one copy.
  package var piece: Int
  /// Batches timed.
  package var runs: Int
  /// The fastest batch, the median and the slowest.
  package var milliseconds: Double
  /// The median batch, in milliseconds.
  package var medianMilliseconds: Double
  /// The slowest batch, in milliseconds.
  package var maximumMilliseconds: Double
  /// At the fastest batch's pace.
  package var imagesPerSecond: Double
  /// Multiplications and additions of the plain algorithms; Winograd's does fewer, so shares above 1 are possible.
  package var gigaflops: Double
  /// What the processor reaches in registers alone, measured in the same run.
  package var peakGigaflops: Double
  /// `gigaflops` as a share of `peakGigaflops`.
  package var peakShare: Double
  /// From reading the file to the first plan.
  package var preparationMilliseconds: Double
  /// Weights as laid out for the processor.
  package var weightMegabytes: Double
  /// Intermediate arrays of all copies.
  package var arenaMegabytes: Double
  /// The process' largest resident memory so far.
  package var peakMemoryMegabytes: Double
  /// Every step's cost, where it was asked for.
  package var layers: [LayerCost]?

  enum CodingKeys: String, CodingKey {
    case network, batch, threads, precision, mode, copies, piece, runs, milliseconds, gigaflops, layers
    case medianMilliseconds = "median_milliseconds"
    case maximumMilliseconds = "maximum_milliseconds"
    case imagesPerSecond = "images_per_second"
    case peakGigaflops = "peak_gigaflops"
    case peakShare = "peak_share"
    case preparationMilliseconds = "preparation_milliseconds"
    case weightMegabytes = "weight_megabytes"
    case arenaMegabytes = "arena_megabytes"
    case peakMemoryMegabytes = "peak_memory_megabytes"
  }
}

/// What one step of one copy of the network costs.
package struct LayerCost: Sendable, Codable {
  /// The layer's name.
  package var layer: String
  /// Convolution, reorder, pooling, …
  package var kind: String
  /// The code that was chosen for it.
  package var implementation: String
  /// The fastest of several runs.
  package var milliseconds: Double
  /// Billions of multiplications and additions a second.
  package var gigaflops: Double
  /// Of the peak of the threads that work on it.
  package var peakShare: Double
  /// Read and written, weights included.
  package var bytes: Int

  enum CodingKeys: String, CodingKey {
    case layer, kind, implementation, milliseconds, gigaflops, bytes
    case peakShare = "peak_share"
  }
}

/// Times a network on this machine, preprocessing left out.
///
/// ```swift
/// let benchmark = try Benchmark(contentsOf: "resnet50.h5")
/// try benchmark.run().imagesPerSecond
/// ```
package struct Benchmark: Sendable {
  let name: String
  let graph: Graph
  let parameters: ParameterStore

  /// - Parameter layer: Where to stop; by default the whole network is run, its classifier too.
  /// - Throws: `TaskError`, or the error of the room concerned, saying what does not fit or cannot be read.
  package init(contentsOf path: String, architecture: String? = nil, layer: String? = nil, inputSize: Int? = nil) throws
  {
    guard FileManager.default.fileExists(atPath: path) else {
      throw TaskError(.missingInput, "\(path): there is no such file of weights")
    }
    let network = try ImportedNetwork.open(path, architecture: architecture, inputSize: inputSize.map { Size($0) })
    name = network.architecture ?? path.pathName
    graph = try layer.map { try network.embedding(layer: $0) } ?? network.graph
    parameters = network.parameters
  }

  /// Times batches of made-up pictures.
  /// - Throws: `TaskError`, or the error of the room concerned, saying what does not fit or cannot be read.
  package func run(_ options: BenchmarkOptions = BenchmarkOptions()) throws -> BenchmarkResult {
    var running = options.running.running
    running.mode = options.mode.flatMap { RunnerOptions.Mode(rawValue: $0.rawValue) }
    let batch = max(1, options.batch), runs = max(1, options.runs), threads = running.threads
    let start = clock()
    let runner = try NetworkRunner(graph, parameters: parameters, options: running)
    try runner.prepare(count: batch)
    let prepared = clock() - start

    var generator = SeededGenerator(seed: 1)
    let inputs = runner.inputShapes.map { shape in
      Tensor(
        shape: [batch] + shape, elements: (0..<batch * shape.reduce(1, *)).map { _ in 2 * generator.uniform() - 1 })
    }
    for _ in 0..<2 { _ = try runner(inputs) }
    let times = try (0..<runs).map { _ in
      let start = clock()
      _ = try runner(inputs)
      return (clock() - start) * 1e3
    }.sorted()

    let peak = ProcessorPeak.gigaflops(running.precision, threads: threads)
    let (costs, division) = (try runner.costs(count: batch), runner.division(of: batch))
    let operations = costs.operationsPerRow * Double(batch)
    let profile = options.explain ? try runner.profile(count: batch, runs: 5) : nil
    let threadsInside = runner.threadsInside(count: batch)
    let rate = operations / times[0] * 1e-6
    return BenchmarkResult(
      network: name, batch: batch, threads: threads, precision: options.running.precision.rawValue,
      mode: division.mode.rawValue, copies: division.planCount, piece: division.batch, runs: runs,
      milliseconds: times[0], medianMilliseconds: times[times.count / 2], maximumMilliseconds: times[times.count - 1],
      imagesPerSecond: Double(batch) / times[0] * 1e3, gigaflops: rate, peakGigaflops: peak, peakShare: rate / peak,
      preparationMilliseconds: prepared * 1e3, weightMegabytes: Double(costs.weightByteCount) / 1e6,
      arenaMegabytes: Double(costs.arenaByteCount) / 1e6, peakMemoryMegabytes: Self.peakMemoryMegabytes,
      layers: profile?.steps.map { step in
        LayerCost(
          layer: step.layer, kind: step.kind, implementation: step.implementation, milliseconds: step.milliseconds,
          gigaflops: step.gigaflops, peakShare: step.gigaflops / peak * Double(threads) / Double(threadsInside),
          bytes: step.byteCount)
      })
  }

  private func clock() -> Double { Double(DispatchTime.now().uptimeNanoseconds) * 1e-9 }

  /// From the system's record of this process; 0 where it keeps none.
  static var peakMemoryMegabytes: Double {
    let status = (try? String(contentsOfFile: "/proc/self/status", encoding: .utf8)) ?? ""
    let line = status.split(separator: "\n").first { $0.hasPrefix("VmHWM:") }
    return line.flatMap { $0.split(separator: " ").compactMap { Double($0) }.first }.map { $0 * 1024 / 1e6 } ?? 0
  }
}
