import Foundation
import SiameseTestSupport
import Testing

@testable import SiameseHDF5

/// Changed files, each of which libhdf5 1.10.8 answers with a crash, a hang or a read beyond its buffer, or which claim
/// what is not there; each gets a sentence instead.
@Suite struct StructureCheckTests {
  /// What is said of a fixture after `change`; empty where everything can be read.
  private func verdict(_ name: String, _ change: (inout [UInt8]) -> Void) throws -> String {
    try withTemporaryFolderURL { folder in
      var bytes = try Fixture.bytes(name)
      change(&bytes)
      let path = folder.appending(path: "x.h5").path
      try Data(bytes).write(to: URL(filePath: path))
      return message { try HDF5File(path).root.readEverything() }.replacing("\(path): ", with: "")
    }
  }

  private func firstIndex(of pattern: [UInt8], in bytes: [UInt8], from start: Int = 0) -> Int {
    (start...(bytes.count - pattern.count)).first { bytes[$0..<$0 + pattern.count].elementsEqual(pattern) } ?? -1
  }

  /// Where the heap references of "one", "two", "zwölf" and "" lie, 16 bytes each: length, heap, index.
  private func references(_ bytes: [UInt8]) -> [Int] {
    (0..<bytes.count - 64).filter { at in
      zip([3, 3, 6, 0], 0...).allSatisfy { length, index in
        bytes[at + 16 * index..<at + 16 * index + 4].elementsEqual([length, 0, 0, 0])
      } && !bytes[at + 4..<at + 12].allSatisfy { $0 == 0 }
    }
  }

  @Test(arguments: Fixture.all) func `unchanged files pass`(name: String) throws {
    #expect(try verdict(name) { _ in } == "")
  }

