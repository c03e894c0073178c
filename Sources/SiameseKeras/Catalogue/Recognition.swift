import SiameseGraph

/// Finds out which architecture a file of weights alone belongs to, from layer names and shapes.
struct Recognition {
  /// The weights of one layer in a file.
  struct Entry {
    /// The layer's name, or its place in a Keras 3 file.
    var name: String
    var weights: [KerasWeight]
  }

  struct Match {
    var architecture: Architecture
    var builder: NetworkBuilder
    var kernels: WeightBinding.KernelOrder
    /// The weights of each of the builder's layers that has any, by path.
    var weights: [String: [KerasWeight]]
  }

  /// Why an architecture does not fit.
  struct Misfit: Error {
    /// How many of the file's layers have a counterpart.
    var common: Int
    var reason: String
  }

  let file: KerasFile
  let entries: [Entry]
  let isTree: Bool
  let inputSize: Size?

  init(_ file: KerasFile, inputSize: Size?) throws {
    self.file = file
    self.inputSize = inputSize
    switch file.weights {
    case .layers(let layers):
      isTree = false
      entries = layers.filter { !$0.weights.isEmpty }.flatMap(Self.entries)
    case .tree(let tree):
      isTree = true
      entries = try tree.placesWithWeights().map { Entry(name: $0, weights: try tree.weights(at: $0)) }
    }
  }

  /// A layer's entry, or those of the layers of a nested model, whose weights stand under their own layers' names.
  private static func entries(of layer: KerasLayerWeights) -> [Entry] {
    let owners = layer.weights.map { $0.name.split(separator: "/").dropLast().last.map(String.init) ?? "" }
    guard Set(owners).count > 1, !owners.contains(""), !owners.contains(layer.name) else {
      return [Entry(name: layer.name, weights: layer.weights)]
    }
    var order: [String] = []
    for owner in owners where !order.contains(owner) { order.append(owner) }
    return order.map { owner in
      Entry(
        name: "\(layer.name)/\(owner)", weights: zip(owners, layer.weights).filter { $0.0 == owner }.map(\.1))
    }
  }

  /// The number of numbers in the file.
  private var total: Int { entries.reduce(0) { $0 + $1.weights.reduce(0) { $0 + $1.shape.reduce(1, *) } } }

  /// The only one of `architectures` that fits.
  /// - Throws: `KerasError.unrecognised` or `.ambiguous`, with the nearest ones and what differs.
  func match(among architectures: [Architecture] = Architecture.all) throws -> Match {
    let total = total
    let likely = architectures.filter { [$0.parameterCount.withTop, $0.parameterCount.withoutTop].contains(total) }
    var found = likely.compactMap { try? match($0) }
    if found.isEmpty {
      // Other numbers of classes, other input sizes.
      var misfits: [(name: String, misfit: Misfit)] = []
      for architecture in architectures {
        do { found.append(try match(architecture)) } catch let misfit as Misfit {
          misfits.append((architecture.name, misfit))
        }
      }
      if found.isEmpty {
        let nearest = misfits.filter { $0.misfit.common > 0 }.sorted { $0.misfit.common > $1.misfit.common }.prefix(3)
        throw KerasError.unrecognised(file: file.path, nearest: nearest.map { "\($0.name) (\($0.misfit.reason))" })
      }
    }
    guard found.count == 1 else {
      throw KerasError.ambiguous(file: file.path, candidates: Self.differences(found))
    }
    return found[0]
  }

  /// The names of matches, each with what sets it apart: the preprocessing, and the first layer of its own.
  private static func differences(_ matches: [Match]) -> [String] {
    func descriptions(_ match: Match) -> [String] {
      let graph = match.builder.graph
      return match.builder.layers.map { layer in
        "\(layer.className) '\(layer.path)'"
          + (layer.nodes.first.map { " of \(graph.nodes[$0].shape.map(String.init).joined(separator: "×"))" } ?? "")
      }
    }
    let layers = matches.map(descriptions)
    return zip(matches, layers).enumerated().map { index, pair in
      let others = Set(layers.enumerated().filter { $0.offset != index }.flatMap(\.element))
      let own = pair.1.first { !others.contains($0) }
      return "\(pair.0.architecture.name) (preprocessing \(pair.0.architecture.preprocessing.rawValue)"
        + (own.map { ", has \($0)" } ?? "") + ")"
    }
  }

  /// The file's weights as those of `architecture`, with or without its top.
  /// - Throws: `Misfit`.
  func match(_ architecture: Architecture) throws -> Match {
    var nearest: Misfit?
    var attempts: [(classes: Int?, size: Size?)] = [(nil, inputSize)]
    if let top = try? architecture.build(classes: architecture.classes, inputSize: inputSize) {
      attempts = [(classes(of: architecture, top: top), size(of: architecture, top: top)), (nil, inputSize)]
    }
    for (classes, size) in attempts {
      do { return try match(architecture, classes: classes, size: size) } catch let misfit as Misfit {
        if misfit.common >= nearest?.common ?? 0 { nearest = misfit }
      }
    }
    throw nearest ?? Misfit(common: 0, reason: "does not fit")
  }

