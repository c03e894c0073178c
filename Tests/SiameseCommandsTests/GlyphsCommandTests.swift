import Foundation
import SiameseKit
import SiameseTestSupport
import Testing

@Suite struct GlyphsCommandTests {
  @Test func `glyphs become a folder of pictures, and augment shows some of them`() throws {
    try withTemporaryFolder { folder in
      let drawn = try Tool.siamese(
        "glyphs", "--output", "\(folder)/g", "--classes", "6", "--per-class", "3", "--alphabets", "2", "--size", "20",
        "--style", "runes")
      #expect(drawn.status == 0, "\(drawn.errors)")
      let pictures = try LabelledPictures(folder: "\(folder)/g")
      #expect(pictures.count == 18)
      #expect(pictures.classes.count == 6)
      let glyph = GlyphAlphabet(seed: 1, style: .runes).picture(class: 0, drawer: 0, size: 20)
      #expect(try Picture(contentsOf: pictures.paths[0]) == Picture(glyph))

      let sheet = "\(folder)/sheet.png"
      let shown = try Tool.siamese(
        "augment", "--augment", "rotate:10,mirror", "--data", "\(folder)/g", "--preview", sheet, "--count", "4",
        "--draws",
        "2", "--size", "20")
      #expect(shown.status == 0, "\(shown.errors)")
      let picture = try Picture(contentsOf: sheet)
      #expect((picture.width, picture.height) == (3 * 24 + 4, 4 * 24 + 4))
    }
  }

  @Test(arguments: [
    ["glyphs"], ["glyphs", "--output", "x", "--style", "cursive"],
    ["augment", "--augment", "flip", "--preview", "x.png"],
    ["augment", "--augment", "flip", "--preview", "x.png", "--data", "d", "--images", "a.png"],
    ["augment", "--augment", "flip", "--preview", "x.png", "--data", "d", "--draws", "0"],
    ["augment", "--augment", "blur", "--preview", "x.png", "--images", "a.png"],
  ])
  func `wrong arguments end with status 64`(arguments: [String]) throws {
    #expect(try Tool.run("siamese", arguments).status == 64)
  }

  @Test func `a picture that is not there ends with status 66 and its path`() throws {
    let run = try Tool.siamese("augment", "--augment", "flip", "--preview", "x.png", "--images", "none.png")
    #expect(run.status == 66)
    #expect(run.errors.contains("'none.png' does not exist; check the path"))
  }
}
