import Networks

extension Backbone {
  /// The same network with names that leave room for a new head: what an earlier fine-tuning called `head_…` or
  /// `embedding` becomes `earlier_…`, weights included.
  func makingRoomForHead() throws -> Backbone {
    func isOfHead(_ name: String) -> Bool { name == "embedding" || name.hasPrefix("head_") }
    guard graph.nodes.contains(where: { isOfHead($0.name) }) else { return self }
    let taken = Set(graph.nodes.map(\.name))
    func renamed(_ name: String) -> String {
      guard isOfHead(name) else { return name }
      var result = "earlier_\(name)"
      while taken.contains(result) { result = "earlier_\(result)" }
      return result
    }
    var result = Graph()
    var store = parameters
    for node in graph.nodes {
      let name = renamed(node.name)
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
    var renamedBackbone = Backbone(
      path: path, architecture: architecture, graph: result, parameters: store, preprocessing: preprocessing,
      isUntrained: isUntrained)
    renamedBackbone.views = views
    return renamedBackbone
  }
}
