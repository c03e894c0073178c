extension Picture {
  /// The picture at another size, equal to what Pillow's `resize` gives.
  ///
  /// Making smaller averages over all pixels covered (except with `.nearest`); this is what Pillow, and Keras' picture
  /// loading through it, does, and not what OpenCV's or TensorFlow's plain bilinear does.
  ///
  /// - Complexity: O(source pixels · filter width ÷ horizontal reduction).
  public func resized(width: Int, height: Int, filter: ResamplingFilter = .bilinear) -> Picture {
    Picture(
      width: width, height: height,
      pixels: Resampling.resize(
        pixels, channelCount: 3, from: (self.width, self.height), to: (width, height), filter: filter))
  }

  /// The part of the picture in a rectangle that lies inside it.
  public func cropped(x: Int, y: Int, width: Int, height: Int) -> Picture {
    precondition(x >= 0 && y >= 0 && x + width <= self.width && y + height <= self.height, "the crop lies inside")
    var part = [UInt8]()
    part.reserveCapacity(3 * width * height)
    for row in y..<y + height { part += pixels[3 * (row * self.width + x)..<3 * (row * self.width + x + width)] }
    return Picture(width: width, height: height, pixels: part)
  }
}

extension GreyPicture {
  /// The picture at another size, equal to what Pillow's `resize` gives for mode `L`.
  public func resized(width: Int, height: Int, filter: ResamplingFilter = .bilinear) -> GreyPicture {
    GreyPicture(
      width: width, height: height,
      pixels: Resampling.resize(
        pixels, channelCount: 1, from: (self.width, self.height), to: (width, height), filter: filter))
  }
}

/// Separable resampling of 8-bit rows: across first, then down, each rounded to 8 bits, as Pillow does.
enum Resampling {
  static func resize(
    _ pixels: [UInt8], channelCount: Int, from source: (width: Int, height: Int), to target: (width: Int, height: Int),
    filter: ResamplingFilter
  ) -> [UInt8] {
    precondition(target.width > 0 && target.height > 0, "a picture has at least one pixel")
    if source == target { return pixels }
    if filter == .nearest { return nearest(pixels, channelCount, source, target) }
    var pixels = pixels
    if target.width != source.width {
      let axis = ResamplingAxis(from: source.width, to: target.width, filter: filter)
      pixels = across(pixels, channelCount, rowCount: source.height, sourceWidth: source.width, axis)
    }
    if target.height != source.height {
      let axis = ResamplingAxis(from: source.height, to: target.height, filter: filter)
      pixels = down(pixels, rowWidth: target.width * channelCount, axis)
    }
    return pixels
  }

  private static func nearest(
    _ pixels: [UInt8], _ channelCount: Int, _ source: (width: Int, height: Int), _ target: (width: Int, height: Int)
  ) -> [UInt8] {
    let columns = ResamplingAxis.nearest(from: source.width, to: target.width)
    let rows = ResamplingAxis.nearest(from: source.height, to: target.height)
    var result = [UInt8]()
    result.reserveCapacity(target.width * target.height * channelCount)
    for y in rows {
      for x in columns {
        let i = (y * source.width + x) * channelCount
        for c in 0..<channelCount { result.append(pixels[i + c]) }
      }
    }
    return result
  }

  @inline(__always) private static func clamped(_ sum: Int32) -> UInt8 {
    UInt8(truncatingIfNeeded: max(0, min(255, sum >> ResamplingAxis.fractionBits)))
  }

  private static let half: Int32 = 1 << (ResamplingAxis.fractionBits - 1)

  /// Resamples every row.
  private static func across(
    _ pixels: [UInt8], _ channelCount: Int, rowCount: Int, sourceWidth: Int, _ axis: ResamplingAxis
  ) -> [UInt8] {
    let targetWidth = axis.starts.count
    return [UInt8](unsafeUninitializedCapacity: targetWidth * rowCount * channelCount) { result, count in
      pixels.withUnsafeBufferPointer { pixels in
        axis.weights.withUnsafeBufferPointer { weights in
          for y in 0..<rowCount {
            let row = pixels.baseAddress! + y * sourceWidth * channelCount
            let out = result.baseAddress! + y * targetWidth * channelCount
            if channelCount == 3 {
              for x in 0..<targetWidth {
                var (red, green, blue) = (half, half, half)
                var pixel = row + 3 * axis.starts[x]
                let weight = weights.baseAddress! + x * axis.stride
                for k in 0..<axis.counts[x] {
                  red &+= Int32(pixel[0]) &* weight[k]
                  green &+= Int32(pixel[1]) &* weight[k]
                  blue &+= Int32(pixel[2]) &* weight[k]
                  pixel += 3
                }
                out[3 * x] = clamped(red)
                out[3 * x + 1] = clamped(green)
                out[3 * x + 2] = clamped(blue)
              }
            } else {
              for x in 0..<targetWidth {
                var sum = half
                let pixel = row + axis.starts[x]
                let weight = weights.baseAddress! + x * axis.stride
                for k in 0..<axis.counts[x] { sum &+= Int32(pixel[k]) &* weight[k] }
                out[x] = clamped(sum)
              }
            }
          }
        }
      }
      count = targetWidth * rowCount * channelCount
    }
  }

  /// Resamples every column, a row of sums at a time.
  private static func down(_ pixels: [UInt8], rowWidth: Int, _ axis: ResamplingAxis) -> [UInt8] {
    let targetHeight = axis.starts.count
    return [UInt8](unsafeUninitializedCapacity: targetHeight * rowWidth) { result, count in
      withUnsafeTemporaryAllocation(of: Int32.self, capacity: rowWidth) { sums in
        pixels.withUnsafeBufferPointer { pixels in
          for y in 0..<targetHeight {
            sums.initialize(repeating: half)
            for k in 0..<axis.counts[y] {
              let weight = axis.weights[y * axis.stride + k]
              let row = pixels.baseAddress! + (axis.starts[y] + k) * rowWidth
              for x in 0..<rowWidth { sums[x] &+= Int32(row[x]) &* weight }
            }
            let out = result.baseAddress! + y * rowWidth
            for x in 0..<rowWidth { out[x] = clamped(sums[x]) }
          }
        }
      }
      count = targetHeight * rowWidth
    }
  }
}
