import SiameseGraph

/// What a Keras file holds, for people and scripts.
package struct Inspection: Codable, Sendable, Equatable {
  /// One layer of the model.
  package struct Layer: Codable, Sendable, Equatable {
    /// With the names of the models around it: `outer/inner/name`.
    package var name: String
    /// Keras' class: `Conv2D`, `BatchNormalization`, …
    package var kind: String
    /// Without the batch.
    package var outputShape: [Int]
    /// Numbers in its weights.
    package var parameters: Int

    enum CodingKeys: String, CodingKey {
      case name, kind, parameters
      case outputShape = "output_shape"
    }
  }

  /// The file as it was given.
  package var file: String
  /// The file's layout, in words.
  package var layout: String
  /// As the file says, where it does.
  package var kerasVersion: String?
  /// The catalogue's name for the network; nil where it is not in the catalogue.
  package var architecture: String?
  /// Numbers in all weights, running statistics included.
  package var parameters: Int
  /// What those take in memory as 32-bit floats.
  package var parameterBytes: Int
  /// The most that maps in use at the same time take for one picture, as 32-bit floats.
  package var mapBytes: Int
  /// Height, width and channels of the picture that the network takes.
  package var inputShape: [Int]
  /// The shapes of the model's outputs, without the batch.
  package var outputShapes: [[Int]]
  /// The layer whose output is the embedding when none is named.
  package var featureLayer: String
  /// The embedding's shape, without the batch.
  package var featureShape: [Int]
  /// What is done to pictures before they enter the network.
  package var preprocessing: Preprocessing
  /// The layers, in model order.
  package var layers: [Layer]

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