  @Test func `an attribute's name that ends early`() throws {
    // libhdf5 refuses it and then frees the name twice.
    let verdict = try verdict("strings.h5") { bytes in bytes[firstIndex(of: Array("bool\0".utf8), in: bytes) + 2] = 0 }
    #expect(
      verdict == "is damaged at '/' (an attribute's name does not end where it should); copy or download it again")
  }

  @Test func `an empty string whose heap entry is missing`() throws {
    // libhdf5 looks the entry up even so, beyond its table.
    let verdict = try verdict("strings.h5") { bytes in
      for at in references(bytes) { bytes[at + 63] = 0x7F }
    }
    #expect(verdict.contains("a string's heap entry is missing"))
  }

  @Test func `a string longer than its heap entry`() throws {
    // libhdf5 copies the entry into a buffer of the reference's length.
    let verdict = try verdict("strings.h5") { bytes in
      for at in references(bytes) { bytes[at + 32] = 2 }
    }
    #expect(verdict.contains("a string of 2 bytes has a heap entry of 6"))
  }

  @Test func `a file that ends early by its own account`() throws {
    // libhdf5 meets addresses beyond that end and crashes while it gives up.
    let verdict = try verdict("groups.h5") { bytes in
      let end = bytes.count - 4096
      for byte in 0..<8 { bytes[40 + byte] = UInt8(truncatingIfNeeded: end >> (8 * byte)) }
    }
    #expect(verdict.contains("outside the file"))
  }

  @Test(arguments: ["FRHP", "FHDB", "BTHD", "BTLF", "OHDR"])
  func `a wrong checksum in a structure of the newer make`(signature: String) throws {
    // libhdf5 frees what it has read of several of them twice.
    let verdict = try verdict("groups.h5") { bytes in bytes[firstIndex(of: Array(signature.utf8), in: bytes) + 14] ^= 1
    }
    #expect(verdict.contains("is damaged at '/"))
  }

  @Test func `a heap whose free space leads back to itself`() throws {
    // libhdf5 follows the list for ever.
    let verdict = try verdict("groups.h5") { bytes in
      let heap = firstIndex(of: Array("HEAP".utf8), in: bytes)
      func number(_ at: Int) -> Int { (0..<8).reversed().reduce(0) { $0 << 8 | Int(bytes[at + $1]) } }
      let (free, data) = (number(heap + 16), number(heap + 24))
      for byte in 0..<8 { bytes[data + free + byte] = UInt8(truncatingIfNeeded: free >> (8 * byte)) }
    }
    #expect(verdict.contains("a heap's list of free space goes astray"))
  }

  @Test func `a tree that leads back to itself`() throws {
    let verdict = try verdict("groups.h5") { bytes in
      let tree = firstIndex(of: Array("TREE".utf8), in: bytes)
      bytes[tree + 5] = 1
      for byte in 0..<8 { bytes[tree + 32 + byte] = UInt8(truncatingIfNeeded: tree >> (8 * byte)) }
    }
    #expect(verdict.contains("a group's tree at ") || verdict.contains("a group's tree has a node of level"))
  }

  @Test func `a chunk off its size, and a shape beyond the file`() throws {
    let chunk = try verdict("storage.h5") { bytes in
      // The key of the first unfiltered chunk: 16 × 7 numbers of four bytes.
      bytes[firstIndex(of: [0xC0, 1, 0, 0, 0, 0, 0, 0], in: bytes)] = 0xC4
    }
    #expect(chunk == "is damaged at '/chunked' (a chunk of 452 bytes, expected 448); copy or download it again")
    let shape = try verdict("storage.h5") { bytes in
      // Every data set's first extent.
      var at = 0
      while true {
        at = firstIndex(of: [40, 0, 0, 0, 0, 0, 0, 0, 30, 0, 0, 0, 0, 0, 0, 0], in: bytes, from: at)
        guard at >= 0 else { break }
        bytes[at + 6] = 1
        at += 16
      }
    }
    #expect(shape.contains("an extent beyond its own limit") || shape.contains("bytes"))
  }

  @Test func `a negative fill value`() throws {
    // libhdf5 takes it for a type to convert from.
    let verdict = try verdict("storage.h5") { bytes in
      let at = firstIndex(of: [5, 0, 8, 0, 1, 0, 0, 0, 2, 3, 2, 1, 0, 0, 0, 0], in: bytes)
      bytes[at + 15] = 0xA0
    }
    #expect(verdict.contains("a fill value of -1610612736 bytes"))
  }

  @Test func `a group with two names`() throws {
    // Two names for one thing make circles possible.
    let verdict = try verdict("numbers.h5") { bytes in
      let node = firstIndex(of: Array("SNOD".utf8), in: bytes)
      // Another entry, of the same object, after the only one of the root.
      for index in 0..<40 { bytes[node + 48 + index] = bytes[node + 8 + index] }
      bytes[node + 6] = 2
    }
    #expect(verdict.contains("uses a second name for what has one already, which is not read here"))
  }

  @Test func `data sets that share their bytes`() throws {
    // A thousand names for one stretch of the file would make a reader of all of them run out of memory.
    let verdict = try withTemporaryFolderURL { folder in
      let path = folder.appending(path: "x.h5").path
      let numbers = (0..<4).map { [Float](repeating: Float($0) + 1.5, count: 40_000) }
      try HDF5Writer.create(path) { root in
        for (index, list) in numbers.enumerated() { try root.write("d\(index)", shape: [40_000], list) }
      }
      var bytes = try [UInt8](Data(contentsOf: URL(filePath: path)))
      // Each layout: version 3, contiguous, address, 160000 bytes. All are made as long as the file allows.
      for at in 0..<bytes.count - 18
      where bytes[at..<at + 2].elementsEqual([3, 1])
        && bytes[at + 10..<at + 18].elementsEqual([0, 0x71, 2, 0, 0, 0, 0, 0])
      {
        for byte in 0..<8 { bytes[at + 2 + byte] = 0 }
        bytes[at + 12] = 6
      }
      try Data(bytes).write(to: URL(filePath: path))
      return message { _ = try HDF5File(path) }
    }
    #expect(verdict.contains("(data sets that share their bytes)"))
  }
}
