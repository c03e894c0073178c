import Foundation

/// A drawing area with two axes, as SVG text whose colours come from the page's style.
///
/// 360 units wide, so that lettering is readable at the width of a phone. The legend stands above the area, never on it.
struct Plot {
  static let width = 360.0
  static let height = 250.0
  let x: Axis
  let y: Axis
  let left = 46.0
  let right = 12.0
  let top: Double
  let bottom = 40.0
  private var body = ""
  private let title: String

  /// - Parameter legend: names with the style class of each.
  init(
    title: String, x: Axis, xTitle: String, xIsShare: Bool = false, y: Axis, yTitle: String, yIsShare: Bool = false,
    legend: [(name: String, style: String)] = []
  ) {
    (self.title, self.x, self.y) = (title, x, y)
    top = legend.isEmpty ? (yTitle.isEmpty ? 10 : 22) : 38
    if !yTitle.isEmpty { body += text(yTitle, 0, 12, "axis-title") }
    var offset = left
    for (name, style) in legend {
      body += "<rect class=\"\(style) key\" x=\"\(number(offset))\" y=\"21\" width=\"12\" height=\"8\" rx=\"2\"/>"
      body += text(name, offset + 16, 29, "label")
      offset += 26 + 6.2 * Double(name.count)
    }
    for tick in y.ticks {
      let place = placeY(tick)
      body += line(left, place, Self.width - right, place, "grid")
      body += text(y.label(tick, isShare: yIsShare), left - 6, place + 3.5, "tick end")
    }
    let labelled = x.ticks.count > 7 ? x.ticks.enumerated().filter { $0.offset % 2 == 0 }.map(\.element) : x.ticks
    for tick in x.ticks {
      body += line(placeX(tick), Self.height - bottom, placeX(tick), Self.height - bottom + 4, "axis")
    }
    for tick in labelled {
      let isLast = tick == labelled.last && placeX(tick) > Self.width - right - 16
      body += text(
        x.label(tick, isShare: xIsShare), isLast ? Self.width - 1 : placeX(tick), Self.height - bottom + 16,
        isLast ? "tick end" : "tick middle")
    }
    body += line(left, Self.height - bottom, Self.width - right, Self.height - bottom, "axis")
    body += text(xTitle, (left + Self.width - right) / 2, Self.height - 6, "axis-title middle")
  }

  func placeX(_ value: Double) -> Double { left + x.place(value) * (Self.width - left - right) }
  func placeY(_ value: Double) -> Double { Self.height - bottom - y.place(value) * (Self.height - bottom - top) }

  /// A line through `points`.
  mutating func addLine(_ points: [(x: Double, y: Double)], _ style: String) {
    guard !points.isEmpty else { return }
    let path = points.map { "\(number(placeX($0.x))) \(number(placeY($0.y)))" }.joined(separator: "L")
    body += "<path class=\"line \(style)\" d=\"M\(path)\"/>"
  }

  /// Steps of equal width over `edges`, filled to the bottom.
  mutating func addSteps(_ heights: [Double], edges: [Double], _ style: String) {
    guard heights.count + 1 == edges.count, !heights.isEmpty else { return }
    var path = "M\(number(placeX(edges[0]))) \(number(placeY(y.range.lowerBound)))"
    for (index, height) in heights.enumerated() {
      path += "V\(number(placeY(height)))H\(number(placeX(edges[index + 1])))"
    }
    path += "V\(number(placeY(y.range.lowerBound)))"
    body += "<path class=\"area \(style)\" d=\"\(path)Z\"/>"
  }

  /// A line from bottom to top with a word at its upper end.
  mutating func addMark(at value: Double, _ word: String) {
    let place = placeX(value)
    body += line(place, Self.height - bottom, place, top, "mark")
    let isRight = place > Self.width * 0.6
    body += text(word, place + (isRight ? -4 : 4), top + 8, isRight ? "label end halo" : "label halo")
  }

  mutating func addDot(_ point: (x: Double, y: Double), _ style: String, title: String) {
    body +=
      "<circle class=\"dot \(style)\" cx=\"\(number(placeX(point.x)))\" cy=\"\(number(placeY(point.y)))\" r=\"4\">"
      + "<title>\(escaped(title))</title></circle>"
  }

  var svg: String {
    "<svg viewBox=\"0 0 \(Int(Self.width)) \(Int(Self.height))\" role=\"img\" aria-label=\"\(escaped(title))\">\(body)</svg>"
  }

  private func line(_ x1: Double, _ y1: Double, _ x2: Double, _ y2: Double, _ style: String) -> String {
    "<line class=\"\(style)\" x1=\"\(number(x1))\" y1=\"\(number(y1))\" x2=\"\(number(x2))\" y2=\"\(number(y2))\"/>"
  }
}

/// Text in a drawing.
func text(_ content: String, _ x: Double, _ y: Double, _ style: String) -> String {
  "<text class=\"\(style)\" x=\"\(number(x))\" y=\"\(number(y))\">\(escaped(content))</text>"
}

/// A coordinate, to a tenth.
func number(_ value: Double) -> String {
  guard value.isFinite else { return "0" }
  let rounded = (value * 10).rounded() / 10
  return rounded == rounded.rounded() ? String(Int(rounded)) : String(rounded)
}

/// Text as HTML and SVG take it: nothing in a class name or path can become markup.
func escaped(_ text: String) -> String {
  var result = ""
  for character in text.unicodeScalars {
    switch character {
    case "&": result += "&amp;"
    case "<": result += "&lt;"
    case ">": result += "&gt;"
    case "\"": result += "&quot;"
    case "'": result += "&#39;"
    case "\u{0}"..<"\u{20}" where character != "\n" && character != "\t": result += "\u{FFFD}"
    default: result.unicodeScalars.append(character)
    }
  }
  return result
}
