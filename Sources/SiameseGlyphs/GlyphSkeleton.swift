import Foundation
import SiameseRandom

/// A point of a glyph: x to the right, y downwards, the glyph within the unit square.
struct GlyphPoint: Sendable, Equatable {
  var x: Double
  var y: Double
}

/// A character before any hand has written it: strokes, each through a few points.
struct GlyphSkeleton: Sendable, Equatable {
  struct Stroke: Sendable, Equatable {
    var points: [GlyphPoint]
    /// Bends through its points instead of turning sharply at them.
    var isSmooth: Bool
    /// Ends where it began.
    var isClosed = false
  }

  private(set) var strokes: [Stroke] = []

  /// The character of that number in an alphabet.
  init(alphabet: GlyphAlphabet, index: Int) {
    let habits = Habits(alphabet)
    var random = SplitMix64(parts: alphabet.seed, 1, UInt64(index))
    let isKin = random.chance(habits.kinship) && index > 0
    if isKin {
      // As E is to F, and O to Q.
      var kin = SplitMix64(parts: alphabet.seed, 1, UInt64(random.index(below: index)))
      _ = kin.chance(habits.kinship)
      let strokes = Self.character(habits, &kin)
      repeat { self.strokes = Self.varied(strokes, habits, &random) } while !Self.isSpread(self.strokes)
    } else {
      strokes = Self.character(habits, &random)
    }
    fit()
  }

  /// What the characters of one alphabet share.
  private struct Habits {
    let bow: Double
    let ring: Double
    let zigzag: Double
    let hook: Double
    let dot: Double
    let join: Double
    /// How many characters are made from another of the alphabet by changing a stroke.
    let kinship: Double
    let strokeCounts: ClosedRange<Int>
    let columns: [Double]
    let rows: [Double]

    init(_ alphabet: GlyphAlphabet) {
      var random = SplitMix64(parts: alphabet.seed, 0)
      let curved: Double
      switch alphabet.style {
      case .script: curved = random.uniform(0.8, 1)
      case .runes: curved = random.uniform(0, 0.1)
      case .mixed: curved = random.uniform(0.2, 0.9)
      }
      bow = curved
      ring = curved * random.uniform(0.05, 0.3)
      zigzag = (1 - curved) * random.uniform(0.2, 0.5)
      hook = curved * random.uniform(0.1, 0.5)
      dot = random.uniform(0, 0.2)
      join = random.uniform(0.5, 0.9)
      kinship = random.uniform(0.3, 0.6)
      let fewest = random.chance(0.3) ? 1 : 2
      strokeCounts = fewest...fewest + 2
      func lines(_ count: Int) -> [Double] {
        (0..<count).map { (Double($0) + random.uniform(-0.15, 0.15)) / Double(count - 1) }
      }
      columns = lines(random.chance(0.6) ? 3 : 4)
      rows = lines(random.chance(0.5) ? 3 : 4)
    }
  }

  /// Strokes that fill the paper: one that is all in a corner, or a mere dash, is no character and is drawn again.
  private static func character(_ habits: Habits, _ random: inout SplitMix64) -> [Stroke] {
    while true {
      let strokes = draw(habits, &random)
      if isSpread(strokes) { return strokes }
    }
  }

  /// A character like another: one stroke more, less or different.
  private static func varied(_ strokes: [Stroke], _ habits: Habits, _ random: inout SplitMix64) -> [Stroke] {
    var strokes = strokes
    let other = draw(habits, &random)
    let changed = random.index(below: strokes.count)
    switch random.index(below: 3) {
    case 0 where strokes.count > 1: strokes.remove(at: changed)
    case 1: strokes[changed] = other[random.index(below: other.count)]
    default: strokes.append(other[random.index(below: other.count)])
    }
    return strokes
  }

