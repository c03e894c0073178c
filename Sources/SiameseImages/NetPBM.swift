/// PBM, PGM and PPM files (P1 to P6): http://netpbm.sourceforge.net/doc/pnm.html.
enum NetPBM {
  static func decode(_ bytes: [UInt8], name: String, limit: Int) throws(ImageError) -> Picture {
    var reader = Reader(bytes: bytes, name: name)
    let kind = bytes[1] - UInt8(ascii: "0")
    reader.offset = 2
    let width = try reader.number("its width")
    let height = try reader.number("its height")
    try checkSize(width: width, height: height, limit: limit, name: name, format: reader.format)
    let isBitmap = kind == 1 || kind == 4
    let maximum = isBitmap ? 1 : try reader.number("its largest value")
    guard (1...65535).contains(maximum) else {
      throw reader.damaged("its largest value is \(maximum), expected 1 to 65535")
    }
    let channelCount = kind == 3 || kind == 6 ? 3 : 1
    let count = width * height * channelCount
    let levels: [UInt8]
    switch kind {
    case 1: levels = try reader.plainBits(count)
    case 2, 3: levels = try reader.plainSamples(count, maximum: maximum)
    case 4: levels = try reader.packedBits(width: width, height: height)
    default: levels = try reader.rawSamples(count, maximum: maximum)
    }
    if channelCount == 3 { return Picture(width: width, height: height, pixels: levels) }
    return Picture(GreyPicture(width: width, height: height, pixels: levels))
  }

  static func isSpace(_ byte: UInt8) -> Bool { byte == 0x20 || (0x09...0x0D).contains(byte) }

  private struct Reader {
    let bytes: [UInt8]
    let name: String
    var offset = 0

    var format: String { ["PBM", "PGM", "PPM"][Int(bytes[1] - UInt8(ascii: "1")) % 3] }

    func damaged(_ reason: String) -> ImageError { .damaged(path: name, format: format, reason: reason) }

    /// Moves over white space and `#` comments.
    mutating func skipSpace() {
      while offset < bytes.count {
        if bytes[offset] == UInt8(ascii: "#") {
          while offset < bytes.count, bytes[offset] != 0x0A, bytes[offset] != 0x0D { offset += 1 }
        } else if isSpace(bytes[offset]) {
          offset += 1
        } else {
          return
        }
      }
    }

    /// The next number in decimal digits, at most 9 of them.
    mutating func number(_ what: @autoclosure () -> String) throws(ImageError) -> Int {
      skipSpace()
      let start = offset
      var value = 0
      while offset < bytes.count, (0x30...0x39).contains(bytes[offset]), offset - start < 10 {
        value = value * 10 + Int(bytes[offset] - 0x30)
        offset += 1
      }
      guard offset > start else {
        if offset == bytes.count { throw damaged("the file ends before \(what())") }
        throw damaged("expected \(what()) in digits at byte \(offset)")
      }
      guard offset - start < 10 else { throw damaged("\(what()) has more than 9 digits") }
      return value
    }

    func level(_ value: Int, of maximum: Int) -> UInt8 { UInt8((value * 510 + maximum) / (2 * maximum)) }

    mutating func plainSamples(_ count: Int, maximum: Int) throws(ImageError) -> [UInt8] {
      // Every sample takes a digit and a space: a short file is refused before its pixels are allocated.
      guard (bytes.count - offset + 1) / 2 >= count else { throw damaged("the file ends before its last pixel") }
      var levels = [UInt8]()
      levels.reserveCapacity(count)
      for i in 0..<count {
        let value = try number("sample \(i + 1) of \(count)")
        guard value <= maximum else {
          throw damaged("sample \(i + 1) is \(value), more than the largest value \(maximum)")
        }
        levels.append(level(value, of: maximum))
      }
      return levels
    }

    mutating func plainBits(_ count: Int) throws(ImageError) -> [UInt8] {
      guard bytes.count - offset >= count else { throw damaged("the file ends before its last pixel") }
      var levels = [UInt8]()
      levels.reserveCapacity(count)
      while levels.count < count {
        skipSpace()
        guard offset < bytes.count else { throw damaged("the file ends before its last pixel") }
        guard bytes[offset] == 0x30 || bytes[offset] == 0x31 else { throw damaged("expected 0 or 1 at byte \(offset)") }
        levels.append(bytes[offset] == 0x30 ? 255 : 0)
        offset += 1
      }
      return levels
    }

    /// The position of the pixels: one white space after the header.
    private mutating func startOfPixels(byteCount: Int) throws(ImageError) -> Int {
      guard offset < bytes.count else { throw damaged("the file ends before its first pixel") }
      guard isSpace(bytes[offset]) else { throw damaged("expected white space at byte \(offset)") }
      guard bytes.count - offset - 1 >= byteCount else {
        throw damaged(
          "the file ends too early: \(byteCount) bytes of pixels expected, \(bytes.count - offset - 1) found")
      }
      return offset + 1
    }

    mutating func rawSamples(_ count: Int, maximum: Int) throws(ImageError) -> [UInt8] {
      let isWide = maximum > 255
      let start = try startOfPixels(byteCount: isWide ? 2 * count : count)
      if maximum == 255 { return Array(bytes[start..<start + count]) }
      return (0..<count).map { i in
        let value = isWide ? Int(bytes[start + 2 * i]) << 8 | Int(bytes[start + 2 * i + 1]) : Int(bytes[start + i])
        return level(min(value, maximum), of: maximum)
      }
    }

    mutating func packedBits(width: Int, height: Int) throws(ImageError) -> [UInt8] {
      let stride = (width + 7) / 8
      let start = try startOfPixels(byteCount: stride * height)
      return (0..<width * height).map { i in
        let (y, x) = i.quotientAndRemainder(dividingBy: width)
        return bytes[start + y * stride + x / 8] & (0x80 >> UInt8(x % 8)) == 0 ? 255 : 0
      }
    }
  }
}
