import Foundation
import SiameseImages
import SiameseRandom

/// How one person writes: slant, proportions, pen and carelessness, the same for every character.
struct GlyphHand: Sendable {
  private let slant: Double
  private let turn: Double
  private let aspect: Double
  private let scale: Double
  /// Half the pen's width, as a share of the picture.
  private let penRadius: Double
  /// How far points stray, as a share of the picture.
  private let carelessness: Double
  /// How much the line trembles.
  private let tremor: Double
  /// How much corners are rounded off, 0 to 1.
  private let haste: Double
  private let ink: Double

  init(random: SplitMix64) {
    var random = random
    slant = random.normal(0.17)
    turn = random.normal(0.1)
    aspect = exp(random.normal(0.15))
    scale = random.uniform(0.55, 0.78)
    penRadius = random.uniform(0.014, 0.03)
    carelessness = random.uniform(0.02, 0.05)
    tremor = random.uniform(0.001, 0.005)
    haste = random.chance(0.4) ? random.uniform(0.2, 0.7) : 0
    ink = random.uniform(0.85, 1)
  }

  /// Writes a character once: every point strays, the whole is a little turned, scaled and moved, the pen's pressure
  /// changes along each stroke.
  func draw(_ skeleton: GlyphSkeleton, size: Int, random: inout SplitMix64) -> GreyPicture {
    let placing = Placing(hand: self, random: &random)
    var canvas = GlyphCanvas(size: size)
    for stroke in skeleton.strokes {
      // Bows and rings are drawn in one sweep: their points stray together more than singly.
      let (own, shared) = stroke.isSmooth ? (0.6, 0.8) : (0.9, 0.5)
      let (sweepX, sweepY) = (random.normal(shared * carelessness), random.normal(shared * carelessness))
      var points = stroke.points.map { point in
        GlyphPoint(
          x: point.x + sweepX + random.normal(own * carelessness),
          y: point.y + sweepY + random.normal(own * carelessness))
      }
      // A hand in haste cuts corners, and does not come back quite to where it began.
      if stroke.isClosed {
        let gap = GlyphPoint(x: points[0].x + random.normal(carelessness), y: points[0].y + random.normal(carelessness))
        points.append(gap)
      }
      let path = Self.sampled(points, isSmooth: stroke.isSmooth || random.chance(haste)).map(placing.apply)
      let trembling = tremble(path, &random)
      let pressure = (start: random.uniform(0.85, 1.15), end: random.uniform(0.6, 1.05))
      for i in 1..<trembling.count {
        let share = Double(i) / Double(trembling.count - 1)
        canvas.line(
          from: trembling[i - 1], to: trembling[i],
          radius: penRadius * (pressure.start + share * (pressure.end - pressure.start)))
      }
    }
    return canvas.picture(ink: ink)
  }

  /// Where the character as a whole comes to lie: a slow bending, then an affine map about the centre.
  private struct Placing {
    let (a, b, c, d): (Double, Double, Double, Double)
    let (x, y): (Double, Double)
    private let swells: [Swell]

    /// A slow wave across the paper that pushes ink sideways.
    private struct Swell {
      let along, length, phase, x, y: Double
    }

    init(hand: GlyphHand, random: inout SplitMix64) {
      let angle = hand.turn + random.normal(0.06)
      let shear = hand.slant + random.normal(0.07)
      let stretch = hand.aspect * exp(random.normal(0.08))
      let scale = hand.scale * exp(random.normal(0.05))
      let (sx, sy) = (scale * stretch.squareRoot(), scale / stretch.squareRoot())
      a = sx * cos(angle)
      b = sy * (-sin(angle) - shear * cos(angle))
      c = sx * sin(angle)
      d = sy * (cos(angle) - shear * sin(angle))
      x = 0.5 + random.normal(0.03)
      y = 0.5 + random.normal(0.03)
      swells = (0..<2).map { _ in
        Swell(
          along: random.uniform(0, 2 * .pi), length: random.uniform(1, 2), phase: random.uniform(0, 2 * .pi),
          x: random.normal(0.025), y: random.normal(0.025))
      }
    }

    func apply(_ point: GlyphPoint) -> GlyphPoint {
      var (u, v) = (point.x - 0.5, point.y - 0.5)
      for swell in swells {
        let height = sin(swell.phase + .pi * swell.length * (cos(swell.along) * u + sin(swell.along) * v))
        (u, v) = (u + swell.x * height, v + swell.y * height)
      }
      return GlyphPoint(x: x + a * u + b * v, y: y + c * u + d * v)
    }
  }