  private static func draw(_ habits: Habits, _ random: inout SplitMix64) -> [Stroke] {
    var strokes: [Stroke] = []
    var used: [GlyphPoint] = []
    var lines: [(GlyphPoint, GlyphPoint)] = []
    func anchor(_ random: inout SplitMix64) -> GlyphPoint {
      GlyphPoint(
        x: habits.columns[random.index(below: habits.columns.count)],
        y: habits.rows[random.index(below: habits.rows.count)])
    }
    // Where a line from `start` goes: not too near, and not along ink that is there already.
    func another(than start: GlyphPoint, _ random: inout SplitMix64) -> GlyphPoint {
      var point = start
      for _ in 0..<20 {
        point = anchor(&random)
        let line = (start, point)
        if start.distance(to: point) > 0.25, !lines.contains(where: { retraces(line, $0) }) { break }
      }
      lines.append((start, point))
      return point
    }
    let count = habits.strokeCounts.lowerBound + random.index(below: habits.strokeCounts.count)
    for number in 0..<count {
      let joins = !used.isEmpty && random.chance(habits.join)
      let start = joins ? used[random.index(below: used.count)] : anchor(&random)
      let end = another(than: start, &random)
      var stroke = Stroke(points: [start, end], isSmooth: false)
      if number > 0, random.chance(habits.dot) {
        stroke.points = [start, start.moved(random.uniform(0.05, 0.1), random.uniform(0, 2 * .pi))]
      } else if random.chance(habits.ring) {
        let (middle, radius) = (start.mean(with: end), random.uniform(0.15, 0.32))
        let aspect = random.uniform(0.7, 1.3)
        let from = random.uniform(0, 2 * .pi)
        stroke.isClosed = random.chance(0.6)
        let turn = stroke.isClosed ? 2 * .pi : random.uniform(1.1, 1.7) * .pi
        let parts = stroke.isClosed ? 6 : 5
        stroke.points = (0..<(stroke.isClosed ? parts : parts + 1)).map { i in
          let angle = from + turn * Double(i) / Double(parts)
          return GlyphPoint(x: middle.x + radius * aspect * cos(angle), y: middle.y + radius * sin(angle))
        }
        stroke.isSmooth = true
      } else if random.chance(habits.zigzag) {
        stroke.points.append(another(than: end, &random))
        if random.chance(0.4) { stroke.points.append(another(than: stroke.points[2], &random)) }
      } else if random.chance(habits.bow) {
        let bend = random.uniform(0.2, 0.55) * (random.chance(0.5) ? 1 : -1)
        stroke.points.insert(start.mean(with: end).beside(start, end, bend), at: 1)
        stroke.isSmooth = true
        if random.chance(0.35) {
          let next = another(than: end, &random)
          stroke.points += [end.mean(with: next).beside(end, next, -bend * random.uniform(0.6, 1)), next]
        }
      }
      if !stroke.isClosed, stroke.points.count > 1, random.chance(habits.hook) {
        let last = stroke.points[stroke.points.count - 1], before = stroke.points[stroke.points.count - 2]
        let angle = atan2(last.y - before.y, last.x - before.x) + (random.chance(0.5) ? 1.2 : -1.2)
        let curl = random.uniform(0.12, 0.22)
        stroke.points.append(last.moved(curl, angle))
        stroke.points.append(last.moved(curl, angle).moved(curl * 0.7, angle + (random.chance(0.5) ? 1.3 : -1.3)))
        stroke.isSmooth = true
      }
      used += stroke.isClosed ? [stroke.points[random.index(below: 6)]] : [stroke.points[0], end]
      if stroke.points.count == 2, random.chance(0.5) { used.append(start.mean(with: end)) }
      strokes.append(stroke)
    }
    return strokes
  }

  /// Whether two lines run almost along each other from a common end.
  private static func retraces(_ a: (GlyphPoint, GlyphPoint), _ b: (GlyphPoint, GlyphPoint)) -> Bool {
    func narrow(_ corner: GlyphPoint, _ p: GlyphPoint, _ q: GlyphPoint) -> Bool {
      let turn = abs(atan2(p.y - corner.y, p.x - corner.x) - atan2(q.y - corner.y, q.x - corner.x))
      return min(turn, 2 * .pi - turn) < 0.4
    }
    if a.0 == b.0 { return narrow(a.0, a.1, b.1) }
    if a.0 == b.1 { return narrow(a.0, a.1, b.0) }
    if a.1 == b.0 { return narrow(a.1, a.0, b.1) }
    return a.1 == b.1 && narrow(a.1, a.0, b.0)
  }

  private static func bounds(_ strokes: [Stroke]) -> (low: GlyphPoint, high: GlyphPoint) {
    let points = strokes.flatMap(\.points)
    let (xs, ys) = (points.map(\.x), points.map(\.y))
    return (GlyphPoint(x: xs.min() ?? 0, y: ys.min() ?? 0), GlyphPoint(x: xs.max() ?? 1, y: ys.max() ?? 1))
  }

  private static func isSpread(_ strokes: [Stroke]) -> Bool {
    let (low, high) = bounds(strokes)
    let ink = strokes.reduce(0) { sum, stroke in
      sum + zip(stroke.points, stroke.points.dropFirst()).reduce(0) { $0 + $1.0.distance(to: $1.1) }
    }
    return max(high.x - low.x, high.y - low.y) > 0.65 && min(high.x - low.x, high.y - low.y) > 0.4 && ink > 1.5
  }

  /// Centres the character and brings its size near that of the unit square.
  private mutating func fit() {
    let (low, high) = Self.bounds(strokes)
    let scale = min(1.15, 1 / (high.x - low.x), 1 / (high.y - low.y))
    for s in strokes.indices {
      for p in strokes[s].points.indices {
        let point = strokes[s].points[p]
        strokes[s].points[p] = GlyphPoint(
          x: 0.5 + scale * (point.x - (low.x + high.x) / 2), y: 0.5 + scale * (point.y - (low.y + high.y) / 2))
      }
    }
  }
}

extension GlyphPoint {
  func distance(to other: GlyphPoint) -> Double { hypot(x - other.x, y - other.y) }

  func mean(with other: GlyphPoint) -> GlyphPoint { GlyphPoint(x: (x + other.x) / 2, y: (y + other.y) / 2) }

  func moved(_ length: Double, _ angle: Double) -> GlyphPoint {
    GlyphPoint(x: x + length * cos(angle), y: y + length * sin(angle))
  }

  /// Moved at a right angle to the line from `start` to `end`, by a share of that line's length.
  func beside(_ start: GlyphPoint, _ end: GlyphPoint, _ share: Double) -> GlyphPoint {
    GlyphPoint(x: x - share * (end.y - start.y), y: y + share * (end.x - start.x))
  }
}
