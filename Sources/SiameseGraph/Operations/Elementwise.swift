import SiameseTensors

/// What two or more inputs become, element by element; extents of 1 are broadcast.
///
/// x₁, x₂, … of shapes `[N, …]` that fit together → y of the shape in which they meet.
package enum Elementwise: Hashable, Sendable { case add, subtract, multiply, average, maximum, minimum, divide }

extension Elementwise: OperationDefinition {
  func outputShape(_ inputs: [[Int]]) throws(OperationError) -> [Int] {
    guard inputs.count >= 2 else { throw OperationError("takes two or more inputs, found \(inputs.count)") }
    if self == .subtract || self == .divide, inputs.count != 2 {
      throw OperationError("takes two inputs, found \(inputs.count)")
    }
    var result = inputs[0]
    for shape in inputs.dropFirst() { result = try broadcastShape(result, shape) }
    return result
  }

  func forward(_ inputs: [Tensor], _ weights: [ParameterRole: Tensor], mode: PlainMode) -> Tensor {
    let (shape, offsets) = meeting(inputs)
    var y = Tensor(shape: [inputs[0].rowCount] + shape)
    forEachElement(inputs, offsets) { element, values in y.elements[element] = combine(values) }
    return y
  }

  /// Each gradient is summed over the axes that were broadcast. The first of equal extremes takes it.
  func backward(
    _ inputs: [Tensor], _ weights: [ParameterRole: Tensor], output y: Tensor, gradient g: Tensor, mode: PlainMode
  ) -> PlainGradients {
    let (_, offsets) = meeting(inputs)
    var gradients = inputs.map { Tensor(shape: $0.shape) }
    let width = g.rowWidth
    forEachElement(inputs, offsets) { element, values in
      for input in inputs.indices {
        let position = element / width * inputs[input].rowWidth + offsets[input][element % width]
        gradients[input].elements[position] += g.elements[element] * slope(values, input)
      }
    }
    return PlainGradients(inputs: gradients)
  }

  private func combine(_ values: [Float]) -> Float {
    switch self {
    case .add: values.reduce(0, +)
    case .subtract: values[0] - values[1]
    case .multiply: values.reduce(1, *)
    case .average: values.reduce(0, +) / Float(values.count)
    case .maximum: values.reduce(-.infinity, max)
    case .minimum: values.reduce(.infinity, min)
    case .divide: values[0] / values[1]
    }
  }

  /// How the result moves with value `input`.
  private func slope(_ values: [Float], _ input: Int) -> Float {
    switch self {
    case .add: return 1
    case .subtract: return input == 0 ? 1 : -1
    case .multiply: return values.indices.reduce(1) { $1 == input ? $0 : $0 * values[$1] }
    case .average: return 1 / Float(values.count)
    case .maximum: return values.firstIndex(of: values.reduce(-.infinity, max)) == input ? 1 : 0
    case .minimum: return values.firstIndex(of: values.reduce(.infinity, min)) == input ? 1 : 0
    case .divide: return input == 0 ? 1 / values[1] : -values[0] / (values[1] * values[1])
    }
  }

  /// The shape in which samples meet, and where each element of it finds its values.
  private func meeting(_ inputs: [Tensor]) -> (shape: [Int], offsets: [[Int]]) {
    let shapes = inputs.map { Array($0.shape.dropFirst()) }
    let shape = (try? outputShape(shapes)) ?? shapes[0]
    return (shape, shapes.map { broadcastOffsets($0, to: shape) })
  }

  private func forEachElement(_ inputs: [Tensor], _ offsets: [[Int]], _ body: (Int, [Float]) -> Void) {
    let width = offsets[0].count
    for n in 0..<inputs[0].rowCount {
      for i in 0..<width {
        body(n * width + i, inputs.indices.map { inputs[$0].elements[n * inputs[$0].rowWidth + offsets[$0][i]] })
      }
    }
  }
}
