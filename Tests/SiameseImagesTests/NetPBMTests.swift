import SiameseImages
import Testing

@Suite struct NetPBMTests {
  private func decode(_ text: String, _ raw: [UInt8] = []) throws -> Picture {
    try Picture(bytes: Array(text.utf8) + raw, name: "a.pnm")
  }

  private func grey(_ levels: [UInt8]) -> [UInt8] { levels.flatMap { [$0, $0, $0] } }

  @Test func `plain grey with comments`() throws {
    let picture = try decode("P2 # first\n# second\n3 # wide\n2\n255\n0 1 2\n253 #x\n254 255")
    #expect(picture == Picture(width: 3, height: 2, pixels: grey([0, 1, 2, 253, 254, 255])))
  }

  @Test func `plain colour`() throws {
    #expect(try decode("P3\n2 1\n255\n1 2 3 4 5 6\n").pixels == [1, 2, 3, 4, 5, 6])
  }

  @Test func `raw grey and colour`() throws {
    #expect(try decode("P5 2 2 255\n", [0, 10, 13, 35]).pixels == grey([0, 10, 13, 35]))
    #expect(try decode("P6#c\n1 2 255 ", [1, 2, 3, 4, 5, 6]).pixels == [1, 2, 3, 4, 5, 6])
  }

  @Test func `samples are scaled from their own maximum`() throws {
    #expect(try decode("P2 3 1 15 0 7 15").pixels == grey([0, 119, 255]))
    #expect(try decode("P5 3 1 100\n", [0, 50, 100]).pixels == grey([0, 128, 255]))
    #expect(try decode("P5 3 1 65535\n", [0, 0, 0x80, 0, 0xFF, 0xFF]).pixels == grey([0, 128, 255]))
    #expect(try decode("P6 1 1 1023\n", [0, 0, 1, 0xFF, 3, 0xFF]).pixels == [0, 127, 255])
  }

  @Test func `bitmaps are black where set`() throws {
    #expect(try decode("P1 3 2 101\n0 1 0").pixels == grey([0, 255, 0, 255, 0, 255]))
    #expect(
      try decode("P4 10 2\n", [0x80, 0x40, 0x01, 0x00]).pixels
        == grey([0] + [UInt8](repeating: 255, count: 8) + [0] + [UInt8](repeating: 255, count: 7) + [0, 255, 255]))
  }

  @Test(arguments: [
    ("P5\n", "the file ends before its width"),
    ("P5 x 3 255\n", "expected its width in digits at byte 3"),
    ("P5 3 12345678901 255\n", "its height has more than 9 digits"),
    ("P5 0 3 255\n", "its size is 0×3"),
    ("P5 3 2 0\n", "its largest value is 0, expected 1 to 65535"),
    ("P5 3 2 70000\n", "its largest value is 70000, expected 1 to 65535"),
    ("P5 3 2 255\nabcde", "the file ends too early: 6 bytes of pixels expected, 5 found"),
    ("P5 3 2 255", "the file ends before its first pixel"),
    ("P2 2 1 9\n3 10", "sample 2 is 10, more than the largest value 9"),
    ("P2 2 1 9\n3 -1", "expected sample 2 of 2 in digits at byte 11"),
    ("P2 9000 9000 9\n3 1", "the file ends before its last pixel"),
    ("P1 2 1\n0 2", "expected 0 or 1 at byte 9"),
  ])
  func `a malformed file says what and where`(text: String, reason: String) {
    let message = failure { _ = try decode(text) }
    #expect(message?.contains(": \(reason); replace it") == true, "\(message ?? "no error")")
  }

  @Test func `a file cut anywhere throws`() throws {
    let whole = Array("P5 4 3 65535\n".utf8) + [UInt8](repeating: 7, count: 24)
    for count in 0..<whole.count {
      #expect(throws: ImageError.self) { try Picture(bytes: Array(whole.prefix(count)), name: "cut") }
    }
    // Plain files have no end mark: a cut through the last number leaves a shorter number.
    let plain = Array("P3 2 1 255\n10 20 30 40 50 60".utf8)
    for count in 0..<plain.count - 1 {
      #expect(throws: ImageError.self) { try Picture(bytes: Array(plain.prefix(count)), name: "cut") }
    }
  }

  @Test func `a size over the limit is refused`() {
    #expect(throws: ImageError.tooLarge(path: "a.pnm", width: 999_999_999, height: 999_999_999, limit: 100_000_000)) {
      try decode("P6 999999999 999999999 255\n")
    }
  }
}
