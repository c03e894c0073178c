/// The checksum of the format's newer structures: Bob Jenkins' lookup3 (2006, http://burtleburtle.net/bob/c/lookup3.c).
func lookup3(_ bytes: ArraySlice<UInt8>) -> UInt32 {
  let start = 0xDEAD_BEEF &+ UInt32(truncatingIfNeeded: bytes.count)
  var (a, b, c) = (start, start, start)
  func rotate(_ x: UInt32, _ k: UInt32) -> UInt32 { x << k | x >> (32 - k) }
  var rest = bytes
  func word(_ index: Int) -> UInt32 {
    rest.dropFirst(4 * index).prefix(4).reversed().reduce(0) { $0 << 8 | UInt32($1) }
  }
  while rest.count > 12 {
    a &+= word(0)
    b &+= word(1)
    c &+= word(2)
    a &-= c
    a ^= rotate(c, 4)
    c &+= b
    b &-= a
    b ^= rotate(a, 6)
    a &+= c
    c &-= b
    c ^= rotate(b, 8)
    b &+= a
    a &-= c
    a ^= rotate(c, 16)
    c &+= b
    b &-= a
    b ^= rotate(a, 19)
    a &+= c
    c &-= b
    c ^= rotate(b, 4)
    b &+= a
    rest = rest.dropFirst(12)
  }
  guard !rest.isEmpty else { return c }
  a &+= word(0)
  b &+= word(1)
  c &+= word(2)
  c ^= b
  c &-= rotate(b, 14)
  a ^= c
  a &-= rotate(c, 11)
  b ^= a
  b &-= rotate(a, 25)
  c ^= b
  c &-= rotate(b, 16)
  a ^= c
  a &-= rotate(c, 4)
  b ^= a
  b &-= rotate(a, 14)
  c ^= b
  c &-= rotate(b, 24)
  return c
}

extension ByteCursor {
  /// Reads the checksum that stands here, over all that stands before it.
  mutating func expectChecksum() throws {
    let covered = bytes[bytes.startIndex..<position]
    guard try number(4) == lookup3(covered) else { throw StructureFailure.damaged("the checksum of \(what) is wrong") }
  }
}
