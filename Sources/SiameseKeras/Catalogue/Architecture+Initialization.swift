import SiameseGraph
import SiameseTensors

extension Architecture {
  /// The network without top, with the weights that training from scratch starts from.
  ///
  /// Kernels are normal with variance 2 / fan-in (He and others, 2015, https://arxiv.org/abs/1502.01852), offsets 0,
  /// scales and variances 1.
  /// - Throws: `GraphError` where the input is too small.
  package func untrained(
    inputSize: Size? = nil, seed: UInt64
  ) throws(GraphError) -> (graph: Graph, parameters: ParameterStore) {
    let builder = try build(classes: nil, inputSize: inputSize)
    var random = SeededGenerator(seed: seed)
    var parameters = ParameterStore()
    for node in builder.graph.nodes.indices {
      for (role, shape) in builder.graph.parameterShapes(of: node).sorted(by: { $0.key.rawValue < $1.key.rawValue }) {
        guard let path = builder.graph.nodes[node].parameters[role], parameters.shape(of: path) == nil else { continue }
        parameters.set(path, builder.constants[path] ?? role.initial(shape, using: &random))
      }
    }
    var graph = builder.graph
    let feature = graph.defaultFeatureNode()
    return (graph.pruned(to: [feature]), parameters)
  }
}

extension ParameterRole {
  fileprivate func initial(_ shape: [Int], using random: inout SeededGenerator) -> Tensor {
    switch self {
    case .kernel:
      let deviation = (2 / Float(max(1, shape.dropLast().reduce(1, *)))).squareRoot()
      return Tensor(shape: shape, elements: (0..<shape.reduce(1, *)).map { _ in deviation * random.normal() })
    case .gamma, .movingVariance, .scale: return Tensor(shape: shape, repeating: 1)
    case .bias, .beta, .movingMean, .offset: return Tensor(shape: shape)
    case .slope: return Tensor(shape: shape, repeating: 0.25)
    }
  }
}
