import Foundation
import SiameseRandom

extension Augmentation {
  /// The picture changed at random, at the same size; the same seed changes the same picture in the same way.
  ///
  /// Which further class the picture belongs to is not chosen here: see `furtherClass`.
  /// - Complexity: O(pixels), one resampling for all geometry.
  public func applied(to picture: Picture, seed: UInt64) -> Picture {
    var random = SplitMix64(parts: seed)
    return applied(to: picture, using: &random)
  }

  /// The picture changed at random, at the same size, with numbers drawn from `random`.
  package func applied(to picture: Picture, using random: inout some RandomNumberGenerator) -> Picture {
    guard isRandom else { return picture }
    var warp = Warp(width: picture.width, height: picture.height)
    for item in items { warp.add(item, &random) }
    var result = warp.isIdentity ? picture : warp.applied(to: picture)
    for item in items { result.change(item, &random) }
    return result
  }

  /// A sheet of pictures before and after: each row starts with a picture as it is, followed by draws.
  ///
  /// - Throws: `ImageError.badSheet` where it would be too large.
  package func preview(
    of pictures: [Picture], drawCount: Int = 7, cellSize: Int = 96, seed: UInt64 = 0
  ) throws(ImageError) -> Picture {
    var cells: [Picture] = []
    for (row, picture) in pictures.enumerated() {
      let scale = min(1, Double(cellSize) / Double(max(picture.width, picture.height)))
      let small = picture.resized(
        width: max(1, Int((Double(picture.width) * scale).rounded())),
        height: max(1, Int((Double(picture.height) * scale).rounded())))
      cells.append(small)
      for draw in 0..<drawCount {
        var random = SplitMix64(parts: seed, UInt64(row), UInt64(draw))
        cells.append(applied(to: furtherClass(draw % classFactor, of: small), using: &random))
      }
    }
    return try ContactSheet(columnCount: drawCount + 1, cellSize: cellSize).picture(of: cells)
  }
}

/// Where each pixel of the changed picture comes from: an affine map about the centre, then a smooth bending.
private struct Warp {
  let width: Int
  let height: Int
  /// From offsets from the centre, in pixels, to offsets from the centre of the original.
  private var (a, b, c, d) = (1.0, 0.0, 0.0, 1.0)
  private var (x, y) = (0.0, 0.0)
  private var bending: Bending?

  init(width: Int, height: Int) {
    self.width = width
    self.height = height
  }

  var isIdentity: Bool { bending == nil && (a, b, c, d) == (1, 0, 0, 1) && (x, y) == (0, 0) }

  mutating func add(_ item: Augmentation.Item, _ random: inout some RandomNumberGenerator) {
    switch item {
    case .flip(let probability):
      if random.chance(probability) { precede(-1, 0, 0, 1, 0, 0) }
    case .crop(let smallest):
      let share = random.uniform(smallest, 1)
      let (roomX, roomY) = (Double(width) * (1 - share) / 2, Double(height) * (1 - share) / 2)
      precede(share, 0, 0, share, random.uniform(-roomX, roomX), random.uniform(-roomY, roomY))
    case .affine(let most):
      let angle = random.uniform(-most.rotate, most.rotate) * .pi / 180
      let shear = tan(random.uniform(-most.shear, most.shear) * .pi / 180)
      let scale = pow(1 + most.scale, random.uniform(-1, 1))
      let (cosine, sine) = (cos(angle) / scale, sin(angle) / scale)
      precede(
        cosine, sine + shear * cosine, -sine, cosine - shear * sine,
        random.uniform(-most.shift, most.shift) * Double(width),
        random.uniform(-most.shift, most.shift) * Double(height))
    case .elastic(let amplitude, let gridCount):
      bending = Bending(amplitude: amplitude, gridCount: gridCount, &random)
    default: break
    }
  }

  /// What is added applies to the outcome of what is there.
  private mutating func precede(_ p: Double, _ q: Double, _ r: Double, _ s: Double, _ u: Double, _ v: Double) {
    (x, y) = (x + a * u + b * v, y + c * u + d * v)
    (a, b, c, d) = (a * p + b * r, a * q + b * s, c * p + d * r, c * q + d * s)
  }

  func applied(to picture: Picture) -> Picture {
    let (centreX, centreY) = (Double(width - 1) / 2, Double(height - 1) / 2)
    let pixels = [UInt8](unsafeUninitializedCapacity: picture.pixels.count) { target, count in
      picture.pixels.withUnsafeBufferPointer { source in
        var columns: [(x: Float, y: Float)] = []
        for row in 0..<height {
          bending?.columns(atRow: (Double(row) + 0.5) / Double(height), into: &columns)
          for column in 0..<width {
            var (u, v) = (Double(column) - centreX, Double(row) - centreY)
            if let bending {
              let bent = bending.offset(at: (Double(column) + 0.5) / Double(width), columns)
              u += Double(bent.x) * Double(width)
              v += Double(bent.y) * Double(height)
            }
            // Beyond the edges the edge repeats.
            let sx = max(0, min(Double(width - 1), centreX + x + a * u + b * v))
            let sy = max(0, min(Double(height - 1), centreY + y + c * u + d * v))
            let (x0, y0) = (Int(sx), Int(sy))
            let (x1, y1) = (min(x0 + 1, width - 1), min(y0 + 1, height - 1))
            let (fx, fy) = (Float(sx - Double(x0)), Float(sy - Double(y0)))
            let (i, j) = (3 * (y0 * width + x0), 3 * (y0 * width + x1))
            let (k, l) = (3 * (y1 * width + x0), 3 * (y1 * width + x1))
            let out = 3 * (row * width + column)
            for channel in 0..<3 {
              let top = Float(source[i + channel]) * (1 - fx) + Float(source[j + channel]) * fx
              let bottom = Float(source[k + channel]) * (1 - fx) + Float(source[l + channel]) * fx
              target[out + channel] = UInt8(top * (1 - fy) + bottom * fy + 0.5)
            }
          }
        }
      }
      count = picture.pixels.count
    }
    return Picture(width: width, height: height, pixels: pixels)
  }

