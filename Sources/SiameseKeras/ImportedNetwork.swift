import Foundation
import SiameseGraph
import SiameseTensors

/// A network from a Keras file: its graph, its weights read when asked for, and how to feed it.
///
/// ```swift
/// let network = try ImportedNetwork.open("resnet50.h5")
/// let graph = try network.embedding()            // picture → vector
/// let plan = try InferencePlan(graph, parameters: network.parameters, batch: 1)
/// ```
package struct ImportedNetwork: Sendable {
  /// The file as it was given.
  package let path: String
  /// How the file is laid out.
  package let layout: KerasFile.Layout
  /// As the file says, where it does.
  package let kerasVersion: String?
  /// All of the network, with the file's own outputs.
  package let graph: Graph
  /// Its weights, each read from the file when asked for.
  package let parameters: ParameterStore
  /// Keras' layers, in model order.
  let layers: [KerasLayer]
  /// The catalogue's name for it, where it is one of the catalogue.
  package let architecture: String?
  /// What is done to pictures before they enter the network.
  package let preprocessing: Preprocessing
  /// The node in `graph` whose output is the default feature.
  package let featureNode: Int

  /// The shape of the picture that the network takes.
  package var inputShape: [Int] { graph.inputs.first.map { graph.nodes[$0].shape } ?? [] }
  /// Height and width of that picture.
  package var inputSize: Size { inputShape.count == 3 ? Size(inputShape[0], inputShape[1]) : Size(0) }
  /// 3, or 1 for grey.
  package var channels: Int { inputShape.last ?? 0 }
  /// The name of the default feature's layer.
  package var featureLayer: String { graph.nodes[featureNode].name }

  /// Opens a file of any layout.
  /// - Parameters:
  ///   - architecture: The catalogue's name for a file of weights alone, where its layers do not tell; for a whole
  ///     model it only decides the preprocessing.
  ///   - inputSize: The size of pictures, for networks that take any.
  /// - Throws: `KerasError` or `HDF5Error`.
  package static func open(
    _ path: String, architecture: String? = nil, inputSize: Size? = nil
  ) throws -> ImportedNetwork {
    try open(KerasFile.open(path), architecture: architecture, inputSize: inputSize)
  }

  /// The network of a file that is open already.
  /// - Throws: `KerasError` or `HDF5Error`.
  package static func open(
    _ file: KerasFile, architecture: String? = nil, inputSize: Size? = nil
  ) throws -> ImportedNetwork {
    let path = file.path
    let named = try architecture.map { try Architecture.find($0) }
    if let inputSize, !(1...16_384).contains(inputSize.height) || !(1...16_384).contains(inputSize.width) {
      throw KerasError.inputSize(
        file: path, reason: "an input of \(inputSize.height)×\(inputSize.width) is outside 1 … 16384")
    }
    if let configuration = file.configuration {
      return try open(file, configuration: configuration, architecture: named, inputSize: inputSize)
    }
    return try open(weightsOf: file, architecture: named, inputSize: inputSize)
  }

  /// A whole model: the graph is the one that the file describes.
  private static func open(
    _ file: KerasFile, configuration: Data, architecture: Architecture?, inputSize: Size?
  ) throws -> ImportedNetwork {
    let model: ModelConfiguration
    do { model = try ModelConfiguration(JSON(parsing: configuration)) } catch let error as JSONError {
      throw KerasError.configuration(file: file.path, reason: "it is not JSON, \(error)")
    } catch let error as ConfigurationError {
      throw KerasError.configuration(file: file.path, reason: error.reason)
    }
    let version = model.majorVersion(stated: file.kerasVersion)
    var reader = ConfigurationReader(
      file: file.path, version: version, inputSize: inputSize,
      defaultSize: Size((architecture ?? Architecture.called(model.name))?.inputSize ?? 224))
    do { try reader.read(model) } catch let error as KerasError {
      // Lambdas hold Python code, which is never run; but a known network is known by its other layers.
      guard case .unsupportedLayer(_, _, let className, _) = error, ["Lambda", "LRN2D"].contains(className),
        let known = try? open(weightsOf: file, architecture: architecture, inputSize: inputSize)
      else { throw error }
      return known
    }
    var binding = WeightBinding(file: file.path, constants: reader.builder.constants)
    switch file.weights {
    case .layers(let entries):
      binding.kernels = model.kernelOrder(version: version, backend: file.backend)
      try binding.bind(reader.builder.layers, legacy: entries)
    case .tree(let tree):
      try binding.bind(reader.builder.layers, tree: tree, places: model.places())
    }
    let recognised = architecture ?? Architecture.recognise(reader.builder)
    return try ImportedNetwork(file, reader.builder, binding.store, recognised)
  }

  /// Weights alone: the graph is the catalogue's.
  private static func open(
    weightsOf file: KerasFile, architecture: Architecture?, inputSize: Size?
  ) throws -> ImportedNetwork {
    let recognition = try Recognition(file, inputSize: inputSize)
    let match: Recognition.Match
    if let architecture {
      do { match = try recognition.match(architecture) } catch let misfit as Recognition.Misfit {
        throw KerasError.wrongArchitecture(file: file.path, name: architecture.name, reason: misfit.reason)
      }
    } else {
      match = try recognition.match()
    }
    var binding = WeightBinding(file: file.path, constants: match.builder.constants)
    binding.kernels = match.kernels
    for layer in match.builder.layers where !layer.weights.isEmpty {
      try binding.bind(layer, to: match.weights[layer.path] ?? [])
    }
    return try ImportedNetwork(file, match.builder, binding.store, match.architecture)
  }

  private init(
    _ file: KerasFile, _ builder: NetworkBuilder, _ store: ParameterStore, _ architecture: Architecture?
  ) throws {
    path = file.path
    layout = file.layout
    kerasVersion = file.kerasVersion
    parameters = store
    layers = builder.layers
    self.architecture = architecture?.name
    preprocessing = builder.graph.scalesInput ? .none : architecture?.preprocessing ?? .none
    var graph = builder.graph
    featureNode = graph.defaultFeatureNode()
    self.graph = graph
    try store.validate(for: graph)
  }

  /// The part of the graph from the picture to one vector: the default feature, or the output of `layer`, flattened; of
  /// several layers, with `+` between their names, the global averages in one vector.
  /// - Throws: `KerasError.unknownLayer`, or `GraphError` where the parts do not fit together.
  package func embedding(layer: String? = nil) throws -> Graph {
    var result = graph
    var node = featureNode
    if let layer, graph.firstIndex(named: layer) == nil, layer.contains("+") {
      let parts = try layer.split(separator: "+").map { name in
        let part = try index(ofLayer: String(name))
        return result.averaged(part)
      }
      node = try result.add("joined_layers", .concatenate(axis: -1), parts)
    } else if let layer {
      node = try index(ofLayer: layer)
      if graph.nodes[node].shape.count != 1 {
        node = try result.add("\(graph.nodes[node].name):flat", .reshape(shape: [-1]), [node])
      }
    }
    return result.pruned(to: [node])
  }

  /// The node of a layer, by its name or, where that is unique, its name inside a nested model.
  /// - Throws: `KerasError.unknownLayer` with the nearest names.
  package func index(ofLayer name: String) throws -> Int {
    if let node = graph.firstIndex(named: name) { return node }
    let inside = graph.nodes.indices.filter { graph.nodes[$0].name.hasSuffix("/\(name)") }
    guard inside.count == 1 else {
      let nearest =
        inside.isEmpty
        ? Spelling.nearest(to: name, among: graph.nodes.map(\.name)) : inside.map { graph.nodes[$0].name }
      throw KerasError.unknownLayer(file: path, name: name, nearest: Array(nearest.prefix(5)))
    }
    return inside[0]
  }
}

