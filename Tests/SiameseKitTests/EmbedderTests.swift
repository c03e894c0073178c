import Foundation
import SiameseTestSupport
import Testing

@testable import SiameseKit

@Suite struct EmbedderTests {
  static let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
    .deletingLastPathComponent().path
  let backbone: Backbone
  /// Glyphs of as many classes as there are pictures.
  let pictures: [Picture]

  init() throws {
    backbone = try Backbone(contentsOf: "\(Self.root)/weights/glyphs.h5")
    pictures = try withTemporaryFolder { folder in
      try GlyphCollection(seed: 3, style: .runes, alphabetCount: 1, classCount: 19, perClass: 1, size: 48).write(
        to: folder)
      return try LabelledPictures(folder: folder).paths.map { try Picture(contentsOf: $0) }
    }
  }

  @Test func `the default layer is what feeds the classifier`() {
    #expect(backbone.layer == "features")
    #expect(backbone.embeddingWidth == 128)
    #expect(backbone.inputShape == [48, 48, 1])
  }

  @Test(arguments: [1, 3, 16], [1, 2])
  func `one at a time and in batches of any size, the numbers agree`(batch: Int, threads: Int) throws {
    let one = try Embedder(backbone, options: EmbeddingOptions(threads: 1))
    let many = try Embedder(backbone, options: EmbeddingOptions(batch: batch, threads: threads)).embed(pictures)
    #expect(many.shape == [19, 128])
    for (index, picture) in pictures.enumerated() {
      let single = try one.embed(picture)
      for (a, b) in zip(single, many.row(index)) { #expect(abs(a - b) <= 1e-4 * max(1, abs(a))) }
    }
  }

  @Test func `no pictures give no rows`() throws {
    #expect(try Embedder(backbone).embed([Picture]()).shape == [0, 128])
  }

  @Test func `any layer can be asked for, and a wrong name lists near ones`() throws {
    let path = "\(Self.root)/weights/glyphs.h5"
    #expect(message { _ = try Backbone(contentsOf: path, layer: "feature") }.contains("features"))
    #expect(
      message { _ = try Backbone(contentsOf: path, preprocessing: "torch7") }
        == "'torch7' is no way of preprocessing; choose one of caffe, tf, torch, none")
    #expect(
      message { _ = try Backbone(contentsOf: "/nowhere/w.h5") } == "/nowhere/w.h5: there is no such file of weights")
  }

  @Test func `several layers are averaged and concatenated`() throws {
    let path = "\(Self.root)/weights/glyphs.h5"
    let joined = try Backbone(contentsOf: path, layer: "block3_relu+features")
    #expect(joined.embeddingWidth == 64 + 128)
    let map = try Embedder(Backbone(contentsOf: path, layer: "block3_relu")).embed(pictures[0])
    let both = try Embedder(joined).embed(pictures[0]), features = try Embedder(backbone).embed(pictures[0])
    for channel in 0..<64 {
      let mean = stride(from: channel, to: map.count, by: 64).reduce(0) { $0 + map[$1] } / Float(map.count / 64)
      #expect(abs(both[channel] - mean) < 1e-4)
    }
    for k in 0..<128 { #expect(abs(both[64 + k] - features[k]) < 1e-3) }
    #expect(message { _ = try Backbone(contentsOf: path, layer: "features+block9_relu") }.contains("block9_relu"))
  }

  @Test(arguments: FeatureFormat.allCases, [4, 7, 512])
  func `written as they come, embeddings are those of the whole, unreadable pictures left out`(
    format: FeatureFormat, pieceCount: Int
  ) throws {
    try withTemporaryFolder { folder in
      let data = "\(folder)/data", path = "\(folder)/f.\(format == .hdf5 ? "h5" : format.rawValue)"
      try GlyphCollection(seed: 3, style: .runes, alphabetCount: 1, classCount: 6, perClass: 3, size: 48).write(
        to: data)
      let list = try LabelledPictures(folder: data)
      // A whole piece of the smallest, and one picture elsewhere.
      for place in [4, 5, 6, 7, 16] { try Data("no picture".utf8).write(to: URL(fileURLWithPath: list.paths[place])) }
      let embedder = try Embedder(backbone, options: EmbeddingOptions(threads: 1))
      let (whole, skipped) = try embedder.embed(list)
      nonisolated(unsafe) var last: ProgressUpdate?
      let written = try embedder.embed(list, to: path, pieceCount: pieceCount, strict: false) { last = $0 }
      #expect(written.count == 13 && written.width == 128 && written.skipped == skipped)
      #expect(last?.completed == 18 && last?.total == 18)
      let found = try Features(contentsOf: path)
      #expect(found.labels == whole.labels && found.embeddings.shape == whole.embeddings.shape)
      if format != .libsvm { #expect(found.paths == whole.paths) }
      if format == .hdf5 { #expect(found.attributes == whole.attributes) }
      for (a, b) in zip(found.embeddings.elements, whole.embeddings.elements) { #expect(abs(a - b) < 1e-4) }

      for path in list.paths { try Data("no picture".utf8).write(to: URL(fileURLWithPath: path)) }
      let before = try Data(contentsOf: URL(fileURLWithPath: path))
      #expect(
        message { _ = try embedder.embed(list, to: path) }.hasPrefix(
          "none of the 18 pictures could be read; the first:"))
      #expect(message { _ = try embedder.embed(list, to: path, strict: true) }.contains(list.paths[0]))
      #expect(try Data(contentsOf: URL(fileURLWithPath: path)) == before, "what was there stays")
      #expect(try FileManager.default.contentsOfDirectory(atPath: folder).allSatisfy { !$0.hasSuffix(".partial") })
    }
  }

  @Test func `a folder in which nothing can be read says so`() throws {
    try withTemporaryFolder { folder in
      try Data("no picture".utf8).write(to: URL(fileURLWithPath: "\(folder)/a.png"))
      let text = message { _ = try Embedder(backbone).embed(LabelledPictures(folder: folder)) }
      #expect(text.hasPrefix("none of the 1 pictures could be read"))
    }
  }
}
