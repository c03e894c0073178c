/// The most pixels a picture may have before it is refused, unless the caller says otherwise: 100 megapixels.
public let defaultPixelLimit = 100_000_000

/// How much smaller than stored a picture may be decoded.
public enum DecodingScale: Sendable, Equatable {
  /// Every pixel. What follows equals Pillow's.
  case full
  /// JPEG only, and much faster for large photographs: decodes at 1/2, 1/4 or 1/8 of the stored size when the result
  /// is still at least this wide and high. Resizing from there differs from Pillow's by a few grey levels, as the
  /// pixels have been averaged in the frequency domain first.
  case atLeast(width: Int, height: Int)
}

extension Picture {
  /// Reads a picture file, whose format is recognised by content: PNG, JPEG, or PBM, PGM and PPM.
  ///
  /// Whatever is stored comes out as upright 8-bit RGB: grey is repeated, palettes are looked up, alpha is dropped (as
  /// Pillow's `convert("RGB")` does), CMYK is converted, an Exif orientation is applied. Of 16-bit PNG samples the upper 8
  /// bits count; PGM and PPM samples are scaled from their own maximum, rounding to nearest.
  ///
  /// - Parameter limit: The most pixels allowed, checked before they are allocated.
  /// - Throws: `ImageError`.
  public init(
    contentsOf path: String, limit: Int = defaultPixelLimit, scale: DecodingScale = .full
  ) throws(ImageError) {
    let bytes = try FileBytes.read(path, limit: 1 << 20 + 16 * min(limit, Int.max >> 8))
    try self.init(bytes: bytes, name: path, limit: limit, scale: scale)
  }

  /// Reads a picture file that is already in memory; `name` stands for it in errors.
  /// - Throws: `ImageError` where the picture cannot be read, encoded or written.
  public init(
    bytes: [UInt8], name: String, limit: Int = defaultPixelLimit, scale: DecodingScale = .full
  ) throws(ImageError) {
    switch PictureFormat(bytes) {
    case .png: self = try PNG.decode(bytes, name: name, limit: limit)
    case .jpeg: self = try JPEG.decode(bytes, name: name, limit: limit, scale: scale)
    case .netpbm: self = try NetPBM.decode(bytes, name: name, limit: limit)
    case .other(let found): throw .unknownFormat(path: name, found: found)
    }
  }
}

/// What the first bytes of a file say it is.
enum PictureFormat: Equatable {
  case png, jpeg, netpbm
  case other(String)

  init(_ bytes: [UInt8]) {
    func starts(_ prefix: [UInt8], at offset: Int = 0) -> Bool { bytes.dropFirst(offset).starts(with: prefix) }
    func starts(_ prefix: String, at offset: Int = 0) -> Bool { starts(Array(prefix.utf8), at: offset) }
    if starts([0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A]) {
      self = .png
    } else if starts([0xFF, 0xD8, 0xFF]) {
      self = .jpeg
    } else if bytes.count >= 3, bytes[0] == UInt8(ascii: "P"), (0x31...0x36).contains(bytes[1]),
      NetPBM.isSpace(bytes[2]) || bytes[2] == UInt8(ascii: "#")
    {
      self = .netpbm
    } else if bytes.isEmpty {
      self = .other("an empty file")
    } else if starts("GIF8") {
      self = .other("a GIF")
    } else if starts("BM") {
      self = .other("a BMP")
    } else if starts("RIFF"), starts("WEBP", at: 8) {
      self = .other("a WebP")
    } else if starts([0x49, 0x49, 0x2A, 0]) || starts([0x4D, 0x4D, 0, 0x2A]) {
      self = .other("a TIFF")
    } else if starts("ftyp", at: 4) {
      self = .other("a HEIC, AVIF or video file")
    } else if starts([0x89, 0x48, 0x44, 0x46]) {
      self = .other("an HDF5 file")
    } else if starts("PK\u{3}\u{4}") {
      self = .other("a ZIP archive")
    } else if starts("<") {
      self = .other("a text of tags such as SVG or HTML")
    } else {
      let first = bytes.prefix(4).map { byte in
        let digits = String(byte, radix: 16, uppercase: true)
        return digits.count == 1 ? "0" + digits : digits
      }
      self = .other("a file starting with bytes \(first.joined(separator: " "))")
    }
  }
}

/// Checks a size from a header against the limit, before allocation.
func checkSize(width: Int, height: Int, limit: Int, name: String, format: String) throws(ImageError) {
  guard width > 0, height > 0 else {
    throw .damaged(path: name, format: format, reason: "its size is \(width)×\(height)")
  }
  let (count, overflow) = width.multipliedReportingOverflow(by: height)
  guard !overflow, count <= limit else { throw .tooLarge(path: name, width: width, height: height, limit: limit) }
}
