import SiameseGraph

/// What a Keras file holds, for people and scripts.
public struct Inspection: Codable, Sendable, Equatable {
  /// One layer of the model.
  public struct Layer: Codable, Sendable, Equatable {
    /// With the names of the models around it: `outer/inner/name`.
    public var name: String
    /// Keras' class: `Conv2D`, `BatchNormalization`, …
    public var kind: String
    /// Without the batch.
    public var outputShape: [Int]
    /// Numbers in its weights.
    public var parameters: Int

    enum CodingKeys: String, CodingKey {
      case name, kind, parameters
      case outputShape = "output_shape"
    }
  }

  /// The file as it was given.
  public var file: String
  /// The file's layout, in words.
  public var layout: String
  /// As the file says, where it does.
  public var kerasVersion: String?
  /// The catalogue's name for the network; nil where it is not in the catalogue.
  public var architecture: String?
  /// Numbers in all weights, running statistics included.
  public var parameters: Int
  /// What those take in memory as 32-bit floats.
  public var parameterBytes: Int
  /// The most that maps in use at the same time take for one picture, as 32-bit floats.
  public var mapBytes: Int
  /// Height, width and channels of the picture that the network takes.
  public var inputShape: [Int]
  /// The shapes of the model's outputs, without the batch.
  public var outputShapes: [[Int]]
  /// The layer whose output is the embedding when none is named.
  public var featureLayer: String
  /// The embedding's shape, without the batch.
  public var featureShape: [Int]
  /// What is done to pictures before they enter the network.
  public var preprocessing: Preprocessing
  /// The layers, in model order.
  public var layers: [Layer]

  enum CodingKeys: String, CodingKey {
    case file, layout, architecture, parameters, preprocessing, layers
    case kerasVersion = "keras_version"
    case parameterBytes = "parameter_bytes"
    case mapBytes = "map_bytes"
    case inputShape = "input_shape"
    case outputShapes = "output_shapes"
    case featureLayer = "feature_layer"
    case featureShape = "feature_shape"
  }
}

extension Inspection {
  /// What is to be told of a network that was read.
  package init(_ network: ImportedNetwork) {
    let graph = network.graph
    layers = network.layers.map { layer in
      Layer(
        name: layer.path, kind: layer.className,
        outputShape: layer.nodes.first.map { graph.nodes[$0].shape } ?? [],
        parameters: layer.weights.reduce(0) { $0 + $1.shape.reduce(1, *) })
    }
    file = network.path
    layout = network.layout.rawValue
    kerasVersion = network.kerasVersion
    architecture = network.architecture
    parameters = layers.reduce(0) { $0 + $1.parameters }
    parameterBytes = 4 * parameters
    mapBytes = 4 * graph.largestLiveCount
    inputShape = network.inputShape
    outputShapes = graph.outputs.map { graph.nodes[$0].shape }
    featureLayer = network.featureLayer
    featureShape = graph.nodes[network.featureNode].shape
    preprocessing = network.preprocessing
  }
}

extension Graph {
  /// The most numbers that outputs still needed hold together, node after node.
  fileprivate var largestLiveCount: Int {
    let consumers = consumers
    var live = 0
    var largest = 0
    var waiting = consumers.map(\.count)
    for (index, node) in nodes.enumerated() {
      live += node.shape.reduce(1, *)
      largest = max(largest, live)
      for input in node.inputs {
        waiting[input] -= 1
        if waiting[input] == 0, !outputs.contains(input) { live -= nodes[input].shape.reduce(1, *) }
      }
      if consumers[index].isEmpty, !outputs.contains(index) { live -= node.shape.reduce(1, *) }
    }
    return largest
  }
}
