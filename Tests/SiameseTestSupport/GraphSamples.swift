import SiameseGraph
import SiameseTensors

/// Random weights for everything `graph` needs; variances are positive.
package func randomParameters(_ graph: Graph, seed: UInt64 = 1) -> ParameterStore {
  var generator = SeededGenerator(seed: seed)
  var store = ParameterStore()
  for (path, shape) in graph.parameterShapes {
    let count = shape.reduce(1, *)
    let fan = Float(max(1, shape.dropLast().reduce(1, *)))
    let elements = (0..<count).map { _ -> Float in
      if path.hasSuffix("variance") { return 0.5 + generator.uniform() }
      return shape.count > 1 ? generator.normal() / fan.squareRoot() : generator.normal() * 0.5
    }
    store.set(path, Tensor(shape: shape, elements: elements))
  }
  return store
}

package func randomInputs(_ graph: Graph, batch: Int, seed: UInt64 = 2) -> [Tensor] {
  var generator = SeededGenerator(seed: seed)
  return graph.inputs.map { index in
    let shape = [batch] + graph.nodes[index].shape
    return Tensor(shape: shape, elements: (0..<shape.reduce(1, *)).map { _ in generator.normal() })
  }
}

/// A graph with one input and the operations in a row.
package func chain(_ shape: [Int], _ operations: Operation...) throws -> Graph {
  var graph = Graph()
  var last = try graph.add("input", .input(shape: shape))
  for (index, operation) in operations.enumerated() { last = try graph.add("layer\(index)", operation, [last]) }
  graph.outputs = [last]
  return graph
}

/// The largest difference, in units of the second's spread.
package func difference(_ a: Tensor, _ b: Tensor) -> Float {
  guard a.shape == b.shape else { return .infinity }
  let scale = max(1e-3, (b.elements.reduce(0) { $0 + $1 * $1 } / Float(max(1, b.count))).squareRoot())
  return zip(a.elements, b.elements).reduce(0) { $1.0.isNaN ? .infinity : max($0, abs($1.0 - $1.1)) } / scale
}