extension Graph {
  /// Whether fixed or stored factors are applied before the first layer that learns: the network scales its input
  /// itself.
  var scalesInput: Bool {
    for node in nodes {
      switch node.operation {
      case .linear, .affine: return true
      case .input, .identity, .zeroPadding, .dropout, .permute: continue
      default: return false
      }
    }
    return false
  }
}

extension ModelConfiguration {
  /// Keras' major version: as stated, or as the classes' names tell.
  func majorVersion(stated: String?) -> Int {
    if let digit = stated?.first.flatMap({ Int(String($0)) }) { return digit }
    let old = ["Convolution2D", "Merge", "SeparableConvolution2D", "AtrousConvolution2D"]
    return layers.contains { old.contains($0.className) } ? 1 : 2
  }

  /// How convolution kernels lie in the file: Keras 1 stored them as its backend had them.
  func kernelOrder(version: Int, backend: String?) -> WeightBinding.KernelOrder {
    func usesTheanoOrder(_ model: ModelConfiguration) -> Bool {
      model.layers.contains { $0.config["dim_ordering"].string == "th" || $0.inner.contains(where: usesTheanoOrder) }
    }
    return WeightBinding.KernelOrder(
      filtersFirst: version < 2 && usesTheanoOrder(self), flipped: backend == "theano")
  }
}

/// Names that a user may have meant.
enum Spelling {
  /// The names at the smallest edit distance, nearest first.
  static func nearest(to name: String, among names: [String], count: Int = 3) -> [String] {
    let wanted = Array(name.lowercased().utf8.prefix(80))
    let scored = names.map { (name: $0, distance: distance(wanted, Array($0.lowercased().utf8.prefix(80)))) }
    return scored.sorted { $0.distance < $1.distance }.prefix(count).map(\.name)
  }

  private static func distance(_ a: [UInt8], _ b: [UInt8]) -> Int {
    var previous = Array(0...b.count)
    for (row, x) in a.enumerated() {
      var current = [row + 1]
      for (column, y) in b.enumerated() {
        current.append(min(previous[column] + (x == y ? 0 : 1), previous[column + 1] + 1, current[column] + 1))
      }
      previous = current
    }
    return previous[b.count]
  }
}
