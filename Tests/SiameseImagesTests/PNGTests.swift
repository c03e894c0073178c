import Foundation
import SiameseImages
import Testing

@Suite struct PNGTests {
  @Test(arguments: [
    "rgb", "grey", "bits", "grey2", "palette", "rgba", "grey-alpha", "palette-alpha", "interlaced", "rgb16",
    "rgb-transparent", "turned",
  ])
  func `every kind decodes as Pillow decodes it`(name: String) throws {
    let found = try Picture(contentsOf: Fixtures.path("\(name).png"))
    #expect(found == (try Picture(contentsOf: Fixtures.path("\(name).golden.ppm"))))
  }

  @Test func `of 16-bit grey the upper 8 bits remain`() throws {
    let picture = try Picture(contentsOf: Fixtures.path("grey16.png"))
    #expect(picture.pixels == (0..<12).flatMap { [UInt8](repeating: UInt8($0 * 20), count: 3) })
  }

  @Test(arguments: ["rgb", "palette", "interlaced", "rgb16", "grey-alpha", "turned"])
  func `a file cut anywhere throws`(name: String) throws {
    let bytes = try Fixtures.bytes("\(name).png")
    for count in 0..<bytes.count {
      #expect(throws: ImageError.self) { try Picture(bytes: Array(bytes.prefix(count)), name: "cut.png") }
    }
  }

  @Test(arguments: ["rgb", "palette", "interlaced"])
  func `a file with any byte changed throws or decodes, and never traps`(name: String) throws {
    let bytes = try Fixtures.bytes("\(name).png")
    for i in bytes.indices {
      for flip in [0xFF, 0x01] as [UInt8] {
        var changed = bytes
        changed[i] ^= flip
        _ = try? Picture(bytes: changed, name: "changed.png", limit: 1_000_000)
      }
    }
  }

  @Test func `a cut file's message names it and says why`() throws {
    let bytes = Array(try Fixtures.bytes("rgb.png").dropLast(30))
    let message = failure { _ = try Picture(bytes: bytes, name: "faces/a.png") }
    #expect(
      message
        == "'faces/a.png' is a damaged or unsupported PNG picture: the file ends too early; replace it or take it out")
  }

  @Test func `a size over the limit is refused from the header`() throws {
    let message = failure { _ = try Picture(contentsOf: Fixtures.path("rgb.png"), limit: 246) }
    #expect(
      message?.hasSuffix(
        "rgb.png' is 19×13 pixels, more than the limit of 246 pixels; "
          + "scale it down or raise the limit") == true)
    #expect(try Picture(contentsOf: Fixtures.path("rgb.png"), limit: 247).width == 19)
  }

  @Test func `a header that claims terapixels is refused before anything is allocated`() throws {
    var bytes = try Fixtures.bytes("rgb.png")
    bytes.replaceSubrange(16..<24, with: [0x7F, 0xFF, 0xFF, 0xFF, 0x7F, 0xFF, 0xFF, 0xFF])
    // The changed header's checksum, so that libpng believes it.
    bytes.replaceSubrange(29..<33, with: withUnsafeBytes(of: checksum(bytes[12..<29]).bigEndian, Array.init))
    #expect(throws: ImageError.tooLarge(path: "bomb", width: 0x7FFF_FFFF, height: 0x7FFF_FFFF, limit: 100_000_000)) {
      try Picture(bytes: bytes, name: "bomb")
    }
  }

  @Test func `what is written is read back`() throws {
    let picture = try Picture(contentsOf: Fixtures.path("source.png"))
    #expect(try Picture(bytes: [UInt8](picture.pngData()), name: "copy") == picture)
    let grey = GreyPicture(picture)
    #expect(try Picture(bytes: [UInt8](grey.pngData()), name: "copy") == Picture(grey))
  }

  private func checksum(_ bytes: ArraySlice<UInt8>) -> UInt32 {
    var crc = ~UInt32(0)
    for byte in bytes {
      crc ^= UInt32(byte)
      for _ in 0..<8 { crc = crc & 1 == 0 ? crc >> 1 : (crc >> 1) ^ 0xEDB8_8320 }
    }
    return ~crc
  }
}
