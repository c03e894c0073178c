import Foundation
import SiameseGlyphs
import SiameseImages
import SiameseTestSupport
import Testing

@Suite struct GlyphCollectionTests {
  @Test func `a collection is a folder per character, alphabets above`() throws {
    try withTemporaryFolder { folder in
      var told = 0
      try GlyphCollection(seed: 3, alphabetCount: 2, classCount: 11, perClass: 2, size: 16).write(to: "\(folder)/g") {
        written, total in
        #expect(total == 22)
        told = written
      }
      let pictures = try LabelledPictures(folder: "\(folder)/g")
      #expect(told == 22)
      #expect(pictures.count == 22)
      #expect(pictures.classes.count == 11)
      #expect(pictures.labels.first == "alphabet1/character1")
      #expect(pictures.labels.last == "alphabet2/character5")
      #expect(pictures.paths.last == "\(folder)/g/alphabet2/character5/2.png")
      let glyph = GlyphAlphabet(seed: 4).picture(class: 4, drawer: 1, size: 16)
      #expect(try Picture(contentsOf: pictures.paths[21]) == Picture(glyph))
    }
  }

  @Test func `counts that make no sense and folders that cannot be made are refused`() throws {
    #expect(
      message { try GlyphCollection(seed: 1, classCount: 0, perClass: 1).write(to: "x") }
        == "the number of classes is 0, expected 1 to 1000000")
    try withTemporaryFolder { folder in
      try Data().write(to: URL(filePath: "\(folder)/file"))
      #expect(
        message { try GlyphCollection(seed: 1, classCount: 1, perClass: 1).write(to: "\(folder)/file") }
          == "\(folder)/file/alphabet1/character1: could not be written (its folder cannot be made); what was there "
          + "before is unchanged")
    }
  }
}
