import SiameseGraph
import SiameseTensors

extension HeadDesign {
  /// The layers in order. Those of a file whose features are no vector begin with one that flattens them.
  /// - Parameter width: the last dense layer's, where the design leaves it open.
  private func layers(flattening: Bool, width: Int) -> [(layer: HeadLayer, operation: Operation)] {
    var result: [(layer: HeadLayer, operation: Operation)] = []
    if flattening { result.append((.flatten, .reshape(shape: [-1]))) }
    let unitLength: (layer: HeadLayer, operation: Operation) = (.embedding, .unitNormalization(epsilon: 1e-12))
    guard projects else { return result + [unitLength] }
    if signedRoot { result.append((.signedRoot, .activation(.signedSquareRoot))) }
    for (index, units) in hidden.enumerated() {
      let block = index + 1
      result.append((.dense(block), .dense(units: units, bias: false, activation: .linear)))
      result.append(
        (.normalization(block), .batchNormalization(epsilon: 1e-3, momentum: 0.9, scale: true, center: true)))
      result.append((.activation(block), .activation(.relu)))
      if dropout > 0 { result.append((.dropout(block), .dropout(rate: dropout))) }
    }
    result.append((lastDense, .dense(units: self.width ?? width, bias: true, activation: .linear)))
    return normalized ? result + [unitLength] : result
  }

  /// The last dense layer: of a head whose embeddings are not brought to length 1, the embedding itself.
  private var lastDense: HeadLayer { normalized ? .projection : .embedding }

  /// The names that the head's layers take in a graph, the one that flattens included.
  package var layerNames: Set<String> { Set(layers(flattening: true, width: 1).map(\.layer.name)) }

  /// Appends the head's layers behind `node`, whose output is flattened, and returns the embedding's node.
  /// - Parameter width: the last dense layer's, where the design leaves it open.
  /// - Throws: `GraphError` where the graph has layers of these names.
  package func add(to graph: inout Graph, behind node: Int, width: Int) throws -> Int {
    try layers(flattening: graph.nodes[node].shape.count != 1, width: width).reduce(node) { last, next in
      try graph.add(next.layer.name, next.operation, [last])
    }
  }

  /// A head for these features `[N, …]` of the training classes, with the weights it starts from.
  /// - Throws: `MetricLearningError` where the start cannot be fitted.
  package func fit(features: Tensor, labels: [Int], seed: UInt64) throws -> Head {
    var features = features.reshaped([features.rowCount, features.rowWidth])
    guard projects else {
      return Head(design: self, depth: features.rowWidth, width: features.rowWidth, parameters: [:])
    }
    if signedRoot {
      for k in features.elements.indices {
        let x = features.elements[k]
        features.elements[k] = x < 0 ? -(-x).squareRoot() : x.squareRoot()
      }
    }
    let depth = features.rowWidth
    var generator = SeededGenerator(seed: seed)
    var parameters: [String: Tensor] = [:]
    var inner = depth
    for (index, units) in hidden.enumerated() {
      let (dense, normalization) = (HeadLayer.dense(index + 1).name, HeadLayer.normalization(index + 1).name)
      // ReLU halves the variance that the next layer sees.
      parameters["\(dense)/kernel"] = .orthogonal(inner, units, gain: Float(2).squareRoot(), using: &generator)
      for (role, value) in [("gamma", Float(1)), ("beta", 0), ("moving_mean", 0), ("moving_variance", 1)] {
        parameters["\(normalization)/\(role)"] = Tensor(shape: [units], repeating: value)
      }
      inner = units
    }
    var (kernel, bias): (Tensor, Tensor)
    if hidden.isEmpty, let method = start.closedForm {
      let fit = try ClosedFormFit(method, features: features, labels: labels, width: width, shrinkage: shrinkage)
      (kernel, bias) = (fit.kernel, fit.bias)
    } else {
      let units = width ?? inner
      kernel = start == .identity ? .identity(inner, units) : .orthogonal(inner, units, gain: 1, using: &generator)
      bias = Tensor(shape: [units])
      if hidden.isEmpty {
        var mean = Tensor(shape: [1, depth])
        for i in 0..<features.rowCount {
          for k in 0..<depth { mean.elements[k] -= features.elements[i * depth + k] / Float(features.rowCount) }
        }
        bias = Tensor.product(mean, kernel).reshaped([units])
      }
    }
    if normalized, hidden.isEmpty {
      // Lengths do not count: bring the kernel to the size of an orthogonal one, to which learning rates are fitted.
      let length = kernel.elements.reduce(0) { $0 + Double($1) * Double($1) }.squareRoot()
      let scale = Float(Double(min(inner, kernel.shape[1])).squareRoot() / max(length, 1e-30))
      for k in kernel.elements.indices { kernel.elements[k] *= scale }
      for k in bias.elements.indices { bias.elements[k] *= scale }
    }
    parameters["\(lastDense.name)/kernel"] = kernel
    parameters["\(lastDense.name)/bias"] = bias
    return Head(design: self, depth: depth, width: kernel.shape[1], parameters: parameters)
  }
}
