/// Random changes that leave a picture's class as it is, from one line of text.
///
/// ```swift
/// let augmentation = try Augmentation("flip,crop:0.9,rotate:10,brightness:0.2")
/// let changed = augmentation.applied(to: picture, seed: 1)
/// ```
///
/// The line is a list of items with commas between; `none` and an empty line change nothing.
///
/// | item | what it does |
/// | --- | --- |
/// | `flip` or `flip:P` | exchanges left and right with probability P (0.5) |
/// | `crop:S` | keeps a random part whose side is S to 1 of the picture's, scaled back up |
/// | `rotate:D` | turns by up to D degrees either way |
/// | `shift:F` | moves by up to a share F of the side, in x and in y |
/// | `scale:F` | makes larger or smaller by up to a factor 1 + F |
/// | `shear:D` | slants by up to D degrees |
/// | `affine:rotate=D:scale=F:shear=D:shift=F` | any of the four under one name; left out are 0 |
/// | `elastic:A` or `elastic:A:N` | bends smoothly: points of an N×N grid (4) stray by a share A of the side |
/// | `brightness:F`, `contrast:F`, `saturation:F` | by a factor from 1 − F to 1 + F, as Pillow's enhancers do |
/// | `erase:P` or `erase:P:A` | with probability P covers a rectangle of up to a share A (0.2) of the area |
/// | `mirror` | mirror images become further classes |
/// | `quarter-turns` | each of three turns makes further classes |
///
/// What geometry leaves empty repeats the nearest edge. All geometry is one resampling.
public struct Augmentation: Sendable, Equatable, CustomStringConvertible {
  enum Item: Sendable, Equatable {
    case flip(probability: Double)
    case crop(smallest: Double)
    case affine(Affine)
    case elastic(amplitude: Double, gridCount: Int)
    case brightness(Double)
    case contrast(Double)
    case saturation(Double)
    case erase(probability: Double, area: Double)
    case mirror
    case quarterTurns
  }

  /// The most each part of an affine map may be, in degrees and in shares.
  struct Affine: Sendable, Equatable {
    var rotate = 0.0
    var scale = 0.0
    var shear = 0.0
    var shift = 0.0
  }

  let items: [Item]

  /// No changes.
  public static let none = Augmentation(items: [])

  init(items: [Item]) { self.items = items }

  /// Whether applying it can change a picture at all.
  public var isRandom: Bool { items.contains { $0 != .mirror && $0 != .quarterTurns } }

  /// How many classes each class becomes: 1, 2 with `mirror`, 4 with `quarter-turns`, 8 with both.
  package var classFactor: Int {
    (items.contains(.mirror) ? 2 : 1) * (items.contains(.quarterTurns) ? 4 : 1)
  }

  /// The picture as a member of the further class `index`, below `classFactor`; 0 is the class itself.
  package func furtherClass(_ index: Int, of picture: Picture) -> Picture {
    precondition((0..<classFactor).contains(index), "there are \(classFactor) classes for each")
    guard items.contains(.quarterTurns) else { return index == 0 ? picture : picture.mirrored() }
    return (index < 4 ? picture : picture.mirrored()).turned(quarters: index % 4)
  }

  /// The name of the further class `index` of a class, the class's own for 0.
  package func furtherClassName(_ index: Int, of name: String) -> String {
    guard index > 0 else { return name }
    guard items.contains(.quarterTurns) else { return "\(name) mirrored" }
    let turn = index % 4 == 0 ? "" : " turned \(90 * (index % 4))"
    return "\(name)\(index < 4 ? "" : " mirrored")\(turn)"
  }

  /// The line of text it was made from, in its plainest form.
  public var description: String { items.isEmpty ? "none" : items.map(\.description).joined(separator: ",") }
}

extension Augmentation {
  /// Reads the line of text described above.
  /// - Throws: `ImageError.badAugmentation` with the item, what is wrong with it and what would be right.
  public init(_ text: String) throws(ImageError) {
    let trimmed = text.trimmingSpaces
    guard !trimmed.isEmpty, trimmed != "none" else {
      self = .none
      return
    }
    var items: [Item] = []
    var names = Set<String>()
    for part in trimmed.split(separator: ",", omittingEmptySubsequences: false) {
      let item = part.trimmingSpaces
      let fields = item.split(separator: ":", omittingEmptySubsequences: false).map(\.trimmingSpaces)
      guard names.insert(fields[0]).inserted else {
        throw .badAugmentation(item: item, reason: "'\(fields[0])' is given twice")
      }
      var arguments = Arguments(item: item, values: Array(fields.dropFirst()))
      items.append(try Item(name: fields[0], &arguments))
      try arguments.finish()
    }
    self.init(items: items)
  }

