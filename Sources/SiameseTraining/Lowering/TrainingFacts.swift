import SiameseGraph
import SiameseInference
import SiameseOneDNN

/// What is known before anything is lowered, and does not change.
struct TrainingFacts {
  let graph: Graph
  let batch: Int
  let options: TrainingOptions
  /// Whether a gradient must be taken of each node's output.
  let needsGradient: [Bool]
  /// The nodes that take each node's output.
  let consumers: [[Int]]
  /// The channels of one block of the layout that convolutions work in.
  let block: Int

  init(_ graph: Graph, trainable: Set<String>, batch: Int, options: TrainingOptions) throws {
    (self.graph, self.batch, self.options) = (graph, batch, options)
    needsGradient = graph.nodesNeedingGradients(trainable: trainable, inputs: options.inputGradients)
    consumers = graph.consumers
    block = try TrainingFacts.preferredBlock()
  }

  /// The layout of Keras' order: channels last for feature maps, rows for the rest. Always float32: what is computed on
  /// it is either small or sensitive to precision (normalisations, softmax, the head).
  func hostLayout(_ shape: [Int]) throws -> Layout {
    shape.count == 4
      ? try Layout(channelsLast: [shape[0], shape[3], shape[1], shape[2]])
      : try Layout(rows: shape)
  }

  /// The layout that convolutions like: blocks of channels, in the precision of the plan where no other is given.
  func mapLayout(_ shape: [Int], _ type: ElementType? = nil) throws -> Layout {
    try Layout(blocked: [shape[0], shape[3], shape[1], shape[2]], by: block, type ?? options.precision.mapType)
  }

  /// Whether `node` alone takes its first input, so that nobody misses what is written over.
  func isOnlyConsumer(_ node: Int) -> Bool {
    guard let input = graph.nodes[node].inputs.first else { return false }
    return consumers[input].count == 1 && !graph.outputs.contains(input)
  }

  /// A rectifier whose slope shows in its output and that alone takes the node's output.
  func rectifierAlone(after node: Int) -> (node: Int, function: Activation)? {
    guard consumers[node].count == 1, !graph.outputs.contains(node), let next = consumers[node].first,
      case .activation(let function) = graph.nodes[next].operation, function.isReadFromOutput
    else { return nil }
    return (next, function)
  }

  private static func preferredBlock() throws -> Int {
    let any = try Layout(any: [1, 64, 8, 8])
    let description = try PrimitiveDescription.convolution(
      .training, source: any, weights: Layout(any: [64, 64, 3, 3]), bias: nil, destination: any,
      window: Window(extent: Size(3), strides: Size(1), insets: EdgeInsets(top: 1, bottom: 1, left: 1, right: 1)))
    return try description.destination == Layout(blocked: [1, 64, 8, 8], by: 8) ? 8 : 16
  }
}

/// A node as rules see it: the node, the facts, and the values that it takes.
struct TrainingNode {
  let facts: TrainingFacts
  let index: Int
  let inputs: [TrainingValue]

  private var node: Graph.Node { facts.graph.nodes[index] }
  var name: String { node.name }
  var operation: SiameseGraph.Operation { node.operation }
  /// Where each of its weights lies in the store.
  var parameters: [ParameterRole: String] { node.parameters }
  /// The first input, which most operations have alone.
  var input: TrainingValue { inputs[0] }
  /// The output's shape in Keras' order, batch first.
  var shape: [Int] { [facts.batch] + node.shape }
}

extension Graph {
  /// For each node, whether a gradient must be taken of its output.
  func nodesNeedingGradients(trainable: Set<String>, inputs: Bool = false) -> [Bool] {
    var needs = [Bool](repeating: false, count: nodes.count)
    for (index, node) in nodes.enumerated() {
      if case .input = node.operation { needs[index] = inputs }
      needs[index] =
        needs[index] || node.inputs.contains { needs[$0] }
        || node.parameters.values.contains(where: trainable.contains)
    }
    return needs
  }
}
