import SiameseGraph
import SiameseTensors

/// What is known about one kind of layer: the classes under which Keras stores it, what it becomes in a graph, and
/// how a graph's node is written as it.
struct LayerCodec: Sendable {
  /// Reads one call of a layer; nil where the layer is not meant after all, as when an operator has a layer's class
  /// name.
  typealias Read =
    @Sendable (inout ConfigurationReader, LayerAttributes, ConfigurationReader.Call) throws ->
    ConfigurationReader.Value?
  /// Writes a node.
  typealias Write = @Sendable (inout KerasModel, KerasModel.Source) throws -> KerasModel.Reference

  /// Where the layer belongs in a drawing.
  let family: LayerFamily
  /// Keras' classes for it, in all versions; empty for what is only written.
  let classNames: [String]
  /// nil for what is only written.
  let read: Read?
  /// Whether the nodes of an operation are written by `write`.
  let writes: @Sendable (Operation) -> Bool
  let write: Write

  /// A layer that needs code of its own in one direction or both.
  init(
    _ family: LayerFamily, _ classNames: [String] = [], read: Read? = nil,
    writes: @escaping @Sendable (Operation) -> Bool = { _ in false },
    write: @escaping Write = { _, source in
      throw KerasError.unwritable(layer: source.node.name, reason: "Keras has no such layer")
    }
  ) {
    (self.family, self.classNames, self.read) = (family, classNames, read)
    (self.writes, self.write) = (writes, write)
  }

  /// How a layer's input is turned before it is read: a graph's maps are `[H, W, C]`, Keras' may be `[C, H, W]`.
  enum Placement: Sendable {
    /// Element by element: the input stays as it is.
    case anywhere
    /// Along the axis of its attribute `axis`, which is moved last; the last where it has none.
    case alongAxis
    /// Over a map `[H, W, C]`.
    case map
    /// With Keras' own order of axes.
    case kerasOrder
  }

  /// A layer with one input that is one operation, whose attributes and weights have counterparts one by one.
  ///
  /// - Parameters:
  ///   - classNames: Keras' classes for it; the first is the one that is written.
  ///   - weights: Keras' names of its weights, in Keras' order. Their shapes are those of the operation's parameters.
  ///   - read: The operation for a layer's attributes and the shape of its input. Throws `LayerProblem`.
  ///   - write: The attributes of an operation whose output has this shape; nil for operations that are not this
  ///     layer's. Throws `LayerProblem` for those of them that Keras does not have.
  static func layer(
    _ classNames: [String], _ family: LayerFamily, _ placement: Placement, weights: [(ParameterRole, String)] = [],
    read: @escaping @Sendable (LayerAttributes, _ inputShape: [Int]) throws -> Operation,
    write: @escaping @Sendable (Operation, _ shape: [Int]) throws -> [String: JSON]?
  ) -> LayerCodec {
    LayerCodec(
      family, classNames,
      read: { reader, layer, call in
        func add(_ reader: inout ConfigurationReader, _ node: Int) throws -> Int {
          try reader.builder.layer(
            layer.name, weights.isEmpty ? layer.className : classNames[0], read(layer, reader.builder.shape(node)),
            node, weights: weights)
        }
        let input = try reader.only(call)
        switch placement {
        case .anywhere:
          return .init(node: try add(&reader, input.node), channelsFirst: input.channelsFirst)
        case .alongAxis:
          return try reader.along(try layer.axis(default: -1), of: input, layer.name) { try add(&$0, $1) }
        case .map:
          let map = try reader.map(input, layer)
          return .init(node: try add(&reader, map), channelsFirst: layer.isChannelsFirst)
        case .kerasOrder:
          let plain = try reader.plain(input, layer.name)
          return .init(node: try add(&reader, plain))
        }
      },
      // Operations that it has no attributes for are its own all the same: it says why they cannot be written.
      writes: { operation in do { return try write(operation, []) != nil } catch { return true } },
      write: { model, source in
        do {
          let config = try write(source.node.operation, source.node.shape) ?? [:]
          if weights.isEmpty {
            return model.layer(source.node.name, classNames[0], config, source.inputs, shape: source.node.shape)
          }
          return model.weighted(
            source.node, classNames[0], config, source.inputs, shape: source.node.shape,
            model.weights(source, weights))
        } catch let problem as LayerProblem {
          throw KerasError.unwritable(layer: source.node.name, reason: problem.reason)
        }
      })
  }

  /// Classes that have no counterpart here, and what to do about them.
  static func refused(_ classNames: [String], remedy: String) -> LayerCodec {
    LayerCodec(.other, classNames, read: { _, _, _ in throw UnsupportedLayer(remedy: remedy) })
  }
}

/// What a drawing tells apart by colour.
enum LayerFamily: Sendable {
  case input, weighted, normalization, activation, pooling, merging, other

  var color: String {
    switch self {
    case .input: "#d9d9d9"
    case .weighted: "#a9cbee"
    case .normalization: "#cfe8c9"
    case .activation: "#f6c9c0"
    case .pooling: "#e3cdf0"
    case .merging: "#fbd9a5"
    case .other: "#efefef"
    }
  }
}
