import SiameseGraph
import SiameseTensors

/// One of each activation, at usual settings.
package let allActivations: [Activation] = [
  .relu, .relu6, .leakyReLU(slope: 0.2), .rectifier(maximum: 1.5, slope: 0.1, threshold: 0.25), .sigmoid,
  .hardSigmoid(slope: 0.2, offset: 0.5), .tanh, .silu, .hardSilu, .gelu(approximate: false), .gelu(approximate: true),
  .elu(alpha: 0.7), .selu, .softplus, .softsign, .exponential, .mish, .square, .absolute, .signedSquareRoot,
]

extension Tensor {
  /// Normally distributed numbers.
  package static func normal(_ shape: [Int], _ random: inout SeededGenerator) -> Tensor {
    Tensor(shape: shape, elements: (0..<shape.reduce(1, *)).map { _ in random.normal() })
  }
}

extension ParameterStore {
  /// Random weights for every layer, variances positive, kernels scaled by their fan-in.
  package static func seeded(for graph: Graph, _ random: inout SeededGenerator) -> ParameterStore {
    var store = ParameterStore()
    for (path, shape) in graph.parameterShapes {
      var tensor = Tensor.normal(shape, &random)
      if path.hasSuffix("moving_variance") { tensor.elements = tensor.elements.map { 0.5 + abs($0) } }
      if path.hasSuffix("gamma") { tensor.elements = tensor.elements.map { 1 + 0.3 * $0 } }
      if shape.count > 1 {
        let fanIn = Float(shape.dropLast().reduce(1, *))
        tensor.elements = tensor.elements.map { $0 / fanIn.squareRoot() }
      }
      store.set(path, tensor)
    }
    return store
  }
}
