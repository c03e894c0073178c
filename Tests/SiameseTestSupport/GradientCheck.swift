import SiameseGraph
import SiameseTensors

/// Where the plain gradients of a graph differ from finite differences, one sentence each: with respect to every input and
/// every trainable weight, by central differences of a scalar that weighs the output at random.
package func gradientFaults(_ evaluator: ReferenceEvaluator, _ inputs: [Tensor], seed: UInt64 = 12) -> [String] {
  var random = SeededGenerator(seed: seed)
  let weights = Tensor.normal(evaluator(inputs)[0].shape, &random)
  let gradients = evaluator.gradients(inputs, [weights])
  var faults: [String] = []
  func scalar(_ evaluator: ReferenceEvaluator, _ inputs: [Tensor]) -> Double {
    zip(evaluator(inputs)[0].elements, weights.elements).reduce(0) { $0 + Double($1.0) * Double($1.1) }
  }
  func compare(_ gradient: Tensor, _ what: String, _ shifted: (Int, Float) -> Double) {
    let step: Float = 0.004
    let largest = max(gradient.elements.map(abs).max() ?? 0, 0.1)
    for i in gradient.elements.indices {
      let difference = (shifted(i, step) - shifted(i, -step)) / Double(2 * step)
      if !(abs(difference - Double(gradient.elements[i])) <= 0.01 * Double(largest)) {
        faults.append("\(what)[\(i)]: \(gradient.elements[i]), by differences \(difference)")
      }
    }
  }
  for (index, gradient) in gradients.inputs.enumerated() {
    compare(gradient, "input \(index)") { i, step in
      var moved = inputs
      moved[index].elements[i] += step
      return scalar(evaluator, moved)
    }
  }
  let trainable = Set(
    evaluator.graph.nodes.flatMap { $0.parameters.filter { $0.key.isTrainable }.values })
  if Set(gradients.parameters.keys) != trainable {
    faults.append("there are gradients of \(gradients.parameters.keys.sorted()), not of \(trainable.sorted())")
  }
  for (path, gradient) in gradients.parameters.sorted(by: { $0.key < $1.key }) {
    compare(gradient, path) { i, step in
      var moved = evaluator
      moved.parameters[path]?.elements[i] += step
      return scalar(moved, inputs)
    }
  }
  return faults
}
