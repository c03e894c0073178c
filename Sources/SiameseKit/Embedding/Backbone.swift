import Foundation
import SiameseGraph
import SiameseHDF5
import SiameseKeras

/// A pretrained network from a Keras file, as far as the layer whose output is the embedding.
///
/// ```swift
/// let backbone = try Backbone(contentsOf: "weights.h5")
/// backbone.layer           // "fc2", the last features before VGG16's classifier
/// backbone.embeddingWidth  // 4096
/// ```
///
/// Weights are read when an `Embedder` or a `FineTuner` lays them out, not before.
public struct Backbone: Sendable {
  /// The file, as it was given; of an untrained network, its architecture's name.
  public let path: String
  /// Whether its weights are random numbers that no file holds.
  public let isUntrained: Bool
  /// The catalogue's name of the network, where it is one of the catalogue.
  public let architecture: String?
  /// From picture to embedding: one input `[H, W, C]`, one output `[D]`.
  package let graph: Graph
  /// The weights, read when they are asked for.
  package let parameters: ParameterStore
  /// How 8-bit pixels become the network's numbers.
  public let preprocessing: Preprocessing
  /// Test-time augmentation: the views of each picture whose embeddings are averaged; nil embeds the picture alone.
  public var views: Views?
  /// The names of layers that fine-tuning put behind a pretrained network; empty for networks as they came from a file.
  var headLayers: Set<String> = []

  /// Reads the graph of a Keras file of any layout, or of a model that this toolkit wrote.
  ///
  /// - Parameters:
  ///   - path: The file.
  ///   - architecture: A name of the catalogue, for a weights-only file that fits several.
  ///   - layer: The layer whose output is the embedding, flattened, or several with `+` between, each averaged over the
  ///     picture where it is a map, and concatenated; by default the output of the last fully-connected
  ///     layer before the classifier, or what the classifier takes in, globally averaged where that is a map.
  ///   - preprocessing: `caffe`, `tf`, `torch` or `none`; by default the architecture's own.
  ///   - inputSize: The side of the square input in pixels, for networks that take any size.
  /// - Throws: An error that names the file, what was expected, and what was found.
  public init(
    contentsOf path: String, architecture: String? = nil, layer: String? = nil, preprocessing: String? = nil,
    inputSize: Int? = nil
  ) throws {
    let adjustments = NetworkAdjustments(
      architecture: architecture, layer: layer, preprocessing: preprocessing, inputSize: inputSize)
    self = try Backbone.open(path, adjustments).backbone
  }

  /// Opens a file once, for its network and for what it says beside it: the record, nil where it is a plain Keras file.
  /// - Throws: as `init(contentsOf:)`.
  package static func open(
    _ path: String, _ adjustments: NetworkAdjustments = NetworkAdjustments()
  ) throws -> (backbone: Backbone, record: ModelRecord?) {
    let file = try KerasFile.ofWeights(path)
    let record = try ModelRecord.read(file)
    return (try Backbone(file, record, adjustments), record)
  }

  /// The network of an open file.
  init(_ file: KerasFile, _ record: ModelRecord?, _ adjustments: NetworkAdjustments) throws {
    let path = file.path
    let network = try ImportedNetwork.open(
      file, architecture: adjustments.architecture, inputSize: adjustments.inputSize.map { Size($0) })
    // Of a fine-tuned model, the embedding is what it gives; of a pretrained network, what feeds the classifier.
    let output = network.graph.outputs.first.map { network.graph.nodes[$0].name }
    let graph = try network.embedding(layer: adjustments.layer ?? (record == nil ? nil : output))
    guard graph.inputs.count == 1, graph.nodes[graph.inputs[0]].shape.count == 3 else {
      throw TaskError(
        .badInput,
        "\(path): should take one picture, found \(graph.inputs.count) inputs of shapes "
          + graph.inputs.map { "\(graph.nodes[$0].shape)" }.joined(separator: ", "))
    }
    guard [1, 3].contains(network.channels) else {
      throw TaskError(.badInput, "\(path): should take pictures of 1 or 3 channels, found \(network.channels)")
    }
    let mode = try adjustments.preprocessing.map(Self.preprocessing) ?? record?.preprocessing ?? network.preprocessing
    self.init(
      path: path, architecture: network.architecture, graph: graph, parameters: network.parameters, preprocessing: mode)
    views = adjustments.views ?? record?.views
  }

  /// A network of the catalogue with random weights, to be trained from scratch.
  ///
  /// - Parameters:
  ///   - architecture: A name of the catalogue, such as `conv4`.
  ///   - inputSize: The side of the square input in pixels; by default the published one.
  /// - Throws: `KerasError` for an unknown name, `GraphError` for a picture too small.
  public init(untrained architecture: String, inputSize: Int? = nil, preprocessing: String? = nil, seed: UInt64) throws
  {
    let found = try Architecture.find(architecture)
    let (graph, parameters) = try found.untrained(inputSize: inputSize.map { Size($0) }, seed: seed)
    self.init(
      path: found.name, architecture: found.name, graph: graph, parameters: parameters,
      preprocessing: try preprocessing.map(Self.preprocessing) ?? found.preprocessing, isUntrained: true)
  }

  private static func preprocessing(named name: String) throws -> Preprocessing {
    guard let named = Preprocessing(rawValue: name) else {
      let modes = Preprocessing.allCases.map(\.rawValue).joined(separator: ", ")
      throw TaskError(.wrongArguments, "'\(name)' is no way of preprocessing; choose one of \(modes)")
    }
    return named
  }

  init(
    path: String, architecture: String?, graph: Graph, parameters: ParameterStore, preprocessing: Preprocessing,
    isUntrained: Bool = false
  ) {
    self.path = path
    self.isUntrained = isUntrained
    self.architecture = architecture
    self.graph = graph
    self.parameters = parameters
    self.preprocessing = preprocessing
  }

  /// The layer whose output is the embedding.
  public var layer: String { graph.nodes[graph.outputs[0]].name }
  /// The embedding's width, D.
  public var embeddingWidth: Int { graph.nodes[graph.outputs[0]].shape[0] }
  /// The input's height and width in pixels, and its channels: 3, or 1 for grey.
  public var inputShape: [Int] { graph.nodes[graph.inputs[0]].shape }

  /// Whether every embedding has length 1.
  var hasUnitLength: Bool {
    if case .unitNormalization = graph.nodes[graph.outputs[0]].operation { return true }
    return false
  }

  /// Writes the network's numbers for one picture: upright RGB, resized as Pillow does it bilinearly, preprocessed.
  package func fill(_ row: UnsafeMutableBufferPointer<Float>, from picture: Picture) {
    let (height, width, channels) = (inputShape[0], inputShape[1], inputShape[2])
    let resized =
      picture.width == width && picture.height == height
      ? picture : picture.resized(width: width, height: height, filter: .bilinear)
    resized.pixels.withUnsafeBufferPointer { preprocessing.write($0, channels: channels, into: row.baseAddress!) }
  }
}
