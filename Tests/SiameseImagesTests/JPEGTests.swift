import Foundation
import SiameseImages
import Testing

@Suite struct JPEGTests {
  @Test(arguments: ["colour", "colour444", "progressive", "greyscale", "cmyk"])
  func `every kind decodes as Pillow decodes it`(name: String) throws {
    let found = try Picture(contentsOf: Fixtures.path("\(name).jpg"))
    // Releases of libjpeg-turbo round chroma a little differently; CMYK multiplies that by black.
    #expect(largestDifference(found, try Picture(contentsOf: Fixtures.path("\(name).golden.ppm"))) <= 2)
  }

  @Test(arguments: 1...8) func `every orientation comes out upright`(value: Int) throws {
    let found = try Picture(contentsOf: Fixtures.path("turned\(value).jpg"))
    #expect(largestDifference(found, try Picture(contentsOf: Fixtures.path("turned\(value).golden.ppm"))) <= 2)
  }

  @Test(arguments: ["colour", "progressive", "greyscale", "cmyk", "turned6"])
  func `a file cut anywhere throws`(name: String) throws {
    let bytes = try Fixtures.bytes("\(name).jpg")
    for count in 0..<bytes.count {
      #expect(throws: ImageError.self) { try Picture(bytes: Array(bytes.prefix(count)), name: "cut.jpg") }
    }
  }

  @Test(arguments: ["colour", "progressive", "cmyk", "turned6"])
  func `a file with any byte changed throws or decodes, and never traps`(name: String) throws {
    let bytes = try Fixtures.bytes("\(name).jpg")
    for i in bytes.indices {
      for flip in [0xFF, 0x01] as [UInt8] {
        var changed = bytes
        changed[i] ^= flip
        _ = try? Picture(bytes: changed, name: "changed.jpg", limit: 1_000_000)
      }
    }
  }

  @Test func `a cut file's message names it and says why`() throws {
    let bytes = Array(try Fixtures.bytes("colour.jpg").dropLast(40))
    let message = failure { _ = try Picture(bytes: bytes, name: "a.jpg") }
    #expect(
      message == "'a.jpg' is a damaged or unsupported JPEG picture: Premature end of JPEG file; "
        + "replace it or take it out")
  }

  @Test func `bytes between the last row and the end do no harm`() throws {
    var bytes = try Fixtures.bytes("colour.jpg")
    bytes.insert(contentsOf: [0x12, 0x34, 0x56], at: bytes.count - 2)
    #expect(try Picture(bytes: bytes, name: "a.jpg") == Picture(contentsOf: Fixtures.path("colour.jpg")))
  }

  @Test func `a size over the limit is refused`() throws {
    #expect(throws: ImageError.tooLarge(path: "a", width: 37, height: 29, limit: 1000)) {
      try Picture(bytes: try Fixtures.bytes("colour.jpg"), name: "a", limit: 1000)
    }
  }

  @Test func `scaled decoding never goes below the target`() throws {
    let picture = try Picture(contentsOf: Fixtures.path("source.png")).resized(width: 401, height: 250)
    let bytes = [UInt8](try picture.jpegData(quality: 95))
    for (target, expected) in [(401, 401), (201, 201), (200, 201), (101, 101), (52, 101), (51, 51), (40, 51), (1, 51)] {
      let scaled = try Picture(bytes: bytes, name: "a", scale: .atLeast(width: target, height: 1))
      #expect(scaled.width == expected)
      let reference = picture.resized(width: scaled.width, height: scaled.height, filter: .box)
      #expect(largestDifference(scaled, reference) < 100)
    }
  }

  @Test func `scaled decoding of a turned picture keeps to the upright target`() throws {
    let scaled = try Picture(contentsOf: Fixtures.path("turned6.jpg"), scale: .atLeast(width: 6, height: 9))
    let full = try Picture(contentsOf: Fixtures.path("turned6.jpg"))
    #expect((full.width, full.height) == (13, 19))
    #expect((scaled.width, scaled.height) == (7, 10))
  }

  @Test func `what is written is read back`() throws {
    let picture = try Picture(contentsOf: Fixtures.path("source.png")).resized(width: 300, height: 200)
    let copy = try Picture(bytes: [UInt8](picture.jpegData(quality: 95)), name: "copy")
    #expect((copy.width, copy.height) == (300, 200))
    let sum = zip(copy.pixels, picture.pixels).reduce(0) { $0 + abs(Int($1.0) - Int($1.1)) }
    #expect(Double(sum) / Double(copy.pixels.count) < 5)
  }
}
