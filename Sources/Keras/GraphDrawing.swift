import Networks

/// A network as a picture: one box a layer, inputs above, an SVG that any browser shows.
///
/// Layers at the same distance from the input stand side by side, each as near as may be to what it takes in (the
/// barycentre rule of Sugiyama, Tagawa and Toda, 1981).
public struct GraphDrawing: Sendable {
  struct Box: Sendable {
    var title: String
    var subtitle: String
    var color: String
    var inputs: [Int]
    var rank = 0
    var x = 0.0
  }

  private var boxes: [Box]
  private let title: String

  package init(_ network: ImportedNetwork) {
    let graph = network.graph
    title = network.architecture ?? network.path
    var kinds: [Int: String] = [:]
    for layer in network.layers { for node in layer.nodes { kinds[node] = layer.className } }
    boxes = graph.nodes.enumerated().map { index, node in
      Box(
        title: node.name, subtitle: "\(kinds[index] ?? "part") · \(node.shape.map(String.init).joined(separator: "×"))",
        color: index == network.featureNode ? "#ffe08a" : Self.color(node.operation), inputs: node.inputs)
    }
    place()
  }

  private static func color(_ operation: Operation) -> String {
    switch operation {
    case .input: "#d9d9d9"
    case .convolution, .dense: "#a9cbee"
    case .batchNormalization, .layerNormalization, .groupNormalization, .unitNormalization, .localResponseNormalization,
      .affine, .linear:
      "#cfe8c9"
    case .activation, .softmax, .parametricReLU: "#f6c9c0"
    case .pooling, .globalPooling: "#e3cdf0"
    case .elementwise, .concatenate: "#fbd9a5"
    default: "#efefef"
    }
  }

  private static let (width, height, gapX, gapY) = (190.0, 34.0, 14.0, 26.0)

  private mutating func place() {
    for index in boxes.indices {
      boxes[index].rank = (boxes[index].inputs.map { boxes[$0].rank }.max() ?? -1) + 1
    }
    let ranks = Dictionary(grouping: boxes.indices, by: { boxes[$0].rank })
    for rank in ranks.keys.sorted() {
      let members = (ranks[rank] ?? []).map { index -> (index: Int, wish: Double) in
        let inputs = boxes[index].inputs
        return (index, inputs.isEmpty ? 0 : inputs.reduce(0) { $0 + boxes[$1].x } / Double(inputs.count))
      }.sorted { ($0.wish, $0.index) < ($1.wish, $1.index) }
      let step = Self.width + Self.gapX
      let center = members.reduce(0) { $0 + $1.wish } / Double(max(1, members.count))
      for (position, member) in members.enumerated() {
        boxes[member.index].x = center + (Double(position) - Double(members.count - 1) / 2) * step
      }
    }
    let left = boxes.map(\.x).min() ?? 0
    for index in boxes.indices { boxes[index].x += Self.width / 2 + 20 - left }
  }

  /// The drawing as SVG text.
  public var svg: String {
    let right = (boxes.map(\.x).max() ?? 0) + Self.width / 2 + 20
    let step = Self.height + Self.gapY
    let bottom = Double((boxes.map(\.rank).max() ?? 0) + 1) * step + 40
    var text = """
      <svg xmlns="http://www.w3.org/2000/svg" width="\(Int(right))" height="\(Int(bottom))" \
      viewBox="0 0 \(Int(right)) \(Int(bottom))" font-family="sans-serif">
      <title>\(Self.escaped(title))</title>
      <rect width="100%" height="100%" fill="white"/>
      <g fill="none" stroke="#808080">

      """
    func top(_ box: Box) -> Double { 20 + Double(box.rank) * step }
    for box in boxes {
      for input in box.inputs {
        let from = boxes[input]
        let (y0, y1) = (top(from) + Self.height, top(box))
        let middle = (y0 + y1) / 2
        text += "<path d=\"M\(from.x) \(y0)C\(from.x) \(middle) \(box.x) \(middle) \(box.x) \(y1)\"/>\n"
      }
    }
    text += "</g>\n<g text-anchor=\"middle\">\n"
    for box in boxes {
      let (x, y) = (box.x - Self.width / 2, top(box))
      text += """
        <rect x="\(x)" y="\(y)" width="\(Self.width)" height="\(Self.height)" rx="5" fill="\(box.color)"/>
        <text x="\(box.x)" y="\(y + 14)" font-size="11">\(Self.escaped(Self.short(box.title)))</text>
        <text x="\(box.x)" y="\(y + 27)" font-size="9" fill="#404040">\(Self.escaped(Self.short(box.subtitle)))</text>

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
