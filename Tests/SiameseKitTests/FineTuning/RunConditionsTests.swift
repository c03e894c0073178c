import Foundation
import SiameseHDF5
import SiameseTensors
import SiameseTestSupport
import Testing

@testable import SiameseKit
@testable import SiameseMetricLearning

/// A recipe in which nothing is left out, so that every condition has a value.
private func fullRecipe() throws -> FineTuningRecipe {
  var recipe = FineTuningRecipe()
  recipe.head = try HeadDesign("mlp:6,5,dropout=0.1")
  recipe.unfreeze = .last(1)
  (recipe.miner, recipe.reducer, recipe.joint) = ("batch-hard", .mean, try PairHead("absdiff,product:4,1"))
  recipe.augmentation = try Augmentation("rotate:10")
  recipe.augmentedCopies = 2
  var progression = ProgressionWords()
  (progression.clip, progression.average, progression.chunk) = (1, 0.9, 4)
  (progression.recompute, progression.patience) = (2, 3)
  try recipe.set(progression)
  return recipe
}

/// Every number, text and truth value in a JSON value, by its path.
private func leaves(_ value: Any, _ path: [String] = []) -> [[String]] {
  switch value {
  case let object as [String: Any]: object.sorted { $0.key < $1.key }.flatMap { leaves($0.value, path + [$0.key]) }
  case let list as [Any]: list.indices.flatMap { leaves(list[$0], path + ["\($0)"]) }
  default: [path]
  }
}

private func replacing(_ value: Any, _ path: ArraySlice<String>, _ change: (Any) -> Any) -> Any {
  guard let first = path.first else { return change(value) }
  if var object = value as? [String: Any] {
    object[first] = object[first].map { replacing($0, path.dropFirst(), change) }
    return object
  }
  guard var list = value as? [Any], let index = Int(first) else { return value }
  list[index] = replacing(list[index], path.dropFirst(), change)
  return list
}

@Suite struct `What determines a run` {
  private func conditions(_ folder: String) throws -> RunConditions {
    try writeTinyModel(to: "\(folder)/model.h5")
    var backbone = try Backbone(contentsOf: "\(folder)/model.h5", architecture: "vgg16")
    backbone.views = try Views("flip:1")
    let features = Features(
      embeddings: Tensor(shape: [2, 6], repeating: 1), labels: ["a", "b"], paths: ["a/1.png", "b/1.png"])
    var compute = EmbeddingOptions(batch: 4)
    compute.instructionSet = .portable
    return try RunConditions(FineTuner(backbone, recipe: fullRecipe(), compute: compute), features)
  }

  @Test func `each field that differs is named by its option, with both values`() throws {
    try withTemporaryFolder { folder in
      let found = try conditions(folder)
      let json = try JSONSerialization.jsonObject(with: JSONEncoder().encode(found))
      let paths = leaves(json)
      #expect(paths.count > 45)
      for path in paths {
        // A value of the same kind that can be read in its place.
        let others: [(Any) -> Any] =
          [
            { number in (number as? Double).map { $0 + 1 } ?? number }, { flag in (flag as? Bool).map { !$0 } ?? flag },
          ]
          + ["different", "torch", "bfloat16", "sum", "pca", "concat", "batch", "stop"].map { word in
            { $0 is String ? word : $0 }
          }
        let changed = others.lazy.compactMap { change -> RunConditions? in
          guard let data = try? JSONSerialization.data(withJSONObject: replacing(json, path[...], change)),
            let other = try? JSONDecoder().decode(RunConditions.self, from: data), other != found
          else { return nil }
          return other
        }.first
        let other = try #require(changed, "nothing to put in the place of \(path)")
        let differences = found.differences(in: other)
        #expect(differences.count == 1 && differences.first?.contains(" was ") == true, "\(path): \(differences)")
      }
    }
  }

  @Test func `an option that is given or left out makes a difference too`() throws {
    try withTemporaryFolder { folder in
      let found = try conditions(folder)
      for (option, change) in [
        ("--miner", { $0.criterion.miner = nil }), ("--joint", { $0.criterion.joint = nil }),
        ("--reducer", { $0.criterion.reducer = nil }), ("--augment-copies", { $0.batches.augmentedCopies = nil }),
        ("--isa", { $0.running.instructionSet = nil }), ("--batch", { $0.running.batch = nil }),
        ("--views", { $0.network.testTimeAugmentation = nil }), ("--architecture", { $0.network.architecture = nil }),
        ("--backbone", { $0.network.hash = nil }), ("--unfreeze", { $0.unfreeze = .all }),
        ("--clip", { $0.training.clip = nil }), ("--average", { $0.training.averageDecay = nil }),
        ("--schedule", { $0.training.schedule.shape = .constant }), ("--optimizer", { $0.training.rule = .sgd() }),
        ("--patience", { $0.training.patience = nil }), ("--chunk", { $0.training.chunk = nil }),
        ("--recompute", { $0.training.recomputation = nil }), ("--head", { $0.head.width = nil }),
      ] as [(String, (inout RunConditions) -> Void)] {
        var other = found
        change(&other)
        let differences = found.differences(in: other)
        #expect(
          differences.count == 1 && differences.first?.hasPrefix("\(option) was ") == true, "\(option): \(differences)")
      }
      #expect(found.differences(in: found).isEmpty)
    }
  }
}

/// Runs that are interrupted, and gone on with under other conditions.
@Suite struct `Resuming a run` {
  private struct Setup {
    var folder: String
    var recipe = FineTuningRecipe()
    var compute = EmbeddingOptions(threads: 1)
    var layer: String?
    var preprocessing: String?
    var views: Views?
    var pictures: LabelledPictures

