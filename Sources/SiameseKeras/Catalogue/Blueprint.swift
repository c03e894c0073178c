import SiameseGraph

/// A network being drawn: what the chained calls on `FeatureMap` add to.
///
/// The first thing that does not fit is kept and thrown by `finish`, so that drawings read without `try` on every line.
final class Blueprint {
  private(set) var builder = NetworkBuilder()
  private var failure: GraphError?
  private var counts: [String: Int] = [:]

  private let flattensChannelsFirst: Bool

  init(flattensChannelsFirst: Bool = false) { self.flattensChannelsFirst = flattensChannelsFirst }

  /// The picture that enters.
  func input(height: Int, width: Int, channels: Int, name: String = "input_1") -> FeatureMap {
    FeatureMap(
      blueprint: self,
      node: draw { builder throws(GraphError) in
        try builder.add(name, "InputLayer", .input(shape: [height, width, channels]), [])
      })
  }

  /// The builder with `output` as the network's output.
  /// - Throws: `GraphError` for the first layer that did not fit.
  func finish(_ output: FeatureMap) throws(GraphError) -> NetworkBuilder {
    if let failure { throw failure }
    builder.setOutputs([output.node])
    return builder
  }

  func draw(_ body: (inout NetworkBuilder) throws(GraphError) -> Int) -> Int {
    guard failure == nil else { return 0 }
    do { return try body(&builder) } catch {
      failure = error
      return 0
    }
  }

  func enter(_ model: String) { builder.nesting.append(model) }
  func leave() { builder.nesting.removeLast() }

  /// The map in the order in which it is flattened.
  func flattening(_ name: String, _ node: Int) -> Int {
    guard flattensChannelsFirst, shape(node).count == 3 else { return node }
    return draw { builder throws(GraphError) in
      try builder.part(name, "layout", .permute(axes: [2, 0, 1]), [node])
    }
  }

  func shape(_ node: Int) -> [Int] {
    builder.graph.nodes.indices.contains(node) ? builder.shape(node) : [1, 1, 1]
  }

  /// `name`, or the one Keras would make up in a fresh session: `conv2d`, `conv2d_1`, …
  func name(_ name: String?, _ className: String) -> String {
    if let name { return name }
    let stem = KerasWeightTree.snakeCase(className)
    defer { counts[stem, default: 0] += 1 }
    return counts[stem].map { "\(stem)_\($0)" } ?? stem
  }
}