  /// The values after an item's name.
  fileprivate struct Arguments {
    let item: String
    var values: [String]

    func wrong(_ reason: String) -> ImageError { .badAugmentation(item: item, reason: reason) }

    mutating func number(
      _ what: String, in range: ClosedRange<Double>, default standard: Double? = nil
    ) throws(ImageError) -> Double {
      guard !values.isEmpty else {
        if let standard { return standard }
        throw wrong("a value is missing: \(what), from \(range.lowerBound.short) to \(range.upperBound.short)")
      }
      return try Self.number(values.removeFirst(), what, in: range, item: item)
    }

    static func number(
      _ text: String, _ what: String, in range: ClosedRange<Double>, item: String
    ) throws(ImageError) -> Double {
      guard let value = Double(text), range.contains(value) else {
        throw .badAugmentation(
          item: item,
          reason:
            "\(what) must be a number from \(range.lowerBound.short) to \(range.upperBound.short), found '\(text)'")
      }
      return value
    }

    mutating func affine() throws(ImageError) -> Affine {
      guard !values.isEmpty else {
        throw wrong("expected some of rotate=D, scale=F, shear=D and shift=F, colons between")
      }
      var affine = Affine()
      for value in values {
        let pair = value.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
        guard pair.count == 2 else { throw wrong("expected name=value, found '\(value)'") }
        func number(_ range: ClosedRange<Double>) throws(ImageError) -> Double {
          try Self.number(pair[1], pair[0], in: range, item: item)
        }
        switch pair[0] {
        case "rotate": affine.rotate = try number(0...180)
        case "scale": affine.scale = try number(0...4)
        case "shear": affine.shear = try number(0...60)
        case "shift": affine.shift = try number(0...1)
        default: throw wrong("'\(pair[0])' is none of rotate, scale, shear, shift")
        }
      }
      values = []
      return affine
    }

    func finish() throws(ImageError) {
      if let extra = values.first { throw wrong("the value '\(extra)' is one too many") }
    }
  }
}

extension Augmentation.Item {
  fileprivate init(name: String, _ arguments: inout Augmentation.Arguments) throws(ImageError) {
    switch name {
    case "flip": self = .flip(probability: try arguments.number("the probability", in: 0...1, default: 0.5))
    case "crop": self = .crop(smallest: try arguments.number("the smallest share of the side", in: 0.05...1))
    case "rotate": self = .affine(.init(rotate: try arguments.number("the largest turn in degrees", in: 0...180)))
    case "scale": self = .affine(.init(scale: try arguments.number("the largest change", in: 0...4)))
    case "shear": self = .affine(.init(shear: try arguments.number("the largest slant in degrees", in: 0...60)))
    case "shift": self = .affine(.init(shift: try arguments.number("the largest share of the side", in: 0...1)))
    case "affine": self = .affine(try arguments.affine())
    case "elastic":
      let amplitude = try arguments.number("the share of the side", in: 0...0.5)
      let grid = try arguments.number("the number of grid points", in: 2...32, default: 4)
      guard grid == grid.rounded() else { throw arguments.wrong("the number of grid points must be whole") }
      self = .elastic(amplitude: amplitude, gridCount: Int(grid))
    case "brightness": self = .brightness(try arguments.number("the largest change", in: 0...1))
    case "contrast": self = .contrast(try arguments.number("the largest change", in: 0...1))
    case "saturation": self = .saturation(try arguments.number("the largest change", in: 0...1))
    case "erase":
      self = .erase(
        probability: try arguments.number("the probability", in: 0...1),
        area: try arguments.number("the largest share of the area", in: 0...1, default: 0.2))
    case "mirror": self = .mirror
    case "quarter-turns": self = .quarterTurns
    default:
      throw arguments.wrong(
        "there is no '\(name)'; known are flip, crop, rotate, shift, scale, shear, affine, elastic, brightness, contrast, "
          + "saturation, erase, mirror, quarter-turns")
    }
  }

  fileprivate var description: String {
    switch self {
    case .flip(let probability): probability == 0.5 ? "flip" : "flip:\(probability.short)"
    case .crop(let smallest): "crop:\(smallest.short)"
    case .affine(let a):
      switch (a.rotate, a.scale, a.shear, a.shift) {
      case (let rotate, 0, 0, 0): "rotate:\(rotate.short)"
      case (0, let scale, 0, 0): "scale:\(scale.short)"
      case (0, 0, let shear, 0): "shear:\(shear.short)"
      case (0, 0, 0, let shift): "shift:\(shift.short)"
      default:
        "affine"
          + [("rotate", a.rotate), ("scale", a.scale), ("shear", a.shear), ("shift", a.shift)]
          .filter { $0.1 != 0 }.map { ":\($0.0)=\($0.1.short)" }.joined()
      }
    case .elastic(let amplitude, let gridCount):
      "elastic:\(amplitude.short)" + (gridCount == 4 ? "" : ":\(gridCount)")
    case .brightness(let change): "brightness:\(change.short)"
    case .contrast(let change): "contrast:\(change.short)"
    case .saturation(let change): "saturation:\(change.short)"
    case .erase(let probability, let area):
      "erase:\(probability.short)" + (area == 0.2 ? "" : ":\(area.short)")
    case .mirror: "mirror"
    case .quarterTurns: "quarter-turns"
    }
  }
}

extension Double {
  /// Without a fraction of zero.
  fileprivate var short: String { self == rounded() ? String(Int(self)) : String(self) }
}

extension StringProtocol {
  fileprivate var trimmingSpaces: String {
    String(drop(while: \.isWhitespace).reversed().drop(while: \.isWhitespace).reversed())
  }
}
