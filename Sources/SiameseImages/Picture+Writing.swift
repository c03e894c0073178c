import Foundation
import SiameseFiles

extension Picture {
  /// The picture as a PNG file.
  /// - Throws: `ImageError` where the picture cannot be read, encoded or written.
  public func pngData() throws(ImageError) -> Data {
    try PNG.encode(pixels, width: width, height: height, channelCount: 3)
  }

  /// The picture as a JPEG file; `quality` runs from 1 to 100.
  /// - Throws: `ImageError` where the picture cannot be read, encoded or written.
  public func jpegData(quality: Int = 85) throws(ImageError) -> Data {
    try JPEG.encode(pixels, width: width, height: height, quality: quality)
  }

  /// Writes a PNG, JPEG or PPM file; the extension chooses. The file appears whole or not at all.
  /// - Throws: `ImageError` where the picture cannot be read, encoded or written.
  public func write(to path: String, quality: Int = 85) throws(ImageError) {
    switch path.pathExtension {
    case "png": try FileBytes.write(pngData(), to: path)
    case "jpg", "jpeg": try FileBytes.write(jpegData(quality: quality), to: path)
    case "ppm", "pnm": try FileBytes.write(Data("P6\n\(width) \(height)\n255\n".utf8) + pixels, to: path)
    case let other:
      throw .unwritable(path: path, reason: "pictures are written as .png, .jpg or .ppm, not '.\(other)'")
    }
  }
}

extension GreyPicture {
  /// The picture as a PNG file of one channel.
  /// - Throws: `ImageError` where the picture cannot be read, encoded or written.
  public func pngData() throws(ImageError) -> Data {
    try PNG.encode(pixels, width: width, height: height, channelCount: 1)
  }

  /// Writes a PNG or PGM file; the extension chooses. The file appears whole or not at all.
  /// - Throws: `ImageError` where the picture cannot be read, encoded or written.
  public func write(to path: String) throws(ImageError) {
    switch path.pathExtension {
    case "png": try FileBytes.write(pngData(), to: path)
    case "pgm", "pnm": try FileBytes.write(Data("P5\n\(width) \(height)\n255\n".utf8) + pixels, to: path)
    case let other:
      throw .unwritable(path: path, reason: "grey pictures are written as .png or .pgm, not '.\(other)'")
    }
  }
}
