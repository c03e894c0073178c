import SiameseGraph

/// How much of a pretrained network training may move.
///
/// Written `none`, `head`, a number of layers counted from the end of the backbone, `stage NAME` or `all`.
public enum Unfreezing: Hashable, Sendable, Codable, CustomStringConvertible {
  /// Nothing: the head stays the closed form it is.
  case none
  /// The layers of the head only.
  case head
  /// The head and the last so many backbone layers that have weights.
  case last(Int)
  /// The head and everything from the first layer whose name begins so.
  case stage(String)
  /// The head and the whole backbone.
  case all

  /// - Throws: `MetricLearningError` where the words are none of the five forms.
  public init(_ text: String) throws {
    let words = text.split(separator: " ", maxSplits: 1)
    switch (words.first.map(String.init) ?? "", words.count > 1 ? String(words[1]) : nil) {
    case ("none", nil): self = .none
    case ("head", nil): self = .head
    case ("all", nil): self = .all
    case ("stage", let name?): self = .stage(name)
    case (let number, nil) where Int(number).map { $0 > 0 } ?? false: self = .last(Int(number) ?? 1)
    default:
      throw MetricLearningError.badOption(
        name: "what to unfreeze", found: "'\(text)'",
        expected: "none, head, a number of layers, 'stage NAME' or all")
    }
  }

  /// The words that `init(_:)` reads.
  public var description: String {
    switch self {
    case .none: "none"
    case .head: "head"
    case .last(let count): "\(count)"
    case .stage(let name): "stage \(name)"
    case .all: "all"
    }
  }

  /// The weights to train, and which layers are the head's.
  /// - Parameter headStart: the index of the head's first node in `graph`.
  /// - Throws: `MetricLearningError.unknownName` for a stage that is not there, listing where layers begin.
  package func trainable(in graph: Graph, headStart: Int) throws -> TrainableWeights {
    func paths(_ node: Graph.Node) -> [String] {
      node.parameters.filter { $0.key.isTrainable }.sorted { $0.key.rawValue < $1.key.rawValue }.map(\.value)
    }
    let backbone = graph.nodes[..<headStart]
    let head = graph.nodes[headStart...].flatMap(paths)
    let headLayers = Set(graph.nodes[headStart...].map(\.name))
    let layers = backbone.map(paths)
    var first: Int
    switch self {
    case .none: return TrainableWeights(backbone: [], head: [], headLayers: headLayers)
    case .head: return TrainableWeights(backbone: [], head: head, headLayers: headLayers)
    case .all: first = 0
    case .stage(let name):
      guard let index = backbone.firstIndex(where: { $0.name.hasPrefix(name) }) else {
        var stages: [String] = []
        for node in backbone where !paths(node).isEmpty {
          let stage = String(node.name.prefix { $0 != "_" && $0 != "/" })
          if stages.last != stage { stages.append(stage) }
        }
        throw MetricLearningError.unknownName(kind: "stage", found: name, known: stages)
      }
      first = index
    case .last(let count):
      let weighted = layers.indices.filter { !layers[$0].isEmpty }
      first = weighted.suffix(count).first ?? headStart
    }
    var seen = Set<String>()
    let kept = layers[first...].map { $0.filter { seen.insert($0).inserted } }.filter { !$0.isEmpty }
    return TrainableWeights(backbone: kept, head: head, headLayers: headLayers)
  }
}

/// The weights that a run of training moves, by path, and which layers belong to its new head.
package struct TrainableWeights: Sendable, Equatable {
  /// Weights of the backbone, layer after layer from the picture on.
  package var backbone: [[String]]
  /// Weights of the head.
  package var head: [String]
  /// The names of the head's layers in the graph, with or without weights.
  package var headLayers: Set<String>

  /// - Parameter headLayers: the names of all layers of the head, whether they train or not.
  package init(backbone: [[String]], head: [String], headLayers: Set<String>) {
    (self.backbone, self.head, self.headLayers) = (backbone, head, headLayers)
  }

  /// All of them.
  package var paths: Set<String> { Set(backbone.joined() + head) }
}
