import SiameseGraph
import SiameseOneDNN

extension Tuning {
  /// The fastest of `candidates` (not empty; the first is the fixed rule's), as remembered or measured now.
  func fastest(
    _ candidates: [ConvolutionCandidate], for task: ConvolutionTask, _ operations: [PostOperation], _ node: NodeContext
  ) throws -> PrimitiveDescription {
    guard let cache, candidates.count > 1 else { return candidates[0].description }
    let key = Tuning.key(task, operations, node)
    if let known = cache.choice(for: key) {
      return candidates.first { $0.name == known }?.description ?? candidates[0].description
    }
    guard case .measured = self else { return candidates[0].description }
    let stream = try ExecutionStream()
    var best: (seconds: Double, candidate: ConvolutionCandidate)?
    for candidate in candidates {
      guard let seconds = try? Tuning.seconds(candidate.description, threads: node.threads, on: stream) else {
        continue
      }
      // A later candidate has to be clearly better: near ties go to the rule's choice, run after run.
      if seconds < (best?.seconds ?? .infinity) * 0.97 { best = (seconds, candidate) }
    }
    guard let best else { return candidates[0].description }
    cache.remember(best.candidate.name, for: key)
    return best.candidate.description
  }

  /// All that a choice depends on.
  private static func key(_ task: ConvolutionTask, _ operations: [PostOperation], _ node: NodeContext) -> String {
    let (v, h) = (task.window.vertical, task.window.horizontal)
    return [
      TuningCache.machine, "\(Processor.level)", "cold weights", "\(node.mapType)", "\(node.threads) threads",
      "\(node.facts.mapOrder)", "\(task.source)", "\(task.weights)", "\(v.stride)×\(h.stride)",
      "\(v.dilation)×\(h.dilation)",
      "\([v.before, v.after, h.before, h.after])", task.convolution.bias ? "bias" : "",
      operations.map(\.word).joined(separator: "+"),
    ].joined(separator: " · ")
  }

  private static func seconds(
    _ description: PrimitiveDescription, threads: Int, on stream: ExecutionStream
  ) throws -> Double {
    /// Memory that has been written to, with small numbers in it.
    func filled(_ layout: Layout) throws -> Memory {
      let memory = try Memory(layout)
      memory.pointer?.initializeMemory(as: UInt8.self, repeating: 0x3C, count: layout.byteCount)
      return memory
    }
    var arguments: [(Argument, Memory)] = [
      (.source, try filled(description.source)), (.destination, try filled(description.destination)),
    ]
    if let layout = description.bias { arguments.append((.bias, try filled(layout))) }
    if let scratchpad = description.scratchpad { arguments.append((.scratchpad, try filled(scratchpad))) }
    // In a network other layers' weights have pushed these out of the caches by the time they are needed again: large
    // ones are taken in turn from copies that do not fit there together.
    let weights = description.weights
    let copies = weights.byteCount < 1 << 20 ? 1 : max(1, (64 << 20) / weights.byteCount)
    let primitive = try Primitive(description)
    let commands = try (0..<copies).map { _ in Command(primitive, arguments + [(.weights, try filled(weights))]) }
    var turn = 0
    return try Stopwatch.fewestSeconds(threads: threads) {
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
    }
  }
}