  /// A smooth field of displacements: a uniform cubic B-spline over a grid of random ones.
  private struct Bending {
    /// Cells along each side; one more control point on either side of the picture, and the far edge.
    private let cellCount: Int
    private let points: [(x: Float, y: Float)]

    init(amplitude: Double, gridCount: Int, _ random: inout some RandomNumberGenerator) {
      cellCount = gridCount - 1
      // A B-spline smooths its control points; 1.6 makes up for it.
      points = (0..<(gridCount + 2) * (gridCount + 2)).map { _ in
        (Float(random.normal(1.6 * amplitude)), Float(random.normal(1.6 * amplitude)))
      }
    }

    private func weights(_ position: Double) -> (first: Int, (Float, Float, Float, Float)) {
      let scaled = position * Double(cellCount)
      let first = max(0, min(cellCount - 1, Int(scaled)))
      let t = Float(scaled - Double(first)), s = 1 - t
      return (
        first,
        (
          s * s * s / 6, (3 * t * t * t - 6 * t * t + 4) / 6, (3 * s * s * s - 6 * s * s + 4) / 6, t * t * t / 6
        )
      )
    }

    /// Mixes the grid's rows once for a whole row of pixels.
    func columns(atRow position: Double, into columns: inout [(x: Float, y: Float)]) {
      let (first, w) = weights(position)
      let width = cellCount + 3
      columns = (0..<width).map { i in
        let (p, q) = (points[first * width + i], points[(first + 1) * width + i])
        let (r, s) = (points[(first + 2) * width + i], points[(first + 3) * width + i])
        return (
          p.x * w.0 + q.x * w.1 + r.x * w.2 + s.x * w.3, p.y * w.0 + q.y * w.1 + r.y * w.2 + s.y * w.3
        )
      }
    }

    func offset(at position: Double, _ columns: [(x: Float, y: Float)]) -> (x: Float, y: Float) {
      let (first, w) = weights(position)
      let (p, q, r, s) = (columns[first], columns[first + 1], columns[first + 2], columns[first + 3])
      return (p.x * w.0 + q.x * w.1 + r.x * w.2 + s.x * w.3, p.y * w.0 + q.y * w.1 + r.y * w.2 + s.y * w.3)
    }
  }
}

extension Picture {
  /// Changes colours, or covers a part.
  fileprivate mutating func change(_ item: Augmentation.Item, _ random: inout some RandomNumberGenerator) {
    switch item {
    case .brightness(let most):
      let factor = Float(random.uniform(1 - most, 1 + most))
      blend(by: factor) { _ in 0 }
    case .contrast(let most):
      let factor = Float(random.uniform(1 - most, 1 + most))
      let grey = GreyPicture(self).pixels
      let mean = (Float(grey.reduce(0) { $0 + Int($1) }) / Float(grey.count) + 0.5).rounded(.down)
      blend(by: factor) { _ in mean }
    case .saturation(let most):
      let factor = Float(random.uniform(1 - most, 1 + most))
      let grey = GreyPicture(self).pixels
      blend(by: factor) { Float(grey[$0]) }
    case .erase(let probability, let area):
      // Random erasing (Zhong et al. 2017, https://arxiv.org/abs/1708.04896), one colour at random.
      guard random.chance(probability) else { return }
      let covered = random.uniform(0.1 * area, area) * Double(width * height)
      let aspect = exp(random.uniform(-1, 1))
      let w = max(1, min(width, Int((covered * aspect).squareRoot())))
      let h = max(1, min(height, Int((covered / aspect).squareRoot())))
      let (left, top) = (random.index(below: width - w + 1), random.index(below: height - h + 1))
      let colour = (0..<3).map { _ in UInt8(random.uniform(0, 256)) }
      for y in top..<top + h { for x in left..<left + w { self[x, y] = (colour[0], colour[1], colour[2]) } }
    default: break
    }
  }

  /// Moves every channel away from (or towards) what `rest` says its pixel would be at factor 0.
  private mutating func blend(by factor: Float, with rest: (Int) -> Float) {
    for pixel in 0..<width * height {
      let rest = rest(pixel)
      for i in 3 * pixel..<3 * pixel + 3 {
        pixels[i] = UInt8(max(0, min(255, rest + factor * (Float(pixels[i]) - rest) + 0.5)))
      }
    }
  }
}
