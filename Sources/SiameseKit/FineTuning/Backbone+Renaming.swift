import SiameseGraph
import SiameseMetricLearning

extension Backbone {
  /// The name of the last layer of a backbone that was exported to start from.
  private static let exportedLayer = "features"

  /// The same network with names that leave room for a head of this design: layers of an earlier fine-tuning that have
  /// names of its layers become `earlier_…`, weights included.
  func makingRoom(for head: HeadDesign) throws -> Backbone {
    let wanted = head.layerNames
    guard graph.nodes.contains(where: { wanted.contains($0.name) }) else { return self }
    return try renaming { wanted.contains($0) ? earlier($0) : $0 }
  }

  /// The same network with names for one to start from: the embedding is called `features`, and the layers of a head that
  /// was trained with it lose the head's prefix.
  func namedToStartFrom() throws -> Backbone {
    let taken = Set(graph.nodes.map(\.name))
    return try renaming { name in
      if name == layer { return Self.exportedLayer }
      if name == Self.exportedLayer { return earlier(name) }
      let short = headLayers.contains(name) ? HeadDesign.nameInBackbone(ofHeadLayer: name) : name
      return taken.contains(short) ? name : short
    }
  }

  /// `earlier_…`, as often as it takes to be a new name.
  private func earlier(_ name: String) -> String {
    let taken = Set(graph.nodes.map(\.name))
    var result = "earlier_\(name)"
    while taken.contains(result) { result = "earlier_\(result)" }
    return result
  }

  private func renaming(_ newName: (String) -> String) throws -> Backbone {
    var result = Graph()
    var store = parameters
    for node in graph.nodes {
      let name = newName(node.name)
      var paths = node.parameters
      if name != node.name {
        for (role, path) in node.parameters {
          let moved = "\(name)/\(role.rawValue)"
          guard let shape = parameters.shape(of: path) else { continue }
          store.set(moved, shape: shape) { [parameters] in try parameters.tensor(path) }
          paths[role] = moved
        }
      }
      try result.add(name, node.operation, node.inputs, parameters: paths)
    }
    result.outputs = graph.outputs
    var renamed = Backbone(
      path: path, architecture: architecture, graph: result, parameters: store, preprocessing: preprocessing,
      isUntrained: isUntrained)
    renamed.views = views
    return renamed
  }
}
