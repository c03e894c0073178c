/// An upright picture in 8-bit RGB.
///
/// ```swift
/// let picture = try Picture(contentsOf: "face.jpg")
/// let small = picture.resized(width: 224, height: 224, filter: .bilinear)
/// let red = small[0, 0].red
/// ```
public struct Picture: Sendable, Equatable {
  /// The number of pixels in a row.
  public let width: Int
  /// The number of rows, topmost first.
  public let height: Int
  /// Red, green and blue of each pixel, row after row: `3 · width · height` bytes.
  public var pixels: [UInt8]

  /// Wraps `pixels`, whose count must be `3 · width · height`.
  public init(width: Int, height: Int, pixels: [UInt8]) {
    precondition(width > 0 && height > 0, "a picture has at least one pixel")
    precondition(pixels.count == 3 * width * height, "\(width)×\(height) pixels take \(3 * width * height) bytes")
    self.width = width
    self.height = height
    self.pixels = pixels
  }

  /// A picture of one colour.
  public init(width: Int, height: Int, red: UInt8, green: UInt8, blue: UInt8) {
    var pixels = [UInt8](repeating: red, count: 3 * width * height)
    if green != red || blue != red {
      for i in stride(from: 0, to: pixels.count, by: 3) {
        pixels[i + 1] = green
        pixels[i + 2] = blue
      }
    }
    self.init(width: width, height: height, pixels: pixels)
  }

  /// The pixel in column `x` of row `y`.
  public subscript(x: Int, y: Int) -> (red: UInt8, green: UInt8, blue: UInt8) {
    get {
      let i = 3 * (y * width + x)
      return (pixels[i], pixels[i + 1], pixels[i + 2])
    }
    set {
      let i = 3 * (y * width + x)
      (pixels[i], pixels[i + 1], pixels[i + 2]) = newValue
    }
  }
}

/// A picture of one 8-bit channel, 0 black to 255 white: what networks of one input channel take.
public struct GreyPicture: Sendable, Equatable {
  /// The number of pixels in a row.
  public let width: Int
  /// The number of rows, topmost first.
  public let height: Int
  /// The grey levels, row after row: `width · height` bytes.
  public var pixels: [UInt8]

  /// Wraps `pixels`, whose count must be `width · height`.
  public init(width: Int, height: Int, pixels: [UInt8]) {
    precondition(width > 0 && height > 0, "a picture has at least one pixel")
    precondition(pixels.count == width * height, "\(width)×\(height) grey pixels take \(width * height) bytes")
    self.width = width
    self.height = height
    self.pixels = pixels
  }

  /// The luminance `0.299 r + 0.587 g + 0.114 b` of a picture, with the rounding of Pillow's `convert("L")`.
  public init(_ picture: Picture) {
    let count = picture.width * picture.height
    let pixels = [UInt8](unsafeUninitializedCapacity: count) { grey, initialized in
      picture.pixels.withUnsafeBufferPointer { rgb in
        for i in 0..<count {
          let (r, g, b) = (UInt32(rgb[3 * i]), UInt32(rgb[3 * i + 1]), UInt32(rgb[3 * i + 2]))
          grey[i] = UInt8(truncatingIfNeeded: (r &* 19595 &+ g &* 38470 &+ b &* 7471 &+ 0x8000) >> 16)
        }
      }
      initialized = count
    }
    self.init(width: picture.width, height: picture.height, pixels: pixels)
  }
}

extension Picture {
  /// A grey picture as RGB, each level three times.
  public init(_ grey: GreyPicture) {
    let pixels = [UInt8](unsafeUninitializedCapacity: 3 * grey.pixels.count) { rgb, initialized in
      for (i, level) in grey.pixels.enumerated() { for c in 0..<3 { rgb[3 * i + c] = level } }
      initialized = 3 * grey.pixels.count
    }
    self.init(width: grey.width, height: grey.height, pixels: pixels)
  }
}
