import Foundation
import SiameseOneDNN

extension Lowering {
  /// Everything about a convolution but its weights.
  struct ConvolutionTask {
    var source: [Int], destination: [Int], weights: [Int]
    var window: Window
    var bias: Bool
    var operations: [PostOperation]
  }

  /// A way to compute a convolution, described, under a name that a cache can hold.
  struct Candidate {
    var name: String
    var description: PrimitiveDescription
  }

  /// The fastest of `candidates` (not empty; the first is the fixed rule's), as remembered or measured now.
  func fastest(_ candidates: [Candidate], for task: ConvolutionTask) throws -> PrimitiveDescription {
    guard let cache = options.tuning.cache, candidates.count > 1 else { return candidates[0].description }
    let w = task.window
    let key = [
      TuningCache.machine, "cold weights", "\(mapType)", "\(options.threads) threads", "\(mapOrder)", "\(task.source)", "\(task.weights)",
      "\(w.vertical.stride)×\(w.horizontal.stride)", "\(w.vertical.dilation)×\(w.horizontal.dilation)",
      "\([w.vertical.before, w.vertical.after, w.horizontal.before, w.horizontal.after])", task.bias ? "bias" : "",
      task.operations.map(\.word).joined(separator: "+"),
    ].joined(separator: " · ")
    if let known = cache.choice(for: key) {
      return candidates.first { $0.name == known }?.description ?? candidates[0].description
    }
    guard case .measured = options.tuning else { return candidates[0].description }
    let stream = try ExecutionStream()
    var best: (seconds: Double, candidate: Candidate)?
    for candidate in candidates {
      guard let seconds = try? seconds(candidate.description, bias: task.bias, on: stream) else { continue }
      // A later candidate has to be clearly better: near ties go to the rule's choice, run after run.
      if seconds < (best?.seconds ?? .infinity) * 0.97 { best = (seconds, candidate) }
    }
    guard let best else { return candidates[0].description }
    cache.remember(best.candidate.name, for: key)
    return best.candidate.description
  }

  private func seconds(_ description: PrimitiveDescription, bias: Bool, on stream: ExecutionStream) throws -> Double {
    /// Memory that has been written to, with small numbers in it.
    func filled(_ layout: Layout) throws -> Memory {
      let memory = try Memory(layout)
      memory.pointer?.initializeMemory(as: UInt8.self, repeating: 0x3C, count: layout.byteCount)
      return memory
    }
    var arguments: [(Argument, Memory)] = [
      (.source, try filled(description.source)), (.destination, try filled(description.destination)),
    ]
    if bias, let layout = description.bias { arguments.append((.bias, try filled(layout))) }
    if let scratchpad = description.scratchpad { arguments.append((.scratchpad, try filled(scratchpad))) }
    // In a network other layers' weights have pushed these out of the caches by the time they are needed again: large
    // ones are taken in turn from copies that do not fit there together.
    let weights = description.weights
    let copies = weights.byteCount < 1 << 20 ? 1 : max(1, (64 << 20) / weights.byteCount)
    let primitive = try Primitive(description)
    let commands = try (0..<copies).map { _ in Command(primitive, arguments + [(.weights, try filled(weights))]) }
    var turn = 0
    return try Stopwatch.fewestSeconds(threads: options.threads) {
      turn = (turn + 1) % copies
      try commands[turn].run(on: stream)
    }
  }
}

extension PostOperation {
  /// What it is, in a word for keys.
  fileprivate var word: String {
    switch self {
    case .sum: "sum"
    case .eltwise(let e): "eltwise\(e.kind)"
    case .binary(let kind, _): "\(kind)"
    }
  }
}