  /// Points along a stroke: a centripetal Catmull–Rom spline (https://doi.org/10.1016/j.cad.2010.08.008), or straight.
  private static func sampled(_ points: [GlyphPoint], isSmooth: Bool) -> [GlyphPoint] {
    guard points.count > 2, isSmooth else {
      return zip(points, points.dropFirst()).flatMap { a, b in
        (0..<12).map { i in a.toward(b, Double(i) / 12) }
      } + [points[points.count - 1]]
    }
    let ends = (points[0].toward(points[1], -1), points[points.count - 1].toward(points[points.count - 2], -1))
    let all = [ends.0] + points + [ends.1]
    var path: [GlyphPoint] = []
    for i in 1..<all.count - 2 {
      let knots = (0..<3).reduce(into: [0.0]) { knots, k in
        knots.append(knots[k] + max(1e-4, all[i - 1 + k].distance(to: all[i + k]).squareRoot()))
      }
      for step in 0..<16 {
        let t = knots[1] + (knots[2] - knots[1]) * Double(step) / 16
        func mix(_ p: GlyphPoint, _ q: GlyphPoint, _ from: Int, _ to: Int) -> GlyphPoint {
          p.toward(q, (t - knots[from]) / (knots[to] - knots[from]))
        }
        let a = mix(all[i - 1], all[i], 0, 1), b = mix(all[i], all[i + 1], 1, 2), c = mix(all[i + 1], all[i + 2], 2, 3)
        path.append(mix(mix(a, b, 0, 2), mix(b, c, 1, 3), 1, 2))
      }
    }
    return path + [points[points.count - 1]]
  }

  /// Adds a slow sway: two waves along the stroke, across it.
  private func tremble(_ path: [GlyphPoint], _ random: inout SplitMix64) -> [GlyphPoint] {
    let length = zip(path, path.dropFirst()).reduce(0) { $0 + $1.0.distance(to: $1.1) }
    let waves = (0..<2).map { _ in
      (
        count: length * random.uniform(1, 4), phase: random.uniform(0, 2 * .pi), x: random.normal(tremor),
        y: random.normal(tremor)
      )
    }
    return path.enumerated().map { i, point in
      waves.reduce(point) { point, wave in
        let height = sin(wave.phase + 2 * .pi * wave.count * Double(i) / Double(path.count))
        return GlyphPoint(x: point.x + wave.x * height, y: point.y + wave.y * height)
      }
    }
  }
}

extension GlyphPoint {
  fileprivate func toward(_ other: GlyphPoint, _ share: Double) -> GlyphPoint {
    GlyphPoint(x: x + share * (other.x - x), y: y + share * (other.y - y))
  }
}

/// Paper: how far each pixel lies from the nearest ink, from which its grey follows.
struct GlyphCanvas {
  private let size: Int
  /// For each pixel, how many pixels deep it lies within the ink; negative outside.
  private var depth: [Float]

  init(size: Int) {
    self.size = size
    depth = [Float](repeating: -1, count: size * size)
  }

  /// Draws a round-ended line; coordinates and radius are shares of the size.
  mutating func line(from start: GlyphPoint, to end: GlyphPoint, radius: Double) {
    let scale = Double(size)
    let (ax, ay, bx, by) = (start.x * scale - 0.5, start.y * scale - 0.5, end.x * scale - 0.5, end.y * scale - 0.5)
    // Never thinner than a pixel, or small pictures would lose strokes.
    let radius = max(radius * scale, 0.5)
    let reach = radius + 1
    func pixels(_ low: Double, _ high: Double) -> Range<Int> {
      let first = Int(max(0, min(scale, (low - reach).rounded(.down))))
      return first..<max(first, Int(max(0, min(scale, (high + reach).rounded(.up) + 1))))
    }
    let (dx, dy) = (bx - ax, by - ay)
    let length = dx * dx + dy * dy
    for y in pixels(min(ay, by), max(ay, by)) {
      for x in pixels(min(ax, bx), max(ax, bx)) {
        let (px, py) = (Double(x) - ax, Double(y) - ay)
        let share = length > 0 ? max(0, min(1, (px * dx + py * dy) / length)) : 0
        let (ex, ey) = (px - share * dx, py - share * dy)
        let inside = Float(radius - (ex * ex + ey * ey).squareRoot())
        if inside > depth[y * size + x] { depth[y * size + x] = inside }
      }
    }
  }

  /// Dark on white, the edges softened over a pixel.
  func picture(ink: Double) -> GreyPicture {
    GreyPicture(
      width: size, height: size,
      pixels: depth.map { UInt8(255 - 255 * Float(ink) * max(0, min(1, $0 + 0.5))) })
  }
}
