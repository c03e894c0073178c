import Foundation
import SiameseImages
import SiameseTestSupport
import Testing

@Suite struct LabelledPicturesTests {
  @Test func `one folder per class, nested ones by their path, in path order`() throws {
    try withTemporaryFolder { folder in
      for name in [
        "b/2.PNG", "b/1.jpg", "a/x/1.pgm", "a/x/notes.txt", "top.ppm", ".hidden/1.png", "a/.1.png", "c/a.gif",
      ] {
        try Fixtures.write("", to: "\(folder)/\(name)")
      }
      let pictures = try LabelledPictures(folder: folder)
      #expect(pictures.paths == ["a/x/1.pgm", "b/1.jpg", "b/2.PNG", "top.ppm"].map { "\(folder)/\($0)" })
      #expect(pictures.labels == ["a/x", "b", "b", ""])
      #expect(pictures.classes == ["", "a/x", "b"])
      #expect(pictures.classIndices == [1, 2, 2, 0])
      #expect(try LabelledPictures(folder: folder + "/").paths == pictures.paths)
      #expect(pictures.selecting([3, 1]).labels == ["", "b"])
    }
  }

  @Test func `links are followed, loops are not`() throws {
    try withTemporaryFolder { folder in
      try Fixtures.write("", to: "\(folder)/z/1.png")
      try Fixtures.write("", to: "\(folder)/z/deep/2.png")
      let manager = FileManager.default
      try manager.createSymbolicLink(atPath: "\(folder)/z/deep/loop", withDestinationPath: folder)
      try manager.createSymbolicLink(atPath: "\(folder)/a", withDestinationPath: "\(folder)/z")
      try withTemporaryFolder { other in
        try Fixtures.write("", to: "\(other)/3.png")
        try manager.createSymbolicLink(atPath: "\(folder)/elsewhere", withDestinationPath: other)
        try manager.createSymbolicLink(atPath: "\(folder)/z/4.png", withDestinationPath: "\(other)/3.png")
        #expect(
          try LabelledPictures(folder: folder).paths
            == ["elsewhere/3.png", "z/1.png", "z/4.png", "z/deep/2.png"].map { "\(folder)/\($0)" })
      }
    }
  }

  @Test func `a missing folder, a file and an empty folder are told apart`() throws {
    try withTemporaryFolder { folder in
      #expect(
        failure { _ = try LabelledPictures(folder: "\(folder)/none") }
          == "the picture folder '\(folder)/none' does not exist; give a folder with one sub-folder of pictures per class"
      )
      try Fixtures.write("", to: "\(folder)/full/file.txt")
      #expect(
        failure { _ = try LabelledPictures(folder: "\(folder)/full/file.txt") }
          == "'\(folder)/full/file.txt' is not a folder; give a folder with one sub-folder of pictures per class")
      #expect(
        failure { _ = try LabelledPictures(folder: "\(folder)/full") }
          == "the folder '\(folder)/full' holds no pictures; expected files ending in png, jpg, jpeg, pgm, ppm, pnm, "
          + "one sub-folder per class")
    }
  }
}
