import Foundation
import SiameseImages
import SiameseTestSupport
import Testing

@Suite struct PictureReadingTests {
  @Test func `content decides, not the name`() throws {
    try withTemporaryFolder { folder in
      try FileManager.default.copyItem(atPath: Fixtures.path("rgb.png"), toPath: "\(folder)/a.jpg")
      #expect(try Picture(contentsOf: "\(folder)/a.jpg") == Picture(contentsOf: Fixtures.path("rgb.png")))
    }
  }

  @Test(
    arguments: [
      ([], "an empty file"), (Array("GIF89a".utf8), "a GIF"), (Array("BM12".utf8), "a BMP"),
      (Array("RIFF1234WEBPVP8".utf8), "a WebP"), ([0x49, 0x49, 0x2A, 0], "a TIFF"),
      ([0, 0, 0, 24] + Array("ftypheic".utf8), "a HEIC, AVIF or video file"),
      (Array("<svg>".utf8), "a text of tags such as SVG or HTML"),
      (Array("P7 1 1".utf8), "a file starting with bytes 50 37 20 31"),
      ([1, 2], "a file starting with bytes 01 02"),
    ] as [([UInt8], String)])
  func `other formats are named`(bytes: [UInt8], found: String) {
    let message = failure { _ = try Picture(bytes: bytes, name: "a.png") }
    #expect(
      message == "'a.png' is not a picture this program reads: expected PNG, JPEG or PGM/PPM, found \(found); "
        + "convert it or take it out")
  }

  @Test func `a missing file, a folder and a pipe are refused with their path`() throws {
    try withTemporaryFolder { folder in
      #expect(
        failure { _ = try Picture(contentsOf: "\(folder)/none.png") }
          == "'\(folder)/none.png' does not exist; check the path")
      #expect(failure { _ = try Picture(contentsOf: folder) } == "'\(folder)' cannot be read: it is a folder")
      #expect(mkfifo("\(folder)/pipe", 0o600) == 0)
      #expect(
        failure { _ = try Picture(contentsOf: "\(folder)/pipe") }
          == "'\(folder)/pipe' cannot be read: it is not a regular file")
    }
  }

  @Test func `the extension chooses what is written, whole or not at all`() throws {
    let picture = try Picture(contentsOf: Fixtures.path("rgb.png"))
    try withTemporaryFolder { folder in
      for name in ["a.png", "a.ppm"] {
        try picture.write(to: "\(folder)/\(name)")
        #expect(try Picture(contentsOf: "\(folder)/\(name)") == picture)
      }
      try GreyPicture(picture).write(to: "\(folder)/a.pgm")
      #expect(try Picture(contentsOf: "\(folder)/a.pgm") == Picture(GreyPicture(picture)))
      try picture.write(to: "\(folder)/a.JPG")
      #expect(try Picture(contentsOf: "\(folder)/a.JPG").width == 19)
      #expect(
        failure { try picture.write(to: "\(folder)/a.gif") }
          == "'\(folder)/a.gif' cannot be written: pictures are written as .png, .jpg or .ppm, not '.gif'")
      #expect(
        failure { try picture.write(to: "\(folder)/none/a.png") }
          == "'\(folder)/none/a.png' cannot be written: its folder '\(folder)/none': No such file or directory")
      #expect(
        try FileManager.default.contentsOfDirectory(atPath: folder).sorted() == ["a.JPG", "a.pgm", "a.png", "a.ppm"])
    }
  }
}
