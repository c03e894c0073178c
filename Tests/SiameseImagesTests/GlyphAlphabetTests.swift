import Foundation
import SiameseImages
import SiameseTestSupport
import Testing

@Suite struct GlyphAlphabetTests {
  @Test func `seed, class, drawer and style decide, and nothing else`() {
    let alphabet = GlyphAlphabet(seed: 5)
    let picture = alphabet.picture(class: 3, drawer: 2, size: 48)
    #expect(picture == GlyphAlphabet(seed: 5).picture(class: 3, drawer: 2, size: 48))
    #expect(picture != alphabet.picture(class: 4, drawer: 2, size: 48))
    #expect(picture != alphabet.picture(class: 3, drawer: 1, size: 48))
    #expect(picture != GlyphAlphabet(seed: 6).picture(class: 3, drawer: 2, size: 48))
    #expect(picture != GlyphAlphabet(seed: 5, style: .runes).picture(class: 3, drawer: 2, size: 48))
  }

  @Test func `the alphabet is the one it always was`() throws {
    var pictures: [Picture] = []
    for style in GlyphAlphabet.Style.allCases {
      let alphabet = GlyphAlphabet(seed: 1, style: style)
      for index in 0..<8 { pictures.append(Picture(alphabet.picture(class: index, drawer: index, size: 32))) }
    }
    let sheet = try ContactSheet(columnCount: 8, cellSize: 32, gap: 2).picture(of: pictures)
    let golden = try Picture(contentsOf: Fixtures.path("glyphs.png"))
    // Sines differ in their last bits between C libraries.
    #expect(largestDifference(sheet, golden) <= 2)
  }

  @Test(arguments: GlyphAlphabet.Style.allCases) func `every character has ink, and paper around it`(style: GlyphAlphabet.Style) {
    for seed in 0..<40 {
      let alphabet = GlyphAlphabet(seed: UInt64(seed), style: style)
      for index in 0..<10 {
        let pixels = alphabet.picture(class: index, drawer: seed % 7, size: 32).pixels
        let dark = pixels.count { $0 < 128 }
        #expect(dark > 20 && dark < 512)
      }
    }
  }

  @Test func `two hands' characters are closer than two characters`() {
    let alphabet = GlyphAlphabet(seed: 9)
    func difference(_ a: (Int, Int), _ b: (Int, Int)) -> Int {
      let (p, q) = (alphabet.picture(class: a.0, drawer: a.1, size: 12), alphabet.picture(class: b.0, drawer: b.1, size: 12))
      return zip(p.pixels, q.pixels).reduce(0) { $0 + abs(Int($1.0) - Int($1.1)) }
    }
    let same = (0..<40).reduce(0) { $0 + difference(($1, 0), ($1, 1)) }
    let different = (0..<40).reduce(0) { $0 + difference(($1, 0), (($1 + 1) % 40, 1)) }
    #expect(Double(same) < 0.85 * Double(different))
  }

  @Test(arguments: [1, 2, 7]) func `the smallest sizes do not trap`(size: Int) {
    for index in 0..<20 {
      #expect(GlyphAlphabet(seed: 2).picture(class: index, drawer: 0, size: size).pixels.count == size * size)
    }
  }

  @Test func `a collection is a folder per character, alphabets above`() throws {
    try withTemporaryFolder { folder in
      var told = 0
      try GlyphCollection(seed: 3, alphabetCount: 2, classCount: 11, perClass: 2, size: 16).write(to: "\(folder)/g") { written, total in
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
    #expect(failure { try GlyphCollection(seed: 1, classCount: 0, perClass: 1).write(to: "x") }
      == "the number of classes is 0, expected 1 to 1000000")
    try withTemporaryFolder { folder in
      try Fixtures.write("", to: "\(folder)/file")
      #expect(failure { try GlyphCollection(seed: 1, classCount: 1, perClass: 1).write(to: "\(folder)/file") }?
        .contains("cannot be written: the folder cannot be made") == true)
    }
  }
}
