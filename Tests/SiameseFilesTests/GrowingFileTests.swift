import Foundation
import SiameseFiles
import SiameseTestSupport
import Testing

@Suite struct GrowingFileTests {
  @Test func `pieces stand one after the other, and the beginning can be written again`() throws {
    try withTemporaryFolder { folder in
      let path = "\(folder)/x"
      try GrowingFile.write(to: path) { file in
        try file.append("0000")
        try [UInt8]("abc".utf8).withUnsafeBytes { try file.append($0) }
        try file.rewind()
        try file.append("1234")
        #expect(!FileManager.default.fileExists(atPath: path))
      }
      #expect(try String(contentsOfFile: path, encoding: .utf8) == "1234abc")
    }
  }

  @Test func `nothing appears where writing is broken off`() throws {
    struct Stop: Error {}
    try withTemporaryFolder { folder in
      let path = "\(folder)/x"
      #expect(throws: Stop.self) {
        try GrowingFile.write(to: path) { file in
          try file.append("half")
          throw Stop()
        }
      }
      let left = try FileManager.default.contentsOfDirectory(atPath: folder)
      #expect(left == [])
    }
  }
}
