import CSiamesePNG
import Foundation

/// PNG files, by libpng.
enum PNG {
  static func decode(_ bytes: [UInt8], name: String, limit: Int) throws(ImageError) -> Picture {
    var failure: ImageError?
    var orientation = Orientation.upright
    var size = (width: 0, height: 0)
    var pixels: [UInt8] = []
    bytes.withUnsafeBufferPointer { bytes in
      withUnsafeTemporaryAllocation(of: CChar.self, capacity: 256) { message in
        func damaged() -> ImageError {
          .damaged(path: name, format: "PNG", reason: String(cString: message.baseAddress!))
        }
        var reader: OpaquePointer?
        defer { siamese_png_close(reader) }
        var (width, height): (UInt32, UInt32) = (0, 0)
        guard
          siamese_png_open(&reader, bytes.baseAddress, bytes.count, &width, &height, message.baseAddress) == 0
        else { return failure = damaged() }
        size = (Int(width), Int(height))
        do throws(ImageError) {
          try checkSize(width: size.width, height: size.height, limit: limit, name: name, format: "PNG")
        } catch {
          return failure = error
        }
        pixels = [UInt8](unsafeUninitializedCapacity: 3 * size.width * size.height) { rgb, count in
          var exif: UnsafePointer<UInt8>?
          var exifCount = 0
          count = 3 * size.width * size.height
          // Rows of an interlaced file are filled bit by bit: none may be left undefined.
          rgb.initialize(repeating: 0)
          guard siamese_png_read(reader, rgb.baseAddress, &exif, &exifCount, message.baseAddress) == 0 else {
            return failure = damaged()
          }
          if let exif {
            orientation = Orientation(exif: Array(UnsafeBufferPointer(start: exif, count: exifCount)))
          }
        }
      }
    }
    if let failure { throw failure }
    return Picture(width: size.width, height: size.height, pixels: pixels).turnedUpright(from: orientation)
  }

  /// Encodes rows of one channel (grey) or three (RGB).
  static func encode(_ pixels: [UInt8], width: Int, height: Int, channelCount: Int) throws(ImageError) -> Data {
    var bytes: UnsafeMutablePointer<UInt8>?
    var count = 0
    var message = [CChar](repeating: 0, count: 256)
    guard
      let width = UInt32(exactly: width), let height = UInt32(exactly: height),
      siamese_png_write(pixels, width, height, Int32(channelCount), &bytes, &count, &message) == 0, let bytes
    else {
      let reason = message.withUnsafeBufferPointer { String(cString: $0.baseAddress!) }
      throw .unwritable(path: "PNG", reason: "\(width)×\(height) pixels: \(reason)")
    }
    return Data(bytesNoCopy: bytes, count: count, deallocator: .free)
  }
}
