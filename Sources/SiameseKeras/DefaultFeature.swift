import SiameseGraph

extension Graph {
  /// The node whose output is the transferable feature: what the classifier takes in, globally averaged where that is a
  /// map; in a network without a classifier, its output, globally averaged likewise.
  ///
  /// A classifier is the last dense layer, or a convolution that only softmax and pooling follow. Dropout and other
  /// layers of training only are skipped, so that `fc2` of VGG and `avg_pool` of ResNet are found by their own names.
  /// A network that ends in vectors of unit length is an embedding already: its output is the feature.
  /// - Returns: An index in the graph, which gains a node where a map has to be averaged.
  mutating func defaultFeatureNode() -> Int {
    guard let output = outputs.first else { return max(0, nodes.count - 1) }
    var feature = classifier(of: output).flatMap { nodes[$0].inputs.first } ?? output
    while nodes[feature].operation.actsInTrainingOnly, let before = nodes[feature].inputs.first {
      feature = before
    }
    return averaged(feature)
  }

  /// The node itself, or its global average where it is a map.
  mutating func averaged(_ node: Int) -> Int {
    guard nodes[node].shape.count == 3 else { return node }
    // The graph may average it already, on its way to the classifier.
    if let pooled = nodes.indices.first(where: {
      nodes[$0].inputs == [node] && nodes[$0].operation == .globalPooling(.average, keepsDimensions: false)
    }) {
      return pooled
    }
    let pooling = Operation.globalPooling(.average, keepsDimensions: false)
    return (try? add("\(nodes[node].name):average", pooling, [node])) ?? node
  }

  /// The layer that decides between classes, walking back from `output`; nil where there is none.
  private func classifier(of output: Int) -> Int? {
    var node = output
    var sawProbabilities = false
    var sawPooling = false
    guard nodes[output].shape.count == 1 else { return nil }
    while true {
      switch nodes[node].operation {
      case let operation where operation.givesProbabilities: sawProbabilities = true
      case .dense: return node
      case .convolution(let convolution):
        let onOnePosition = nodes[node].shape[0] == 1 && nodes[node].shape[1] == 1
        let decides = sawProbabilities || convolution.activation == .sigmoid || (onOnePosition && !sawPooling)
        return decides ? node : nil
      case .globalPooling: sawPooling = true
      case .activation, .reshape, .dropout, .stochasticDepth, .identity, .linear, .permute: break
      case .pooling: sawPooling = true
      default: return nil
      }
      guard nodes[node].inputs.count == 1 else { return nil }
      node = nodes[node].inputs[0]
    }
  }
}

extension Operation {
  /// Whether it passes its input on outside training.
  fileprivate var actsInTrainingOnly: Bool {
    switch self {
    case .dropout, .stochasticDepth, .identity: true
    default: false
    }
  }
}
