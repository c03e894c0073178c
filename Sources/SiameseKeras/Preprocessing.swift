import SiameseImages

/// How 8-bit pixels become the numbers that a network was trained on.
public enum Preprocessing: String, Sendable, CaseIterable, Codable {
  /// Blue, green, red, minus ImageNet's means (103.939, 116.779, 123.68).
  case caffe
  /// `x / 127.5 − 1`.
  case tf
  /// `x / 255`, minus (0.485, 0.456, 0.406), over (0.229, 0.224, 0.225).
  case torch
  /// 0 … 255 as they are: for networks that scale inside.
  case none

  /// Writes the `[H, W, C]` numbers of one picture; `channels` is 3, or 1 for grey (ITU-R 601 luma, as Pillow's
  /// `convert("L")`).
  /// - Parameter pixels: Red, green, blue, a byte each, row by row.
  package func write(
    _ pixels: UnsafeBufferPointer<UInt8>, channels: Int, into result: UnsafeMutablePointer<Float>
  ) {
    precondition(channels == 1 || channels == 3, "pictures have one or three channels")
    let tables = (0..<channels).map { table($0, of: channels) }
    let count = pixels.count / 3
    if channels == 1 {
      tables[0].withUnsafeBufferPointer { table in
        for index in 0..<count {
          let (red, green, blue) = (Int(pixels[3 * index]), Int(pixels[3 * index + 1]), Int(pixels[3 * index + 2]))
          result[index] = table[(red * 19595 + green * 38470 + blue * 7471 + 0x8000) >> 16]
        }
      }
      return
    }
    let order = self == .caffe ? [2, 1, 0] : [0, 1, 2]
    for channel in 0..<3 {
      let source = order[channel]
      tables[channel].withUnsafeBufferPointer { table in
        for index in 0..<count { result[3 * index + channel] = table[Int(pixels[3 * index + source])] }
      }
    }
  }

  /// What each of the 256 grey levels becomes in one channel of the result.
  private func table(_ channel: Int, of channels: Int) -> [Float] {
    (0...255).map { level in
      let x = Float(level)
      switch self {
      case .caffe: return channels == 1 ? x - 116.779 : x - [103.939, 116.779, 123.68][channel]
      case .tf: return x / 127.5 - 1
      case .torch:
        let mean: Float = channels == 1 ? 0.449 : [0.485, 0.456, 0.406][channel]
        let deviation: Float = channels == 1 ? 0.226 : [0.229, 0.224, 0.225][channel]
        return (x / 255 - mean) / deviation
      case .none: return x
      }
    }
  }
}

extension Preprocessing {
  /// One picture as `[H, W, C]` numbers.
  package func callAsFunction(_ picture: Picture, channels: Int) -> [Float] {
    let count = picture.width * picture.height * channels
    return [Float](unsafeUninitializedCapacity: count) { result, initialized in
      if let base = result.baseAddress {
        picture.pixels.withUnsafeBufferPointer { write($0, channels: channels, into: base) }
      }
      initialized = count
    }
  }
}
