import Foundation
import SiameseFiles
import SiameseTestSupport
import Testing

@Suite struct FileReadingTests {
  @Test func `a file is read whole or piece by piece`() throws {
    try withTemporaryFolder { folder in
      let bytes = Data((0..<1000).map { UInt8(truncatingIfNeeded: $0) })
      try bytes.write(to: URL(filePath: "\(folder)/x"))
      #expect(try readFile("\(folder)/x") == bytes)
      let (file, size) = try openFile("\(folder)/x")
      defer { try? file.close() }
      #expect(size == 1000)
      #expect(try file.read(upToCount: 10) == bytes.prefix(10))
    }
  }

  @Test func `what is missing is said so`() {
    #expect(throws: FileError.missing(file: "/nowhere/x")) { try readFile("/nowhere/x") }
    #expect(throws: FileError.missing(file: "/nowhere/x")) { try openFile("/nowhere/x") }
    #expect(FileError.missing(file: "/nowhere/x").description == "/nowhere/x: there is no such file")
  }
}
