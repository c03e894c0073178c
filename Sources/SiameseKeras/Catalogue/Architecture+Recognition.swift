extension Architecture {
  /// The one a user names.
  /// - Throws: `KerasError.unknownArchitecture` with the nearest names.
  package static func find(_ name: String) throws -> Architecture {
    if let found = named(name) { return found }
    throw KerasError.unknownArchitecture(name: name, nearest: Spelling.nearest(to: name, among: all.map(\.name)))
  }

  /// The one whose constructor gives its models this name, by which a size is guessed where a configuration has none.
  static func called(_ modelName: String) -> Architecture? {
    named(String(modelName.prefix { $0 != "_" })) ?? named(modelName)
  }

  /// The architecture that a whole model is, or is built upon: all its weights but those of a new head have the shapes
  /// of the architecture's.
  static func recognise(_ builder: NetworkBuilder) -> Architecture? {
    let weighted = builder.layers.filter { !$0.weights.isEmpty }
    func count(_ layers: some Sequence<KerasLayer>) -> Int {
      layers.reduce(0) { $0 + $1.weights.reduce(0) { $0 + $1.shape.reduce(1, *) } }
    }
    let total = count(weighted)
    let maps = weighted.filter { layer in
      layer.nodes.first.map { builder.shape($0).count == 3 } ?? false
    }
    let counts = [total, count(maps), total - count(weighted.suffix(1))]
    for architecture in all {
      for (classes, expected) in [
        (architecture.classes, architecture.parameterCount.withTop),
        (nil as Int?, architecture.parameterCount.withoutTop),
      ] where counts.contains(expected) {
        guard let known = try? architecture.build(classes: classes) else { continue }
        var shapes: [[Int]: Int] = [:]
        for layer in weighted { for weight in layer.weights { shapes[weight.shape, default: 0] += 1 } }
        for layer in known.layers { for weight in layer.weights { shapes[weight.shape, default: 0] -= 1 } }
        if shapes.values.allSatisfy({ $0 >= 0 }) { return architecture }
      }
    }
    return nil
  }
}