  private func match(_ architecture: Architecture, classes: Int?, size: Size?) throws -> Match {
    let builder: NetworkBuilder
    do { builder = try architecture.build(classes: classes, inputSize: size) } catch {
      throw Misfit(common: 0, reason: "\(error)")
    }
    let layers = builder.layers.filter { !$0.weights.isEmpty }
    var nearest: Misfit?
    for pairing in pairings(builder, layers) {
      for filtersFirst in isTree ? [false] : [false, true] {
        do {
          try check(layers, pairing, filtersFirst: filtersFirst)
          guard filtersFirst else {
            let flipped = file.backend == "theano"
            return Match(
              architecture: architecture, builder: builder, kernels: .init(flipped: flipped), weights: pairing)
          }
          // Kernels laid out as Theano's come from it, unless the file says otherwise; and its maps were [C, H, W].
          return Match(
            architecture: architecture,
            builder: try architecture.build(classes: classes, inputSize: size, flattensChannelsFirst: true),
            kernels: .init(filtersFirst: true, flipped: file.backend == "theano" || file.backend == nil),
            weights: pairing)
        } catch let misfit as Misfit {
          if misfit.common > nearest?.common ?? -1 { nearest = misfit }
        }
      }
    }
    throw nearest ?? Misfit(common: 0, reason: "no layer has a name in common")
  }

  /// The ways in which the file's entries may belong to the layers, likeliest first.
  private func pairings(_ builder: NetworkBuilder, _ layers: [KerasLayer]) -> [[String: [KerasWeight]]] {
    if isTree {
      let byPlace = Dictionary(entries.map { ($0.name, $0.weights) }, uniquingKeysWith: { first, _ in first })
      return [builder.places().compactMapValues { byPlace[$0] }]
    }
    var result: [[String: [KerasWeight]]] = []
    let names = Set(layers.map(\.path))
    let byName = Dictionary(
      entries.map { (LayerNames.current($0.name, among: names), $0.weights) }, uniquingKeysWith: { first, _ in first })
    if layers.contains(where: { byName[$0.path] != nil }) { result.append(byName) }
    result.append(byRank(layers))
    if entries.count == layers.count {
      let ordered = builder.modelOrder().filter { !builder.layers[$0].weights.isEmpty }
      result.append(
        Dictionary(
          zip(ordered, entries).map { (builder.layers[$0].path, $1.weights) }, uniquingKeysWith: { first, _ in first }))
    }
    return result
  }

  /// Automatic names count on from layer to layer, and from model to model in a session: only their order tells.
  private func byRank(_ layers: [KerasLayer]) -> [String: [KerasWeight]] {
    func ranked<T>(_ elements: [T], _ name: (T) -> String) -> [String: [T]] {
      Dictionary(grouping: elements) { String(LayerNames.split(name($0)).stem) }.mapValues { group in
        group.sorted { LayerNames.split(name($0)).number < LayerNames.split(name($1)).number }
      }
    }
    let theirs = ranked(entries, \.name)
    var result: [String: [KerasWeight]] = [:]
    for (stem, ours) in ranked(layers, \.path) {
      guard let group = theirs[stem] else { continue }
      for (layer, entry) in zip(ours, group) { result[layer.path] = entry.weights }
    }
    return result
  }

  /// Checks that every layer has its weights and every entry a layer.
  private func check(_ layers: [KerasLayer], _ pairing: [String: [KerasWeight]], filtersFirst: Bool) throws {
    var common = 0
    var first: String?
    for layer in layers {
      guard let weights = pairing[layer.path] else {
        first = first ?? "it has layer '\(layer.path)', the file has not"
        continue
      }
      guard weights.count == layer.weights.count else {
        first = first ?? "its layer '\(layer.path)' has \(layer.weights.count) weights, the file's \(weights.count)"
        continue
      }
      var fits = true
      for (expected, found) in zip(layer.weights, weights) {
        let shape =
          filtersFirst && expected.shape.count == 4 ? WeightBinding.filtersFirst(expected.shape) : expected.shape
        guard found.shape == shape || found.shape.filter({ $0 != 1 }) == shape.filter({ $0 != 1 }) else {
          first =
            first ?? "its layer '\(layer.path)' has \(expected.name) of shape \(shape), the file's \(found.shape)"
          fits = false
          break
        }
      }
      if fits { common += 1 }
    }
    if first == nil, layers.count != entries.count {
      first = "it has \(layers.count) layers with weights, the file \(entries.count)"
    }
    if let first { throw Misfit(common: common, reason: first) }
  }

  /// How many classes the file's classifier tells apart, if it has the architecture's.
  private func classes(of architecture: Architecture, top: NetworkBuilder) -> Int? {
    guard let classifier = top.layers.last(where: { !$0.weights.isEmpty }) else { return nil }
    let weights = pairings(top, top.layers.filter { !$0.weights.isEmpty }).lazy.compactMap { $0[classifier.path] }.first
    return weights?.first?.shape.last ?? architecture.classes
  }

  /// The input size that the first dense layer after a flattened map was made for.
  private func size(of architecture: Architecture, top: NetworkBuilder) -> Size? {
    if let inputSize { return inputSize }
    let graph = top.graph
    for layer in top.layers where layer.className == "Dense" {
      guard let node = layer.nodes.first, let before = graph.nodes[node].inputs.first,
        case .reshape = graph.nodes[before].operation, let map = graph.nodes[before].inputs.first,
        graph.nodes[map].shape.count == 3
      else { continue }
      let shape = graph.nodes[map].shape
      let weights = pairings(top, top.layers.filter { !$0.weights.isEmpty }).lazy.compactMap { $0[layer.path] }.first
      guard let rows = weights?.first?.shape.first, rows % shape[2] == 0 else { return nil }
      let side = Int(Double(rows / shape[2]).squareRoot().rounded())
      guard side * side * shape[2] == rows, side > 0, shape[0] > 0 else { return nil }
      return Size(side * (architecture.inputSize / shape[0]))
    }
    return nil
  }
}
