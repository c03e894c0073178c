import Foundation
import SiameseTestSupport
import Testing

@testable import SiameseKeras

@Suite struct ZipArchiveTests {
  /// Where the directory at the archive's end describes `member`.
  private func directoryEntry(_ bytes: [UInt8], _ member: String) -> Int {
    let name = Array(member.utf8)
    return (0..<bytes.count - 46 - name.count).last { at in
      bytes[at..<at + 4].elementsEqual([0x50, 0x4B, 1, 2]) && bytes[at + 46..<at + 46 + name.count].elementsEqual(name)
    } ?? -1
  }

  private func changed(_ fixture: String, _ change: (inout [UInt8], Int) -> Void) throws -> String {
    try withTemporaryFolderURL { folder in
      var bytes = try KerasFixture.bytes(fixture)
      change(&bytes, directoryEntry(bytes, "model.weights.h5"))
      let path = folder.appending(path: "x.keras").path
      try Data(bytes).write(to: URL(filePath: path))
      return sentence { _ = try KerasFile.open(path) }
    }
  }

  @Test func `a member that lies about its size is refused`() throws {
    #expect(
      try changed("keras3-model.keras") { bytes, entry in bytes[entry + 26] = 0x40 }.contains(
        "its member 'model.weights.h5' declares "))
    #expect(
      try changed("deflated.keras") { bytes, entry in bytes[entry + 27] = 0x7F }.contains(
        "compressed bytes cannot hold them"))
    // Shorter than it is: libzip or the count of what comes out notices.
    #expect(try changed("deflated.keras") { bytes, entry in bytes[entry + 25] = 0x10 }.contains("x.keras: "))
  }

  @Test func `a changed byte inside a member is noticed`() throws {
    #expect(try changed("keras3-model.keras") { bytes, entry in bytes[entry / 2] ^= 1 }.contains("CRC error"))
  }

  @Test func `a cut archive is refused`() throws {
    try withTemporaryFolderURL { folder in
      let path = folder.appending(path: "x.keras").path
      try Data(KerasFixture.bytes("keras3-model.keras").prefix(5000)).write(to: URL(filePath: path))
      #expect(
        sentence { _ = try KerasFile.open(path) }
          == "\(path): is a damaged zip (Not a zip archive); copy or download it again")
    }
  }
}
