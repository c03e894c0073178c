import Testing

@testable import SiameseHDF5

@Suite struct NumberFormatTests {
  @Test func `numbers of every width and byte order become floats`() {
    let cases: [(NumberFormat, [UInt8], Float)] = [
      (NumberFormat(kind: .half, size: 2, isBigEndian: false), [0x00, 0xC1], -2.5),
      (NumberFormat(kind: .half, size: 2, isBigEndian: true), [0xC1, 0x00], -2.5),
      (NumberFormat(kind: .bfloat16, size: 2, isBigEndian: false), [0x20, 0xC0], -2.5),
      (NumberFormat(kind: .single, size: 4, isBigEndian: true), [0xC0, 0x20, 0, 0], -2.5),
      (NumberFormat(kind: .double, size: 8, isBigEndian: true), [0xC0, 0x04, 0, 0, 0, 0, 0, 0], -2.5),
      (NumberFormat(kind: .signed, size: 1, isBigEndian: false), [0xFE], -2),
      (NumberFormat(kind: .unsigned, size: 2, isBigEndian: true), [0x01, 0x02], 258),
      (NumberFormat(kind: .signed, size: 4, isBigEndian: true), [0xFF, 0xFF, 0xFF, 0xFD], -3),
      (NumberFormat(kind: .unsigned, size: 8, isBigEndian: false), [7, 0, 0, 0, 0, 0, 0, 0], 7),
    ]
    for (format, bytes, expected) in cases {
      var result: Float = 0
      bytes.withUnsafeBytes { format.decode($0.baseAddress!, count: 1, into: &result) }
      #expect(result == expected, "\(format)")
    }
  }
}
