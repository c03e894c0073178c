import SiameseGraph

/// A network as a picture: one box a layer, inputs above, an SVG that any browser shows.
///
/// Layers at the same distance from the input stand side by side, each as near as may be to what it takes in, and a
/// line that passes layers by has a narrow place of its own beside them (the barycentre rule and the dummy vertices
/// of Sugiyama, Tagawa and Toda, 1981).
package struct GraphDrawing: Sendable {
  struct Box: Sendable {
    var title: String
    var subtitle: String
    var color: String
    var inputs: [Int]
    /// For each input, the places that the line from it passes on its way.
    var passages: [[Int]] = []
    var place = Place()
  }

  /// Where a box stands, or where a line passes a row of boxes.
  struct Place: Sendable {
    var rank = 0
    var x = 0.0
    var width = GraphDrawing.width
  }

  private(set) var boxes: [Box]
  private(set) var passages: [Place] = []
  private let title: String

  /// Places the boxes of a network, which are drawn by `svg`.
  package init(_ network: ImportedNetwork) {
    let graph = network.graph
    title = network.architecture ?? network.path
    var kinds: [Int: String] = [:]
    for layer in network.layers { for node in layer.nodes { kinds[node] = layer.className } }
    boxes = graph.nodes.enumerated().map { index, node in
      Box(
        title: node.name,
        subtitle: [kinds[index] ?? "step", node.shape.map(String.init).joined(separator: "×")].joined(separator: " · ")
          + (index == network.featureNode ? " · embedding" : ""),
        color: index == network.featureNode
          ? "#ffe08a" : (LayerTable.codec(of: node.operation)?.family ?? .other).color, inputs: node.inputs)
    }
    place()
  }

  static let (width, height, gapX, gapY) = (190.0, 34.0, 14.0, 26.0)
  private static let passageWidth = 10.0
  /// Beyond so many, lines take the straight way: no network that people draw has them.
  private static let passageLimit = 100_000

  private mutating func place() {
    enum Member { case box(Int), passage(Int) }
    var rows: [[(member: Member, sources: [Member])]] = []
    func add(_ member: Member, _ sources: [Member], to rank: Int) {
      while rows.count <= rank { rows.append([]) }
      rows[rank].append((member, sources))
    }
    for index in boxes.indices {
      let rank = (boxes[index].inputs.map { boxes[$0].place.rank }.max() ?? -1) + 1
      boxes[index].place.rank = rank
      var sources: [Member] = []
      for input in boxes[index].inputs {
        var last = Member.box(input)
        var passed: [Int] = []
        for row in boxes[input].place.rank + 1..<rank where passages.count < Self.passageLimit {
          passages.append(Place(rank: row, width: Self.passageWidth))
          passed.append(passages.count - 1)
          add(.passage(passages.count - 1), [last], to: row)
          last = .passage(passages.count - 1)
        }
        boxes[index].passages.append(passed)
        sources.append(last)
      }
      add(.box(index), sources, to: rank)
    }
    func x(_ source: Member) -> Double {
      switch source {
      case .box(let index): boxes[index].place.x
      case .passage(let index): passages[index].x
      }
    }
    for row in rows {
      let wishes: [Double] = row.map { entry in
        entry.sources.isEmpty ? 0 : entry.sources.reduce(0.0) { $0 + x($1) } / Double(entry.sources.count)
      }
      let order = row.indices.sorted { (wishes[$0], $0) < (wishes[$1], $1) }
      var centers: [Double] = []
      var edge = 0.0
      for index in order {
        let width = if case .box = row[index].member { Self.width } else { Self.passageWidth }
        centers.append(edge + width / 2)
        edge += width + Self.gapX
      }
      let shift = (wishes.reduce(0, +) - centers.reduce(0, +)) / Double(max(1, row.count))
      for (index, center) in zip(order, centers) {
        switch row[index].member {
        case .box(let box): boxes[box].place.x = center + shift
        case .passage(let passage): passages[passage].x = center + shift
        }
      }
    }
    let left = (boxes.map(\.place) + passages).map { $0.x - $0.width / 2 }.min() ?? 0
    for index in boxes.indices { boxes[index].place.x += 20 - left }
    for index in passages.indices { passages[index].x += 20 - left }
  }

  /// The drawing as SVG text.
  package var svg: String {
    let right = ((boxes.map(\.place) + passages).map { $0.x + $0.width / 2 }.max() ?? 0) + 20
    let step = Self.height + Self.gapY
    let bottom = Double((boxes.map(\.place.rank).max() ?? 0) + 1) * step + 40
    var text = """
      <svg xmlns="http://www.w3.org/2000/svg" width="\(Int(right))" height="\(Int(bottom))" \
      viewBox="0 0 \(Int(right)) \(Int(bottom))" font-family="sans-serif">
      <title>\(Self.escaped(title))</title>
      <rect width="100%" height="100%" fill="white"/>
      <g fill="none" stroke="#808080">

      """
    func top(_ place: Place) -> Double { 20 + Double(place.rank) * step }
    for box in boxes {
      for (input, passed) in zip(box.inputs, box.passages) {
        var from = boxes[input].place
        text += "<path d=\"M\(from.x) \(top(from) + Self.height)"
        for place in passed.map({ passages[$0] }) + [box.place] {
          let (y0, y1) = (top(from) + Self.height, top(place))
          let middle = (y0 + y1) / 2
          text += "C\(from.x) \(middle) \(place.x) \(middle) \(place.x) \(y1)"
          if place.rank < box.place.rank { text += "V\(y1 + Self.height)" }
          from = place
        }
        text += "\"/>\n"
      }
    }
    text += "</g>\n<g text-anchor=\"middle\">\n"
    for box in boxes {
      let (x, y) = (box.place.x - Self.width / 2, top(box.place))
      let subtitle = Self.escaped(Self.short(box.subtitle))
      text += """
        <rect x="\(x)" y="\(y)" width="\(Self.width)" height="\(Self.height)" rx="5" fill="\(box.color)"/>
        <text x="\(box.place.x)" y="\(y + 14)" font-size="11">\(Self.escaped(Self.short(box.title)))</text>
        <text x="\(box.place.x)" y="\(y + 27)" font-size="9" fill="#404040">\(subtitle)</text>

        """
    }
    return text + "</g>\n</svg>\n"
  }

  /// The end of a long name: beginnings repeat, ends tell.
  private static func short(_ text: String) -> String { text.count <= 34 ? text : "…\(text.suffix(33))" }

  private static func escaped(_ text: String) -> String {
    var result = ""
    for scalar in text.unicodeScalars {
      switch scalar {
      case "&": result += "&amp;"
      case "<": result += "&lt;"
      case ">": result += "&gt;"
      case "\"": result += "&quot;"
      case _ where scalar.value < 0x20: result += " "
      default: result.unicodeScalars.append(scalar)
      }
    }
    return result
  }
}
