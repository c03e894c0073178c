import Foundation
import SiameseFiles
import SiameseTestSupport
import Testing

@Suite struct TextLinesTests {
  @Test(arguments: [
    ("", []), ("a", ["a"]), ("a\n", ["a"]), ("a\r\n", ["a"]), ("a\r", ["a"]), ("\n", [""]), ("\r\n\r\n", ["", ""]),
    ("a\nb\r\nc\rd", ["a", "b", "c", "d"]), ("a\n\rb", ["a", "", "b"]), ("a\r\r\nb", ["a", "", "b"]),
    ("\nä\r\n", ["", "ä"]),
    ("\u{FEFF}a\r\nb", ["a", "b"]), ("a\u{2028}b\u{0B}c\u{85}d\n", ["a\u{2028}b\u{0B}c\u{85}d"]),
    ("\n\u{301}x", ["", "\u{301}x"]),
  ])
  func `lines end with any of the three ends, and the last needs none`(_ text: String, _ lines: [String]) {
    #expect(TextLines(text).map(String.init) == lines)
  }

  @Test func `whether the last line has its end`() {
    for text in ["", "a\n", "a\r\n", "a\r"] { #expect(TextLines(text).endsWithLineEnd) }
    for text in ["a", "a\nb", "\u{FEFF}b"] { #expect(!TextLines(text).endsWithLineEnd) }
  }

  @Test func `a byte-order mark is left out, UTF-16 and other encodings are refused`() throws {
    #expect(try TextLines([0xEF, 0xBB, 0xBF, 0x61], file: "f").text == "a")
    #expect(try String(utf8: [UInt8](), file: "f") == "")
    for start in [[0xFF, 0xFE, 0x61, 0], [0xFE, 0xFF, 0, 0x61]] as [[UInt8]] {
      #expect(
        message { _ = try TextLines(start, file: "f") }
          == "f: is not text in UTF-8 (it begins as UTF-16 does); save it as UTF-8")
    }
    #expect(
      message { _ = try TextLines(Array("α\r\nb\n".utf8) + [0xE9, 0x0A], file: "f") }
        == "f: is not text in UTF-8 (line 3 holds bytes of another encoding); save it as UTF-8")
    #expect(message { _ = try TextLines([0xC3], file: "f") }.contains("line 1 holds bytes"))
  }

  @Test func `lines of a file, or what is wrong with it`() throws {
    try withTemporaryFolder { folder in
      try Data("a\r\nb".utf8).write(to: URL(filePath: "\(folder)/x"))
      #expect(try TextLines(contentsOf: "\(folder)/x").map(String.init) == ["a", "b"])
      #expect(throws: FileError.missing(file: "\(folder)/y")) { try TextLines(contentsOf: "\(folder)/y") }
      #expect(
        message { _ = try TextLines(contentsOf: folder) }
          == "\(folder): cannot be read (Is a directory); check that it is a file and its permissions")
    }
  }
}
