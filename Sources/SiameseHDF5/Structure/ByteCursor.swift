/// Why a piece of a file's structure cannot be right.
enum StructureFailure: Error {
  case damaged(String)
  /// Legal, but of a kind that neither Keras nor this package writes.
  case unsupported(String)
}

/// Little-endian numbers read one after another from bytes that may end too soon.
struct ByteCursor {
  let bytes: ArraySlice<UInt8>
  private(set) var position: Int
  /// What the bytes are, for the message when they end too soon.
  let what: String

  init(_ bytes: ArraySlice<UInt8>, _ what: String) {
    self.bytes = bytes
    self.what = what
    position = bytes.startIndex
  }

  var remaining: Int { bytes.endIndex - position }
  /// How many bytes have been read.
  var consumed: Int { position - bytes.startIndex }

  mutating func number(_ byteCount: Int) throws -> UInt64 {
    let part = try take(byteCount)
    return part.reversed().reduce(0) { $0 << 8 | UInt64($1) }
  }

  mutating func byte() throws -> Int { Int(try number(1)) }
  mutating func short() throws -> Int { Int(try number(2)) }
  mutating func word() throws -> Int { Int(try number(4)) }
  mutating func long() throws -> UInt64 { try number(8) }

  @discardableResult
  mutating func take(_ count: Int) throws -> ArraySlice<UInt8> {
    guard count >= 0, count <= remaining else { throw StructureFailure.damaged("\(what) ends too soon") }
    defer { position += count }
    return bytes[position..<position + count]
  }

  /// A text of at most `count` bytes, which must hold its terminating zero.
  mutating func terminatedText(within count: Int) throws -> String {
    let part = try take(count)
    guard let end = part.firstIndex(of: 0) else { throw StructureFailure.damaged("a name in \(what) does not end") }
    return String(decoding: part[..<end], as: UTF8.self)
  }

  mutating func expect(_ signature: String) throws {
    guard remaining >= 4, try take(4).elementsEqual(signature.utf8) else {
      throw StructureFailure.damaged("\(what) does not begin with '\(signature)'")
    }
  }

  mutating func expectVersion(_ versions: ClosedRange<Int>) throws -> Int {
    let version = try byte()
    guard versions.contains(version) else { throw StructureFailure.damaged("\(what) is of version \(version)") }
    return version
  }
}
