import CSiamesePixels

/// Separable resampling of 8-bit rows: across first, then down, each rounded to 8 bits, as Pillow does.
package enum Resampling {
  /// - Parameter isPlain: Uses the plain loops, which say what the fast ones have to give.
  package static func resize(
    _ pixels: [UInt8], channelCount: Int, from source: (width: Int, height: Int), to target: (width: Int, height: Int),
    filter: ResamplingFilter, isPlain: Bool = false
  ) -> [UInt8] {
    precondition(target.width > 0 && target.height > 0, "a picture has at least one pixel")
    if source == target { return pixels }
    if filter == .nearest { return nearest(pixels, channelCount, source, target) }
    var pixels = pixels
    if target.width != source.width {
      let axis = ResamplingAxis(from: source.width, to: target.width, filter: filter)
      pixels =
        channelCount == 3 && !isPlain
        ? across(pixels, rowCount: source.height, sourceWidth: source.width, axis)
        : plainAcross(pixels, channelCount, rowCount: source.height, sourceWidth: source.width, axis)
    }
    if target.height != source.height {
      let axis = ResamplingAxis(from: source.height, to: target.height, filter: filter)
      let rowWidth = target.width * channelCount
      pixels = isPlain ? plainDown(pixels, rowWidth: rowWidth, axis) : down(pixels, rowWidth: rowWidth, axis)
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

  /// Resamples every row of RGB.
  private static func across(_ pixels: [UInt8], rowCount: Int, sourceWidth: Int, _ axis: ResamplingAxis) -> [UInt8] {
    let targetWidth = axis.starts.count
    let (starts, counts, weights, stride) = axis.pairs()
    return [UInt8](unsafeUninitializedCapacity: 3 * targetWidth * rowCount) { result, count in
      siamese_resample_across(
        pixels, sourceWidth, rowCount, result.baseAddress, targetWidth, starts, counts, weights, stride)
      count = 3 * targetWidth * rowCount
    }
  }

  /// Resamples every column.
  private static func down(_ pixels: [UInt8], rowWidth: Int, _ axis: ResamplingAxis) -> [UInt8] {
    let targetHeight = axis.starts.count
    let (starts, counts, weights, stride) = axis.pairs()
    return [UInt8](unsafeUninitializedCapacity: targetHeight * rowWidth) { result, count in
      siamese_resample_down(
        pixels, rowWidth, pixels.count / rowWidth, result.baseAddress, targetHeight, starts, counts, weights, stride)
      count = targetHeight * rowWidth
    }
  }
}
