import Foundation

/// The first bytes of an HDF5 file: its signature, its version, and where it says it ends.
struct Superblock {
  static let signature: [UInt8] = [0x89, 0x48, 0x44, 0x46, 0x0D, 0x0A, 0x1A, 0x0A]

  /// Refuses what is not HDF5, is of another make than this package reads, or is shorter than it says.
  static func check(descriptor: Int32, byteCount: Int, file: String) throws {
    var bytes = [UInt8](repeating: 0, count: 128)
    var start = 0
    var found = 0
    while start + 8 <= max(8, byteCount) {
      found = max(0, pread(descriptor, &bytes, 128, off_t(start)))
      if found >= 8, Array(bytes[..<8]) == signature { break }
      if start == 0 {
        let head = bytes[..<min(8, found)]
        if found < 8 { throw HDF5Error.notHDF5(file: file, start: describe(head)) }
      }
      start = start == 0 ? 512 : start * 2
    }
    guard found >= 8, Array(bytes[..<8]) == signature else {
      let head = max(0, pread(descriptor, &bytes, 8, 0))
      throw HDF5Error.notHDF5(file: file, start: describe(bytes[..<head]))
    }
    func damaged(_ reason: String) -> HDF5Error { .damaged(file: file, path: "superblock", reason: reason) }
    let version = Int(bytes[8])
    let sizes = version < 2 ? 13 : 9
    let end = version < 2 ? (version == 0 ? 40 : 44) : 28
    guard version <= 3 else { throw damaged("version \(version) is not one of 0 to 3") }
    guard found >= end + 8 else {
      throw HDF5Error.truncated(file: file, expectedBytes: start + end + 8, foundBytes: byteCount)
    }
    guard bytes[sizes] == 8, bytes[sizes + 1] == 8 else {
      throw damaged("addresses of \(bytes[sizes]) and lengths of \(bytes[sizes + 1]) bytes, expected 8 and 8")
    }
    let base = version < 2 ? number(bytes, version == 0 ? 24 : 28) : number(bytes, 12)
    let declared = number(bytes, end)
    guard base == UInt64(start) || base == 0 else { throw damaged("base address \(base), expected \(start)") }
    guard declared <= UInt64(byteCount) else {
      throw HDF5Error.truncated(file: file, expectedBytes: Int(clamping: declared), foundBytes: byteCount)
    }
  }

  private static func number(_ bytes: [UInt8], _ offset: Int) -> UInt64 {
    (0..<8).reversed().reduce(0) { $0 << 8 | UInt64(bytes[offset + $1]) }
  }

  /// The bytes as text where they are text, else in hexadecimal.
  private static func describe(_ bytes: ArraySlice<UInt8>) -> String {
    if bytes.isEmpty { return "nothing" }
    if bytes.allSatisfy({ (32..<127).contains($0) }) { return "'\(String(decoding: bytes, as: UTF8.self))'" }
    return bytes.map { String($0 >> 4, radix: 16) + String($0 & 15, radix: 16) }.joined(separator: " ")
  }
}
