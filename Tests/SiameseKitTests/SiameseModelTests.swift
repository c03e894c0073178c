import Foundation
import SiameseHDF5
import SiameseKit
import SiameseTestSupport
import Testing

@Suite struct SiameseModelTests {
  let backbone = "\(EmbedderTests.root)/weights/glyphs.h5"

  /// Fine-tunes the embedded default on glyphs, without a gradient step.
  private func model(in folder: String, seed: UInt64 = 1) throws -> FineTuningResult {
    try GlyphCollection(seed: 9, style: .runes, alphabetCount: 1, classCount: 10, perClass: 5, size: 48).write(
      to: folder)
    var recipe = FineTuningRecipe()
    recipe.unfreeze = .none
    recipe.seed = seed
    return try FineTuner(Backbone(contentsOf: backbone), recipe: recipe).run(LabelledPictures(folder: folder))
  }

  @Test func `a model read again gives the same record and the same embeddings`() throws {
    try withTemporaryFolder { folder in
      let result = try model(in: folder)
      for ending in ["h5", "keras"] {
        let path = "\(folder)/model.\(ending)"
        try result.model.write(to: path)
        let again = try SiameseModel(contentsOf: path)
        #expect(again.record == result.model.record)
        let picture = try Picture(contentsOf: result.features.paths[0])
        let embedding = try again.embedder().embed(picture)
        for (a, b) in zip(embedding, result.features.embeddings.row(0)) { #expect(abs(a - b) < 1e-4) }
      }
    }
  }

  @Test func `a plain Keras file is no model, and the message says how to make one`() {
    #expect(message { _ = try SiameseModel(contentsOf: backbone) }.contains("siamese-finetune --backbone"))
  }

  @Test func `a record that was tampered with is refused by name`() throws {
    try withTemporaryFolder { folder in
      let path = "\(folder)/model.h5"
      let result = try model(in: folder)
      try result.model.write(to: path)
      func tamper(_ change: (HDF5GroupWriter) throws -> Void) throws -> String {
        let other = "\(folder)/other.h5"
        try FileManager.default.copyItem(atPath: path, toPath: other)
        defer { try? FileManager.default.removeItem(atPath: other) }
        try HDF5Writer.update(other) { root in try change(root.group("siamese")) }
        return message { _ = try SiameseModel(contentsOf: other) }
      }
      #expect(try tamper { try $0.setAttribute("distance", "furlongs") }.contains("found 'furlongs'"))
      #expect(try tamper { try $0.setAttribute("format_version", 99) }.contains("version 99"))
      #expect(try tamper { try $0.setAttribute("preprocessing", "sepia") }.contains("'preprocessing' should be one of"))
      #expect(try tamper { try $0.setAttribute("provenance", "{") }.contains("'provenance'"))
    }
  }

  @Test func `too few classes are refused with what is needed`() throws {
    try withTemporaryFolder { folder in
      try GlyphCollection(seed: 9, style: .runes, alphabetCount: 1, classCount: 3, perClass: 3, size: 48).write(
        to: folder)
      let tuner = try FineTuner(Backbone(contentsOf: backbone), recipe: FineTuningRecipe())
      #expect(message { _ = try tuner.run(LabelledPictures(folder: folder)) }.contains("at least 4 classes"))
    }
    try withTemporaryFolder { folder in
      try GlyphCollection(seed: 9, style: .runes, alphabetCount: 1, classCount: 6, perClass: 1, size: 48).write(
        to: folder)
      let tuner = try FineTuner(Backbone(contentsOf: backbone), recipe: FineTuningRecipe())
      #expect(message { _ = try tuner.run(LabelledPictures(folder: folder)) }.contains("two"))
    }
  }
}

/// How often a file is opened, as the kernel tells it.
private final class OpenCount {
  private let descriptor = inotify_init1(Int32(O_NONBLOCK))

  /// Starts counting. Reading and closing are watched too: the kernel takes two events of one kind in a row for one.
  init(of path: String) { inotify_add_watch(descriptor, path, UInt32(IN_OPEN | IN_ACCESS | IN_CLOSE_NOWRITE)) }

  deinit { close(descriptor) }

  /// How often it was opened since the last call.
  func take() -> Int {
    var buffer = [UInt8](repeating: 0, count: 1 << 16)
    var (count, length) = (0, read(descriptor, &buffer, buffer.count))
    while length > 0 {
      // Of a file that is watched by itself, events have no name and are all of one size.
      buffer.withUnsafeBytes { bytes in
        for start in stride(from: 0, to: length, by: MemoryLayout<inotify_event>.size) {
          let event = bytes.loadUnaligned(fromByteOffset: start, as: inotify_event.self)
          if event.mask & UInt32(IN_OPEN) != 0 { count += 1 }
        }
      }
      length = read(descriptor, &buffer, buffer.count)
    }
    return count
  }
}

@Suite struct `Opening a model` {
  @Test func `the file is opened once, however much of it is read`() throws {
    try withTemporaryFolder { folder in
      let path = "\(folder)/model.h5"
      try writeTinyModel(to: path, joint: "absdiff:4,1")
      let opens = OpenCount(of: path)
      do { _ = try KerasFile.open(path) }
      let once = opens.take()
      #expect(once > 0)
      let model = try SiameseModel(contentsOf: path)
      #expect(opens.take() == once && model.joint != nil)
      _ = try model.embedder().embed([Picture(width: 8, height: 8, pixels: [UInt8](repeating: 9, count: 192))])
      #expect(opens.take() == 0)
      _ = try InspectedFile(contentsOf: path)
      #expect(opens.take() == once)
    }
  }

  @Test func `thresholds do not outlive the embeddings they were measured on`() throws {
    try withTemporaryFolder { folder in
      let path = "\(folder)/model.h5"
      try writeTinyModel(to: path, width: 192, threshold: 0.3)
      func model(_ adjustments: NetworkAdjustments) throws -> SiameseModel {
        try SiameseModel(contentsOf: path, adjustments: adjustments)
      }
      // What the file says itself is no change.
      for same in [
        NetworkAdjustments(), NetworkAdjustments(layer: "embedding"), NetworkAdjustments(preprocessing: "tf"),
        NetworkAdjustments(inputSize: 8),
      ] { #expect(try model(same).decisionThreshold() == 0.3) }
      for other in [
        NetworkAdjustments(layer: "flat"), NetworkAdjustments(preprocessing: "torch"),
        NetworkAdjustments(views: try Views("flip:1")),
      ] {
        let adjusted = try model(other)
        #expect(adjusted.threshold == nil && adjusted.backbone.layer == other.layer ?? "embedding")
        #expect(message { _ = try adjusted.decisionThreshold() }.contains("give --threshold"))
      }
      // Written anew, the model is one of the network as it was taken.
      let adjusted = try model(NetworkAdjustments(layer: "flat", preprocessing: "torch"))
      try adjusted.write(to: "\(folder)/other.h5")
      let again = try SiameseModel(contentsOf: "\(folder)/other.h5")
      #expect(again.backbone.layer == "flat" && again.record.preprocessing == .torch)
    }
  }

  @Test func `joint layers of another width than the layer asked for are refused`() throws {
    try withTemporaryFolder { folder in
      try writeTinyModel(to: "\(folder)/model.h5", joint: "absdiff")
      let text = message {
        _ = try SiameseModel(contentsOf: "\(folder)/model.h5", adjustments: NetworkAdjustments(layer: "flat"))
      }
      #expect(text.contains("6 numbers") && text.contains("'flat' gives 192"))
    }
  }
}
