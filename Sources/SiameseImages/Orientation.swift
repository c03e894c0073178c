/// How a stored picture must be turned to stand upright: Exif's tag 0x0112, its eight values in order.
enum Orientation: Int {
  case upright = 1
  case mirrored, turnedHalf, flipped, transposed, turnedRight, transversed, turnedLeft

  /// Whether width and height change places.
  var isTransposing: Bool { rawValue >= 5 }

  /// Finds the orientation in a TIFF block (what follows `Exif\0\0` in JPEG, the `eXIf` chunk of PNG).
  /// Anything malformed counts as upright.
  init(exif block: some RandomAccessCollection<UInt8>) {
    let bytes = Array(block.prefix(1 << 16))
    let isLittle = bytes.starts(with: [0x49, 0x49, 0x2A, 0])
    guard isLittle || bytes.starts(with: [0x4D, 0x4D, 0, 0x2A]) else {
      self = .upright
      return
    }
    func number(at offset: Int, count: Int) -> Int? {
      guard offset >= 0, offset + count <= bytes.count else { return nil }
      let part = bytes[offset..<offset + count]
      return (isLittle ? Array(part.reversed()) : Array(part)).reduce(0) { $0 << 8 | Int($1) }
    }
    self = .upright
    guard let directory = number(at: 4, count: 4), let count = number(at: directory, count: 2) else { return }
    for i in 0..<count {
      let entry = directory + 2 + 12 * i
      guard let tag = number(at: entry, count: 2) else { return }
      if tag == 0x0112, number(at: entry + 2, count: 2) == 3, let value = number(at: entry + 8, count: 2) {
        self = Orientation(rawValue: value) ?? .upright
        return
      }
    }
  }

  /// Finds the Exif block among a JPEG file's markers before the picture data.
  init(jpeg bytes: [UInt8]) {
    self = .upright
    var offset = 2
    while offset + 4 <= bytes.count, bytes[offset] == 0xFF {
      let marker = bytes[offset + 1]
      if marker == 0xFF {
        offset += 1
        continue
      }
      guard marker != 0xDA, marker != 0xD9 else { return }
      let length = Int(bytes[offset + 2]) << 8 | Int(bytes[offset + 3])
      guard length >= 2, offset + 2 + length <= bytes.count else { return }
      let content = bytes[offset + 4..<offset + 2 + length]
      if marker == 0xE1, content.starts(with: [0x45, 0x78, 0x69, 0x66, 0, 0]) {
        self = Orientation(exif: content.dropFirst(6))
        return
      }
      offset += 2 + length
    }
  }
}

extension Picture {
  /// The picture as it looks once `orientation` is undone.
  func turnedUpright(from orientation: Orientation) -> Picture {
    let (w, h) = (width, height)
    // Where the pixel that belongs at (x, y) is stored.
    switch orientation {
    case .upright: return self
    case .mirrored: return rearranged(w, h) { x, y in (w - 1 - x, y) }
    case .turnedHalf: return rearranged(w, h) { x, y in (w - 1 - x, h - 1 - y) }
    case .flipped: return rearranged(w, h) { x, y in (x, h - 1 - y) }
    case .transposed: return rearranged(h, w) { x, y in (y, x) }
    case .turnedRight: return rearranged(h, w) { x, y in (y, h - 1 - x) }
    case .transversed: return rearranged(h, w) { x, y in (w - 1 - y, h - 1 - x) }
    case .turnedLeft: return rearranged(h, w) { x, y in (w - 1 - y, x) }
    }
  }

  /// Left and right exchanged.
  package func mirrored() -> Picture { turnedUpright(from: .mirrored) }

  /// Turned clockwise by 90° so many times.
  package func turned(quarters: Int) -> Picture {
    switch ((quarters % 4) + 4) % 4 {
    case 1: turnedUpright(from: .turnedRight)
    case 2: turnedUpright(from: .turnedHalf)
    case 3: turnedUpright(from: .turnedLeft)
    default: self
    }
  }

  @inline(__always)
  private func rearranged(_ newWidth: Int, _ newHeight: Int, from: (Int, Int) -> (Int, Int)) -> Picture {
    let result = [UInt8](unsafeUninitializedCapacity: pixels.count) { target, count in
      pixels.withUnsafeBufferPointer { source in
        var i = 0
        for y in 0..<newHeight {
          for x in 0..<newWidth {
            let (fromX, fromY) = from(x, y)
            let j = 3 * (fromY * width + fromX)
            target[i] = source[j]
            target[i + 1] = source[j + 1]
            target[i + 2] = source[j + 2]
            i += 3
          }
        }
      }
      count = pixels.count
    }
    return Picture(width: newWidth, height: newHeight, pixels: result)
  }
}
