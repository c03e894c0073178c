/// What resampling is, in plain loops: the fast ones must give the same.
extension Resampling {
  @inline(__always) private static func clamped(_ sum: Int32) -> UInt8 {
    UInt8(truncatingIfNeeded: max(0, min(255, sum >> ResamplingAxis.fractionBits)))
  }

  private static let half: Int32 = 1 << (ResamplingAxis.fractionBits - 1)

  /// Resamples every row.
  static func plainAcross(
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
  static func plainDown(_ pixels: [UInt8], rowWidth: Int, _ axis: ResamplingAxis) -> [UInt8] {
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
