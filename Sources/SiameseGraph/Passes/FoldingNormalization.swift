import SiameseTensors

/// What a normalisation does at inference to each channel: `scale · x + offset`.
private struct ChannelMap: Sendable {
  var scale: [Float], offset: [Float]
}

extension InferenceGraph {
  /// Folds batch normalisation, learned scales and fixed scales into the convolution or dense layer before them, and
  /// turns the batch normalisation that is left into a scale and an offset. Weights change when they are read.
  mutating func foldNormalization() throws(GraphError) {
    try foldIntoLayers()
    let source = parameters
    var store = parameters
    graph = try graph.rewritten { rewriter, index, node throws(GraphError) in
      guard case .batchNormalization = node.operation else { return try rewriter.copy(index) }
      let channels = node.shape.last ?? 1
      let paths = (scale: "\(node.name)/:scale", offset: "\(node.name)/:offset")
      store.set(paths.scale, shape: [channels]) {
        Tensor(shape: [channels], elements: try source.channelMap(of: node).scale)
      }
      store.set(paths.offset, shape: [channels]) {
        Tensor(shape: [channels], elements: try source.channelMap(of: node).offset)
      }
      try rewriter.copy(
        index, .affine(scale: true, offset: true), parameters: [.scale: paths.scale, .offset: paths.offset])
    }
    parameters = store
  }

  private mutating func foldIntoLayers() throws(GraphError) {
    let source = parameters
    var store = parameters
    let runs = foldableRuns
    let layerOfRun = Dictionary(
      uniqueKeysWithValues: runs.compactMap { layer, run in run.last.map { ($0, layer) } })
    let left = Set(runs.keys).union(runs.values.flatMap { $0.dropLast() })
    graph = try graph.rewritten { rewriter, index, node throws(GraphError) in
      if left.contains(index) { return }
      guard let layer = layerOfRun[index], let run = runs[layer] else { return try rewriter.copy(index) }
      let (host, nodes) = (graph.nodes[layer], run.map { graph.nodes[$0] })
      let paths = store.setFolded(nodes, into: host, graph.parameterShapes(of: layer), from: source)
      try rewriter.copy(
        index, name: host.name, host.operation.withBias, inputs: host.inputs, parameters: paths)
    }
    parameters = store
  }

  /// By convolution or dense layer, the scales and normalisations after it, each alone in taking the output before it.
  private var foldableRuns: [Int: [Int]] {
    let consumers = graph.consumers
    var layers: [Int: Int] = [:]
    var runs: [Int: [Int]] = [:]
    for (index, node) in graph.nodes.enumerated() {
      guard node.operation.isChannelMap, let input = node.inputs.first, graph.nodes[input].activation == .linear,
        consumers[input].count == 1, !graph.outputs.contains(input),
        let layer = layers[input] ?? (graph.nodes[input].operation.takesChannelMap ? input : nil)
      else { continue }
      layers[index] = layer
      runs[layer, default: []].append(index)
    }
    return runs
  }

  /// Turns dense layers on feature maps into 1×1 convolutions, which work in any layout.
  mutating func convolvePointwiseDenses() throws(GraphError) {
    let source = parameters
    var store = parameters
    graph = try graph.rewritten { rewriter, index, node throws(GraphError) in
      guard case .dense(let units, let bias, let activation) = node.operation, node.shape.count == 3,
        let kernel = node.parameters[.kernel], let channels = graph.nodes[node.inputs[0]].shape.last
      else { return try rewriter.copy(index) }
      var paths = node.parameters
      let path = "\(kernel):pointwise"
      paths[.kernel] = path
      store.set(path, shape: [1, 1, channels, units]) { try source.tensor(kernel).reshaped([1, 1, channels, units]) }
      try rewriter.copy(
        index, .convolution(Convolution(filters: units, kernel: Size(1), bias: bias, activation: activation)),
        parameters: paths)
    }
    parameters = store
  }
}

