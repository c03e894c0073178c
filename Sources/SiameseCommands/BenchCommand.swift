import ArgumentParser
import Foundation
import SiameseKit

struct BenchCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "bench",
    abstract: "Time a network on this machine.",
    discussion: """
      Runs the whole network, preprocessing left out, on batches of made-up pictures, and tells the fastest, median and \
      slowest batch, the pace, the share of the processor's measured peak, and the memory. Several batch sizes or thread \
      counts are timed one after another. On a machine that other work shares, the fastest batch tells most.

      What is timed is what siamese embed runs, divided among the cores by the same rule; --tune and --isa mean the same \
      there.

      --training times whole steps of training instead: forward, batch-hard triplet loss, backward and Adam, with every \
      weight trained, the pictures made up, four to a class (so at least 8); --precision bf16 trains in bfloat16.

      EXAMPLES
        siamese bench --backbone resnet50.h5 --batch 1 16 --threads 1 2
        siamese bench --backbone resnet50.h5 --batch 16 --explain
        siamese bench --backbone vgg16.h5 --batch 16 --threads 2 --precision bf16 --json
        siamese bench --training --backbone resnet50.h5 --batch 32 --threads 2 --precision bf16 --json
      """)

  @OptionGroup var network: NetworkOptions

  @Option(
    parsing: .upToNextOption, help: ArgumentHelp("Pictures at a time; several sizes are timed in turn.", valueName: "n")
  )
  var batch: [Int] = [16]

  @Option(parsing: .upToNextOption, help: ArgumentHelp("Threads; by default one a core.", valueName: "n"))
  var threads: [Int] = []

  @Option(help: ArgumentHelp("f32, or bf16 where the processor has it.", valueName: "kind"))
  var precision: EmbeddingPrecision = .f32

  @Option(
    help: ArgumentHelp(
      "throughput: a copy of the network for each core; latency: all cores on one; by default what suits the batch.",
      valueName: "mode"))
  var mode: BenchmarkOptions.Mode?

  @Option(
    help: ArgumentHelp(
      "Pictures that one copy takes at a time, in throughput mode; by default what suits the network.", valueName: "n"))
  var piece: Int?

  @Option(help: ArgumentHelp("Batches to time, after warming up.", valueName: "n"))
  var runs: Int = 15

  @OptionGroup var processor: ProcessorOptions

  @Flag(help: ArgumentHelp("The fixed rule, which is the default now.", visibility: .hidden))
  var deterministic = false

  @Flag(help: "Time every layer too: what it does, which code does it, how near it comes to the peak.")
  var explain = false

  @Flag(help: "Time whole training steps instead of embedding.")
  var training = false

  @Flag(help: "Print one line of JSON a combination.")
  var json = false

  func validate() throws {
    guard batch.allSatisfy({ (1...4096).contains($0) }) else {
      throw ValidationError("--batch takes numbers from 1 to 4096, found \(batch).")
    }
    guard threads.allSatisfy({ (1...1024).contains($0) }) else {
      throw ValidationError("--threads takes numbers from 1 to 1024, found \(threads).")
    }
    guard !training || batch.allSatisfy({ $0 >= 8 }) else {
      throw ValidationError("--training takes batches of at least 8 pictures, two classes of four, found \(batch).")
    }
    guard piece ?? 1 > 0 else { throw ValidationError("--piece must be at least 1, found \(piece ?? 0).") }
    guard !(deterministic && processor.tune) else {
      throw ValidationError("Give either --tune or --deterministic, not both.")
    }
    guard runs > 0 else { throw ValidationError("--runs must be at least 1, found \(runs).") }
  }

  func run() throws {
    let benchmark = try Benchmark(
      contentsOf: network.path, architecture: network.pretrained.architecture,
      layer: network.pretrained.layer, inputSize: network.pretrained.inputSize)
    for threads in threads.isEmpty ? [nil] : threads.map(Optional.some) {
      for batch in batch {
        guard !training else {
          let result = try benchmark.runTraining(
            batch: batch, threads: threads, precision: precision, runs: min(runs, 5))
          if json { print(String(decoding: try jsonData(result, compact: true), as: UTF8.self)) } else { show(result) }
          continue
        }
        let result = try benchmark.run(options(batch: batch, threads: threads))
        if json { print(String(decoding: try jsonData(result, compact: true), as: UTF8.self)) } else { show(result) }
      }
    }
  }

  private func options(batch: Int, threads: Int?) -> BenchmarkOptions {
    var options = BenchmarkOptions()
    options.batch = batch
    options.running = EmbeddingOptions(batch: piece, threads: threads, precision: precision)
    processor.apply(to: &options.running)
    (options.mode, options.runs, options.explain) = (mode, runs, explain)
    return options
  }

  private func show(_ r: TrainingBenchmarkResult) {
    func number(_ value: Double) -> String { String(format: "%.1f", value) }
    print(
      """
      \(r.network), training, batch \(r.batch), \(r.threads) threads, \(r.precision): \(number(r.milliseconds)) ms a step (median \
      \(number(r.medianMilliseconds)) of \(r.runs)), \(number(r.imagesPerSecond)) pictures a second
        between layers \(number(r.arenaMegabytes)) MB, process at most \(number(r.peakMemoryMegabytes)) MB
      """)
  }

  private func show(_ r: BenchmarkResult) {
    func number(_ value: Double, _ digits: Int = 1) -> String { String(format: "%.\(digits)f", value) }
    print(
      """
      \(r.network), batch \(r.batch), \(r.threads) threads, \(r.precision): \(number(r.milliseconds, 2)) ms \
      (median \(number(r.medianMilliseconds, 2)), slowest \(number(r.maximumMilliseconds, 2)) of \(r.runs)), \
      \(number(r.imagesPerSecond)) pictures a second
        \(r.mode): \(r.copies) × \(r.piece) pictures; \(number(r.gigaflops, 0)) GFLOP/s, \
      \(number(100 * r.peakShare, 0)) % of the measured peak of \(number(r.peakGigaflops, 0))
        prepared in \(number(r.preparationMilliseconds, 0)) ms; weights \(number(r.weightMegabytes)) MB, \
      between layers \(number(r.arenaMegabytes)) MB, process at most \(number(r.peakMemoryMegabytes)) MB
      """)
    guard let layers = r.layers else { return }
    func row(_ cells: [String]) -> String {
      let widths = [36, 26, 30, 10, 9, 7, 10]
      return zip(cells, widths).enumerated().map { index, cell in
        let gap = String(repeating: " ", count: max(1, cell.1 - cell.0.count))
        return index < 3 ? cell.0 + gap : gap + cell.0
      }.joined()
    }
    print(row(["layer", "kind", "implementation", "ms", "GFLOP/s", "peak", "MB"]))
    for layer in layers {
      let computes = layer.gigaflops > 0
      print(
        row([
          layer.layer, layer.kind, layer.implementation, number(layer.milliseconds, 3),
          computes ? number(layer.gigaflops, 0) : "", computes ? "\(number(100 * layer.peakShare, 0)) %" : "",
          number(Double(layer.bytes) / 1e6),
        ]))
    }
  }
}

extension BenchmarkOptions.Mode: ExpressibleByArgument {}
