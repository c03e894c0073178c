import Foundation
import SiameseKit
import SiameseTensors
import SiameseTestSupport
import Testing

@Suite struct ViewsTests {
  let backbone = "\(EmbedderTests.root)/weights/glyphs.h5"

  @Test(arguments: ["flip:1", "8:affine:rotate=6:shift=0.03", "3:rotate:5,brightness:0.1"])
  func `views are written as they are read`(_ text: String) throws {
    #expect(try Views(text).description == text)
    #expect(try Views(text) == Views(Views(text).description))
  }

  @Test func `what makes no views is refused, with what would`() {
    #expect(message { _ = try Views("0:flip:1") }.contains("1 to 64"))
    #expect(message { _ = try Views("65:flip:1") }.contains("1 to 64"))
    #expect(message { _ = try Views("none") }.contains("flip:1"))
    #expect(message { _ = try Views("flip:1,mirror") }.contains("further classes"))
    #expect(message { _ = try Views("wobble") }.contains("wobble"))
  }

  @Test func `an embedding over views is the mean over the pictures one by one`() throws {
    try withTemporaryFolder { folder in
      try GlyphCollection(seed: 3, style: .runes, alphabetCount: 1, classCount: 3, perClass: 2, size: 48).write(
        to: folder)
      let list = try LabelledPictures(folder: folder)
      // The layer before the last, whose numbers are not brought to length 1 again.
      let plain = try Embedder(Backbone(contentsOf: backbone, layer: "projection"))
      var seeing = try Backbone(contentsOf: backbone, layer: "projection")
      seeing.views = try Views("flip:1")
      let embedder = try Embedder(seeing)
      let all = try embedder.embed(list).features.embeddings
      for (index, path) in list.paths.enumerated() {
        let picture = try Picture(contentsOf: path)
        let (a, b) = (try plain.embed(picture), try plain.embed(picture.mirrored()))
        let single = try embedder.embed(picture)
        for k in a.indices {
          #expect(abs(all.row(index)[index * 128 + k] - (a[k] + b[k]) / 2) < 1e-3)
          #expect(abs(single[k] - (a[k] + b[k]) / 2) < 1e-3)
        }
      }
      #expect(all.shape == [6, 128])
    }
  }

  @Test func `a picture that cannot be read is named once`() throws {
    try withTemporaryFolder { folder in
      try GlyphCollection(seed: 3, style: .runes, alphabetCount: 1, classCount: 2, perClass: 1, size: 48).write(
        to: folder)
      try Data("no picture".utf8).write(to: URL(fileURLWithPath: "\(folder)/broken.png"))
      var seeing = try Backbone(contentsOf: backbone)
      seeing.views = try Views("2:rotate:5")
      let (features, skipped) = try Embedder(seeing).embed(LabelledPictures(folder: folder))
      #expect(features.count == 2 && skipped.count == 1)
    }
  }

  @Test func `a model keeps its views, and its embeddings have unit length again`() throws {
    try withTemporaryFolder { folder in
      try GlyphCollection(seed: 9, style: .runes, alphabetCount: 1, classCount: 8, perClass: 4, size: 48).write(
        to: folder)
      var recipe = FineTuningRecipe()
      recipe.unfreeze = .none
      var network = try Backbone(contentsOf: backbone)
      network.views = try Views("flip:1")
      let result = try FineTuner(network, recipe: recipe).run(LabelledPictures(folder: folder))
      for i in 0..<result.features.count {
        #expect(abs(result.features.embeddings.row(i).reduce(0) { $0 + $1 * $1 } - 1) < 1e-4)
      }
      try result.model.write(to: "\(folder)/m.h5")
      let again = try SiameseModel(contentsOf: "\(folder)/m.h5")
      #expect(again.record.views == network.views)
      let embedding = try again.embedder().embed(Picture(contentsOf: result.features.paths[0]))
      for (a, b) in zip(embedding, result.features.embeddings.row(0)) { #expect(abs(a - b) < 1e-4) }
    }
  }
}
