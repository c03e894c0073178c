import Foundation
import SiameseGlyphs
import SiameseImages
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
    let fixtures = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "Fixtures")
    let golden = try Picture(contentsOf: fixtures.appending(path: "glyphs.png").path)
    #expect((sheet.width, sheet.height) == (golden.width, golden.height))
    // Sines differ in their last bits between C libraries.
    #expect(zip(sheet.pixels, golden.pixels).allSatisfy { abs(Int($0) - Int($1)) <= 2 })
  }

  @Test(arguments: GlyphAlphabet.Style.allCases) func `every character has ink, and paper around it`(
    style: GlyphAlphabet.Style
  ) {
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
      let (p, q) = (
        alphabet.picture(class: a.0, drawer: a.1, size: 12), alphabet.picture(class: b.0, drawer: b.1, size: 12)
      )
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
}
