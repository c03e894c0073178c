import Foundation
import SiameseTestSupport
import Testing

@testable import SiameseHDF5

@Suite struct ChunkFiltersTests {
  @Test func `steps are undone in the order they were not done`() throws {
    // Two 4-byte elements, bytes of equal rank together.
    let shuffle = ChunkFilters(steps: [.shuffle], chunkBytes: 8, elementBytes: 4)
    #expect(try shuffle.undo([1, 5, 2, 6, 3, 7, 4, 8], mask: 0) == [1, 2, 3, 4, 5, 6, 7, 8])
    #expect(try shuffle.undo([1, 5, 2, 6, 3, 7, 4, 8], mask: 1) == [1, 5, 2, 6, 3, 7, 4, 8])
    // zlib's stream of eight zeros.
    let zeros: [UInt8] = [0x78, 0x9C, 0x63, 0x60, 0x80, 0, 0, 0, 8, 0, 1]
    let deflate = ChunkFilters(steps: [.deflate], chunkBytes: 8, elementBytes: 4)
    #expect(try deflate.undo(zeros, mask: 0) == [UInt8](repeating: 0, count: 8))
  }

  @Test func `a stream that is shorter or longer than its chunk is refused`() throws {
    let zeros: [UInt8] = [0x78, 0x9C, 0x63, 0x60, 0x80, 0, 0, 0, 8, 0, 1]
    for count in [4, 12, 1 << 40] {
      let filters = ChunkFilters(steps: [.deflate], chunkBytes: count, elementBytes: 4)
      #expect(throws: ChunkFilters.Failure.self) { try filters.undo(zeros, mask: 0) }
    }
    let plain = ChunkFilters(steps: [], chunkBytes: 8, elementBytes: 4)
    #expect(throws: ChunkFilters.Failure.self) { try plain.undo([1, 2, 3], mask: 0) }
    let checksum = ChunkFilters(steps: [.checksum], chunkBytes: 4, elementBytes: 4)
    #expect(throws: ChunkFilters.Failure.self) { try checksum.undo([1, 2, 3, 4, 0, 0, 0, 0], mask: 0) }
  }

  @Test func `a changed byte in a chunk with a checksum is noticed`() throws {
    try withTemporaryFolderURL { folder in
      let path = folder.appending(path: "x.h5").path
      var bytes = try Fixture.bytes("storage.h5")
      // The chunks' addresses are the file's own; every zlib stream begins with 78, and the last belongs to one of them.
      let streams = bytes.indices.dropLast().filter { bytes[$0] == 0x78 && [0x5E, 0x9C].contains(bytes[$0 + 1]) }
      for at in streams { bytes[at + 10] ^= 0x10 }
      try Data(bytes).write(to: URL(filePath: path))
      let root = try HDF5File(path).root
      #expect(message { _ = try root.dataSet("checksum").read() }.contains("/checksum' (a chunk's checksum is wrong)"))
      #expect(
        message { _ = try root.dataSet("gzip").read() }.contains("/gzip' (a compressed chunk does not inflate to"))
    }
  }
}