    init(_ folder: String) throws {
      self.folder = folder
      try writeTinyModel(to: "\(folder)/model.h5")
      try writePeople(10, pictures: 4, to: "\(folder)/people")
      pictures = try LabelledPictures(folder: "\(folder)/people")
      recipe.checkpoint = "\(folder)/run.checkpoint"
      recipe.checkpointInterval = 1
      recipe.heldOutShare = 0.4
      var words = TrainingWords()
      (words.steps, words.classesPerBatch, words.picturesPerClass) = (6, 3, 2)
      try recipe.set(words)
    }

    /// Trains to the end, or stops after the first step.
    func run(stops: Bool = false) throws -> FineTuningResult {
      var backbone = try Backbone(contentsOf: "\(folder)/model.h5", layer: layer, preprocessing: preprocessing)
      backbone.views = views
      return try FineTuner(backbone, recipe: recipe, compute: compute).run(pictures, report: { _ in !stops })
    }
  }

  private static let changes: [(option: String, change: @Sendable (inout Setup) throws -> Void)] = [
    ("--hold-out was 0.4 and is 0.6", { $0.recipe.heldOutShare = 0.6 }),
    ("--choose-on was 0.2 and is 0.4", { $0.recipe.selectionShare = 0.4 }),
    ("--split was classes and is pictures", { $0.recipe.heldOut = .pictures }),
    ("--within-parents was not given and is given", { $0.recipe.withinParents = true }),
    ("--augment-copies was not given and is 2", { $0.recipe.augmentedCopies = 2 }),
    ("--augment was", { $0.recipe.augmentation = try Augmentation("flip:0.5") }),
    ("--layer was embedding and is flat", { $0.layer = "flat" }),
    ("--preprocess was tf and is torch", { $0.preprocessing = "torch" }),
    ("--views was not given and is", { $0.views = try Views("flip:1") }),
    ("--backbone was a file of SHA-256", { try writeTinyModel(to: "\($0.folder)/model.h5", seed: 9) }),
    (
      "--data was 40 pictures of 10 classes",
      {
        $0.pictures = LabelledPictures(paths: $0.pictures.paths.reversed(), labels: $0.pictures.labels.reversed())
      }
    ),
    (
      "--data was 40 pictures of 10 classes",
      {
        try FileManager.default.removeItem(atPath: $0.pictures.paths[0])
        $0.pictures = try LabelledPictures(folder: "\($0.folder)/people")
      }
    ),
    ("--loss was triplet:soft and is supcon", { $0.recipe.loss = "supcon" }),
    ("--miner was not given and is all", { $0.recipe.miner = "all" }),
    ("--distance was cosine and is l2", { $0.recipe.distance = .euclidean }),
    ("--head was wccn and is lda", { $0.recipe.head = try HeadDesign("lda") }),
    (
      "--joint was not given and is absdiff:1",
      {
        ($0.recipe.joint, $0.recipe.loss) = (try PairHead("absdiff"), "triplet:soft")
      }
    ),
    ("--unfreeze was head and is all", { $0.recipe.unfreeze = .all }),
    ("--seed was 1 and is 2", { $0.recipe.seed = 2 }),
    ("--threads was 1 and is 2", { $0.compute.threads = 2 }),
    ("--classes-per-batch was 3 and is 4", { $0.recipe.training.classesPerBatch = 4 }),
    ("--batch-norm was frozen and is batch", { $0.recipe.training.normalization = .batch }),
    ("--average was not given and is 0.9", { $0.recipe.training.averageDecay = 0.9 }),
  ]

  @Test(arguments: changes.indices)
  func `a run does not go on under other conditions, and says which differ`(_ index: Int) throws {
    let (words, change) = Self.changes[index]
    try withTemporaryFolder { folder in
      var setup = try Setup(folder)
      let ending = try setup.run(stops: true).training.ending
      #expect(ending == "interrupted")
      setup.recipe.resumes = true
      try change(&setup)
      #expect {
        _ = try setup.run()
      } throws: { error in
        (error as? TaskError)?.kind == .wrongArguments && "\(error)".contains("other options: \(words)")
      }
    }
  }

  @Test func `under the same conditions it goes on, and what is no condition may change`() throws {
    try withTemporaryFolder { folder in
      var setup = try Setup(folder)
      _ = try setup.run(stops: true)
      setup.recipe.resumes = true
      (setup.recipe.ways, setup.recipe.checkpointInterval) = (3, 2)
      #expect(try setup.run().training.ending != "interrupted")
    }
  }

  @Test func `a checkpoint of another kind or of an earlier version is refused in a sentence`() throws {
    try withTemporaryFolder { folder in
      var setup = try Setup(folder)
      setup.recipe.resumes = true
      let checkpoint = "\(folder)/run.checkpoint"
      _ = try setup.run(stops: true)
      let read = try Checkpoint(contentsOf: checkpoint)
      try Checkpoint(progress: read.progress, arrays: read.arrays, provenance: "of another program").write(
        to: checkpoint)
      #expect(message { _ = try setup.run() }.contains("start anew without --resume"))
      try FileManager.default.removeItem(atPath: checkpoint)
      try Checkpoint.writeEmpty(format: "siamese checkpoint 1", to: checkpoint)
      #expect(message { _ = try setup.run() }.contains("version 1 of an earlier release"))
    }
  }
}

extension Checkpoint {
  /// A file that says nothing but its format.
  fileprivate static func writeEmpty(format: String, to path: String) throws {
    try HDF5Writer.create(path) { try $0.setAttribute("format", format) }
  }
}
