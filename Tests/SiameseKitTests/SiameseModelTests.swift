import Foundation
import SiameseHDF5
import SiameseKit
import SiameseTestSupport
import Testing

@Suite struct SiameseModelTests {
  let backbone = "\(EmbedderTests.root)/weights/glyphs.h5"

  /// Fine-tunes the embedded default on glyphs, without a gradient step.
  private func model(in folder: String, seed: UInt64 = 1) throws -> FineTuningResult {
    try GlyphCollection(seed: 9, style: .runes, alphabetCount: 1, classCount: 10, perClass: 5, size: 48).write(to: folder)
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
      try GlyphCollection(seed: 9, style: .runes, alphabetCount: 1, classCount: 3, perClass: 3, size: 48).write(to: folder)
      let tuner = try FineTuner(Backbone(contentsOf: backbone), recipe: FineTuningRecipe())
      #expect(message { _ = try tuner.run(LabelledPictures(folder: folder)) }.contains("at least 4 classes"))
    }
    try withTemporaryFolder { folder in
      try GlyphCollection(seed: 9, style: .runes, alphabetCount: 1, classCount: 6, perClass: 1, size: 48).write(to: folder)
      let tuner = try FineTuner(Backbone(contentsOf: backbone), recipe: FineTuningRecipe())
      #expect(message { _ = try tuner.run(LabelledPictures(folder: folder)) }.contains("two"))
    }
  }
}
