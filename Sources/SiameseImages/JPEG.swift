import CSiameseTurboJPEG
import Foundation

/// JPEG files, by libjpeg-turbo's TurboJPEG interface: accurate DCT and smooth chroma upsampling, as Pillow decodes.
enum JPEG {
  static func decode(
    _ bytes: [UInt8], name: String, limit: Int, scale: DecodingScale
  ) throws(ImageError) -> Picture {
    guard let handle = tjInitDecompress() else {
      throw .unreadable(path: name, reason: "libjpeg-turbo has no memory left")
    }
    defer { tjDestroy(handle) }
    func damaged(_ reason: String) -> ImageError { .damaged(path: name, format: "JPEG", reason: reason) }
    func lastError() -> String { tjGetErrorStr2(handle).map { String(cString: $0) } ?? "unknown" }

    var (width, height, subsampling, colourSpace): (Int32, Int32, Int32, Int32) = (0, 0, 0, 0)
    let header = tjDecompressHeader3(
      handle, bytes, UInt(bytes.count), &width, &height, &subsampling, &colourSpace)
    guard header == 0 || (isHarmless(lastError()) && width > 0) else { throw damaged(lastError()) }
    try checkSize(width: Int(width), height: Int(height), limit: limit, name: name, format: "JPEG")

    let orientation = Orientation(jpeg: bytes)
    if case .atLeast(var targetWidth, var targetHeight) = scale {
      if orientation.isTransposing { swap(&targetWidth, &targetHeight) }
      (width, height) = scaled(width, height, atLeast: targetWidth, targetHeight)
    }
    let isCMYK = colourSpace == Int32(TJCS_CMYK.rawValue) || colourSpace == Int32(TJCS_YCCK.rawValue)
    let format = isCMYK ? Int32(TJPF_CMYK.rawValue) : Int32(TJPF_RGB.rawValue)
    let byteCount = Int(width) * Int(height) * (isCMYK ? 4 : 3)
    var status: Int32 = 0
    var pixels = [UInt8](unsafeUninitializedCapacity: byteCount) { buffer, count in
      // A damaged file may leave rows unwritten; they must be defined all the same.
      buffer.initialize(repeating: 0)
      status = tjDecompress2(
        handle, bytes, UInt(bytes.count), buffer.baseAddress, width, 0, height, format,
        TJFLAG_ACCURATEDCT | TJFLAG_LIMITSCANS)
      count = byteCount
    }
    if status != 0 {
      guard tjGetErrorCode(handle) == Int32(TJERR_WARNING.rawValue), isHarmless(lastError()), hasEnd(bytes) else {
        throw damaged(lastError())
      }
    }
    if isCMYK { pixels = rgb(invertedCMYK: pixels) }
    return Picture(width: Int(width), height: Int(height), pixels: pixels).turnedUpright(from: orientation)
  }

  /// Warnings about files that are whole but careless. libjpeg tells only the first warning of a file.
  private static func isHarmless(_ warning: String) -> Bool {
    ["extraneous bytes before marker", "Invalid SOS parameters", "unknown JFIF revision"]
      .contains { warning.contains($0) }
  }

  /// Whether the end-of-image marker is there, whatever trails it.
  private static func hasEnd(_ bytes: [UInt8]) -> Bool {
    bytes.indices.dropLast().reversed().contains { bytes[$0] == 0xFF && bytes[$0 + 1] == 0xD9 }
  }

  /// The smallest of the sizes the decoder can scale to by halves that is not below the target.
  private static func scaled(
    _ width: Int32, _ height: Int32, atLeast targetWidth: Int, _ targetHeight: Int
  ) -> (Int32, Int32) {
    for shift in [3, 2, 1] as [Int32] {
      let (w, h) = ((width + (1 << shift) - 1) >> shift, (height + (1 << shift) - 1) >> shift)
      if Int(w) >= targetWidth && Int(h) >= targetHeight { return (w, h) }
    }
    return (width, height)
  }

  /// Adobe's files hold inverted ink: 255 is none. Rounded as Pillow's `convert("RGB")` does.
  private static func rgb(invertedCMYK pixels: [UInt8]) -> [UInt8] {
    let count = pixels.count / 4
    return [UInt8](unsafeUninitializedCapacity: 3 * count) { rgb, initialized in
      pixels.withUnsafeBufferPointer { cmyk in
        for i in 0..<count {
          let white = UInt32(cmyk[4 * i + 3])
          for c in 0..<3 {
            let product = UInt32(255 - cmyk[4 * i + c]) * white + 128
            rgb[3 * i + c] = UInt8(white - ((product >> 8) + product) >> 8)
          }
        }
      }
      initialized = 3 * count
    }
  }

  /// Encodes rows of RGB.
  static func encode(_ pixels: [UInt8], width: Int, height: Int, quality: Int) throws(ImageError) -> Data {
    guard let handle = tjInitCompress(), let width = Int32(exactly: width), let height = Int32(exactly: height) else {
      throw .unwritable(path: "JPEG", reason: "\(width)×\(height) pixels are more than JPEG holds")
    }
    defer { tjDestroy(handle) }
    var bytes: UnsafeMutablePointer<UInt8>?
    var count: UInt = 0
    defer { tjFree(bytes) }
    let status = tjCompress2(
      handle, pixels, width, 0, height, Int32(TJPF_RGB.rawValue), &bytes, &count, Int32(TJSAMP_420.rawValue),
      Int32(min(max(quality, 1), 100)), TJFLAG_ACCURATEDCT)
    guard status == 0, let bytes else {
      throw .unwritable(path: "JPEG", reason: tjGetErrorStr2(handle).map { String(cString: $0) } ?? "unknown")
    }
    return Data(bytes: bytes, count: Int(count))
  }
}
