import Foundation
import SiameseHDF5
import SiameseTensors
import SiameseTraining

/// Everything a run of training needs to go on as if it had never stopped: weights, optimiser, sampler, averages, the best.
package struct Checkpoint: Sendable, Equatable {
  let progress: FineTuning.Progress
  /// By kind and path: `weights:…`, `optimizer:…`, `criterion:…`, `average:…`, `best-weights:…`, `best-criterion:…`, and
  /// the first four kinds of the last good state, `good-weights:…` and so on.
  let arrays: [String: Tensor]
  /// What the run was started with, in the caller's words, who compares it on resuming.
  package let provenance: String

  /// Steps made.
  package var step: Int { progress.step }

  /// Version 2 keeps the moving average of the last good state, and everything that determines a run.
  private static let format = "siamese checkpoint 2"

  /// Writes it under a temporary name and renames: a run killed while writing leaves the checkpoint before it.
  package func write(to path: String) throws {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys]
    let text = String(decoding: try encoder.encode(progress), as: UTF8.self)
    try HDF5Writer.create(path) { root in
      try root.setAttribute("format", Self.format)
      try root.setAttribute("provenance", provenance)
      try root.write("progress", strings: [text])
      let names = arrays.keys.sorted()
      try root.write("names", strings: names)
      for (index, name) in names.enumerated() {
        guard let tensor = arrays[name] else { continue }
        try root.write("arrays/\(index)", shape: tensor.shape, tensor.elements)
      }
    }
  }

  /// - Throws: `HDF5Error` where the file cannot be read, `MetricLearningError` where it is no checkpoint.
  package init(contentsOf path: String) throws {
    let file = try HDF5File(path)
    let found = try file.root.string("format") ?? "none"
    guard found != "siamese checkpoint 1" else {
      throw MetricLearningError.misfit(
        what: "'\(path)' as a checkpoint", expected: "version 2, which says everything that determines the run",
        found: "version 1 of an earlier release; finish that run with it, or start anew without --resume")
    }
    guard found == Self.format else {
      throw MetricLearningError.misfit(
        what: "'\(path)' as a checkpoint", expected: "format '\(Self.format)'", found: "'\(found)'")
    }
    provenance = try file.root.string("provenance") ?? ""
    let text = try file.root.dataSet("progress").readStrings().first ?? ""
    do { progress = try JSONDecoder().decode(FineTuning.Progress.self, from: Data(text.utf8)) } catch {
      throw MetricLearningError.misfit(
        what: "the progress in checkpoint '\(path)'", expected: "what this version writes", found: "something else")
    }
    var arrays: [String: Tensor] = [:]
    for (index, name) in try file.root.dataSet("names").readStrings().enumerated() {
      let data = try file.root.dataSet("arrays/\(index)")
      arrays[name] = Tensor(shape: data.shape, elements: try data.read())
    }
    self.arrays = arrays
  }

  init(progress: FineTuning.Progress, arrays: [String: Tensor], provenance: String) {
    (self.progress, self.arrays, self.provenance) = (progress, arrays, provenance)
  }
}

extension FineTuning {
  /// The run as it stands between two steps.
  package func checkpoint(provenance: String = "") -> Checkpoint {
    var arrays: [String: Tensor] = [:]
    func add(_ kind: String, _ own: [String: Tensor]) {
      for (path, tensor) in own { arrays["\(kind):\(path)"] = tensor }
    }
    add("weights", parameters.state)
    add("optimizer", optimizer.arrays)
    add("criterion", criterion.state)
    var progress = progress
    if let average {
      add("average", average.arrays)
      progress.averageStepCount = average.stepCount
    }
    if let best {
      add("best-weights", best.weights)
      add("best-criterion", best.criterion)
    }
    if let good {
      add("good-weights", good.kept.weights)
      add("good-criterion", good.kept.criterion)
      add("good-optimizer", good.optimizer)
      add("good-average", good.average?.arrays ?? [:])
      (progress.goodStep, progress.goodAverageStepCount) = (good.step, good.average?.stepCount ?? 0)
    }
    return Checkpoint(progress: progress, arrays: arrays, provenance: provenance)
  }

  /// Goes on where `checkpoint` was taken, in a run made with the same data and options.
  /// - Throws: `MetricLearningError.misfit` where it belongs to another network or other pictures.
  package func restore(_ checkpoint: Checkpoint) throws {
    func own(_ kind: String) -> [String: Tensor] {
      let prefix = kind + ":"
      return Dictionary(
        uniqueKeysWithValues: checkpoint.arrays.filter { $0.key.hasPrefix(prefix) }
          .map { (String($0.key.dropFirst(prefix.count)), $0.value) })
    }
    func require(_ arrays: [String: Tensor], like expected: [String: Tensor], _ what: String) throws {
      for (path, tensor) in expected.sorted(by: { $0.key < $1.key }) where arrays[path]?.shape != tensor.shape {
        throw MetricLearningError.misfit(
          what: "\(what) '\(path)' of the checkpoint", expected: "shape \(tensor.shape)",
          found: arrays[path].map { "\($0.shape)" } ?? "none; resume with the options the run was started with")
      }
    }
    let weights = own("weights")
    try require(weights, like: parameters.state, "weight")
    try require(own("criterion"), like: criterion.state, "weight of the loss")
    for (key, moments) in own("optimizer") where !key.hasSuffix("#steps") {
      let path = String(key.prefix { $0 != "#" })
      guard let expected = parameters.state[path] ?? criterion.state[path], moments.shape == expected.shape else {
        throw MetricLearningError.misfit(
          what: "optimiser state '\(key)' of the checkpoint", expected: "the shape of a trained weight",
          found: "\(moments.shape)")
      }
    }
    try sampler.restore(checkpoint.progress.sampler)
    parameters.state = weights
    criterion.state = own("criterion")
    optimizer.arrays = own("optimizer")
    progress = checkpoint.progress
    func average(_ kind: String, stepCount: Int) throws -> WeightAverage? {
      guard let decay = options.averageDecay else { return nil }
      let arrays = own(kind)
      if stepCount > 0 { try require(arrays, like: parameters.state, "averaged weight") }
      return WeightAverage(decay: decay, stepCount: stepCount, arrays: arrays)
    }
    func kept(_ kind: String) throws -> KeptWeights? {
      let weights = own("\(kind)-weights")
      guard !weights.isEmpty else { return nil }
      try require(weights, like: parameters.state, "\(kind) weight")
      return KeptWeights(weights: weights, criterion: own("\(kind)-criterion"))
    }
    self.average = try average("average", stepCount: progress.averageStepCount)
    best = try kept("best")
    good = try kept("good").map { kept in
      RestorePoint(
        step: progress.goodStep, kept: kept, optimizer: own("good-optimizer"),
        average: try average("good-average", stepCount: progress.goodAverageStepCount))
    }
  }
}