extension Operation {
  /// Whether it is `scale · x + offset` per channel at inference.
  fileprivate var isChannelMap: Bool {
    switch self {
    case .batchNormalization, .affine, .linear: true
    default: false
    }
  }

  /// Whether its weights can take such a map in.
  fileprivate var takesChannelMap: Bool {
    switch self {
    case .convolution(let c): c.activation == .linear && !c.residual
    case .dense(_, _, let activation): activation == .linear
    default: false
    }
  }

  fileprivate var withBias: Operation {
    switch self {
    case .convolution(var c):
      c.bias = true
      return .convolution(c)
    case .dense(let units, _, let activation): return .dense(units: units, bias: true, activation: activation)
    default: return self
    }
  }
}

extension ParameterStore {
  /// Adds the weights of `layer` as they are after `nodes`, one after the other; gives their paths.
  fileprivate mutating func setFolded(
    _ nodes: [Graph.Node], into layer: Graph.Node, _ shapes: [ParameterRole: [Int]], from source: ParameterStore
  ) -> [ParameterRole: String] {
    guard let kernel = layer.parameters[.kernel], let shape = shapes[.kernel] else { return layer.parameters }
    let bias = layer.parameters[.bias]
    let filters = layer.shape.last ?? 1
    let suffix = nodes.map { ":\($0.name)" }.joined()
    let paths = [ParameterRole.kernel: "\(kernel)\(suffix)", .bias: "\(bias ?? kernel)\(suffix):offset"]
    set("\(kernel)\(suffix)", shape: shape) {
      try nodes.reduce(source.tensor(kernel)) { $0.scalingLastAxis(by: try source.channelMap(of: $1).scale) }
    }
    set("\(bias ?? kernel)\(suffix):offset", shape: [filters]) {
      var sums = try bias.map { try source.tensor($0).elements }
      for node in nodes {
        let map = try source.channelMap(of: node)
        sums = sums.map { old in (0..<filters).map { map.scale[$0] * old[$0] + map.offset[$0] } } ?? map.offset
      }
      return Tensor(shape: [filters], elements: sums ?? [])
    }
    return paths
  }

  /// What a normalising node does to each channel.
  fileprivate func channelMap(of node: Graph.Node) throws -> ChannelMap {
    let count = node.shape.last ?? 1
    func values(_ role: ParameterRole, _ absent: Float) throws -> [Float] {
      guard let path = node.parameters[role] else { return [Float](repeating: absent, count: count) }
      return try tensor(path).elements
    }
    switch node.operation {
    case .batchNormalization(let epsilon, _, _, _):
      let (gamma, beta) = (try values(.gamma, 1), try values(.beta, 0))
      let (mean, variance) = (try values(.movingMean, 0), try values(.movingVariance, 1))
      let scale = (0..<count).map { gamma[$0] / (variance[$0] + epsilon).squareRoot() }
      return ChannelMap(scale: scale, offset: (0..<count).map { beta[$0] - mean[$0] * scale[$0] })
    case .affine: return ChannelMap(scale: try values(.scale, 1), offset: try values(.offset, 0))
    case .linear(let scale, let offset):
      return ChannelMap(
        scale: [Float](repeating: scale, count: count), offset: [Float](repeating: offset, count: count))
    default: return ChannelMap(scale: try values(.scale, 1), offset: try values(.offset, 0))
    }
  }
}

extension Tensor {
  /// Element `i` times `factors[i mod count]`.
  fileprivate func scalingLastAxis(by factors: [Float]) -> Tensor {
    var result = self
    result.elements.withUnsafeMutableBufferPointer { elements in
      factors.withUnsafeBufferPointer { factors in
        for start in stride(from: 0, to: elements.count, by: factors.count) {
          for i in 0..<factors.count { elements[start + i] *= factors[i] }
        }
      }
    }
    return result
  }
}
