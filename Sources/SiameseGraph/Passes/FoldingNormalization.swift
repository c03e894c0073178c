import SiameseTensors

/// What a normalisation does at inference to each channel: `scale · x + offset`.
private struct ChannelMap: Sendable {
  var scale: [Float], offset: [Float]
}

extension InferenceGraph {
  /// Folds batch normalisation, learned scales and fixed scales into the convolution or dense layer before them, and
  /// turns the batch normalisation that is left into a scale and an offset. Weights change when they are read.
  mutating func foldNormalization() throws {
    while let next = try foldedOnce() { self = next }
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

  /// One round of folding; nil where nothing was left to fold.
  private func foldedOnce() throws(GraphError) -> InferenceGraph? {
    let source = parameters
    var store = parameters
    var folded = 0

    /// The node that node `index` can be folded into.
    func host(of index: Int, _ rewriter: GraphRewriter) -> Int? {
      switch graph.nodes[index].operation {
      case .batchNormalization, .affine, .linear: break
      default: return nil
      }
      let input = graph.nodes[index].inputs[0]
      guard rewriter.feedsOnlyOne(input), graph.nodes[input].activation == .linear else { return nil }
      switch graph.nodes[input].operation {
      case .convolution(let c): return c.activation == .linear && !c.residual ? input : nil
      case .dense(_, _, let activation): return activation == .linear ? input : nil
      default: return nil
      }
    }

    let rewritten = try graph.rewritten { rewriter, index, node throws(GraphError) in
      if rewriter.feedsOnlyOne(index), host(of: rewriter.consumers[index][0], rewriter) == index { return }
      guard let host = host(of: index, rewriter) else { return try rewriter.copy(index) }
      folded += 1
      let layer = graph.nodes[host]
      let shapes = graph.parameterShapes(of: host)
      let filters = layer.shape.last ?? 1
      let operation: Operation
      switch layer.operation {
      case .convolution(var c):
        c.bias = true
        operation = .convolution(c)
      case .dense(let units, _, let activation): operation = .dense(units: units, bias: true, activation: activation)
      default: return try rewriter.copy(index)
      }
      guard let kernel = layer.parameters[.kernel], let shape = shapes[.kernel] else { return }
      let bias = layer.parameters[.bias]
      let paths = (kernel: "\(kernel):\(node.name)", bias: "\(bias ?? kernel):\(node.name):offset")
      store.set(paths.kernel, shape: shape) {
        try source.tensor(kernel).scalingLastAxis(by: source.channelMap(of: node).scale)
      }
      store.set(paths.bias, shape: [filters]) {
        let map = try source.channelMap(of: node)
        guard let bias else { return Tensor(shape: [filters], elements: map.offset) }
        let old = try source.tensor(bias).elements
        return Tensor(shape: [filters], elements: (0..<filters).map { map.scale[$0] * old[$0] + map.offset[$0] })
      }
      try rewriter.copy(
        index, name: layer.name, operation, inputs: layer.inputs, parameters: [.kernel: paths.kernel, .bias: paths.bias])
    }
    guard folded > 0 else { return nil }
    var result = self
    result.graph = rewritten
    result.parameters = store
    return result
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

extension ParameterStore {
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
