import SiameseRandom
import SiameseTensors

/// For each element of a sample of shape `target`, the offset of the element of a sample of shape `shape` that meets it.
func broadcastOffsets(_ shape: [Int], to target: [Int]) -> [Int] {
  let padded = Array(repeating: 1, count: target.count - shape.count) + shape
  var strides = [Int](repeating: 0, count: target.count)
  var stride = 1
  for axis in target.indices.reversed() {
    strides[axis] = padded[axis] == 1 ? 0 : stride
    stride *= padded[axis]
  }
  return (0..<target.reduce(1, *)).map { element in
    var rest = element, offset = 0
    for axis in target.indices.reversed() {
      offset += rest % target[axis] * strides[axis]
      rest /= target[axis]
    }
    return offset
  }
}

extension Elementwise {
  func plainForward(_ inputs: [Tensor]) -> Tensor {
    let (shape, offsets) = meeting(inputs)
    var y = Tensor(shape: [inputs[0].rowCount] + shape)
    forEachElement(inputs, offsets) { element, values in y.elements[element] = combine(values) }
    return y
  }

  /// Gradients with respect to each input, summed over axes that were broadcast. The first of equal extremes takes it.
  func plainBackward(_ inputs: [Tensor], _ g: Tensor) -> [Tensor] {
    let (_, offsets) = meeting(inputs)
    var gradients = inputs.map { Tensor(shape: $0.shape) }
    let width = g.rowWidth
    forEachElement(inputs, offsets) { element, values in
      for input in inputs.indices {
        let position = element / width * inputs[input].rowWidth + offsets[input][element % width]
        gradients[input].elements[position] += g.elements[element] * slope(values, input)
      }
    }
    return gradients
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

  private func meeting(_ inputs: [Tensor]) -> (shape: [Int], offsets: [[Int]]) {
    let shapes = inputs.map { Array($0.shape.dropFirst()) }
    let shape = (try? Operation.elementwise(self).outputShape(inputs: shapes)) ?? shapes[0]
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

/// 0 with probability `rate`, `1 / (1 − rate)` otherwise; all 1 at inference.
func plainDropoutMask(_ x: Tensor, _ rate: Float, _ mode: PlainMode) -> Tensor {
  guard case .training(let seed) = mode, rate > 0 else { return Tensor(shape: x.shape, repeating: 1) }
  return Tensor(shape: x.shape, elements: x.elements.indices.map { dropoutFactor(seed: seed, index: $0, rate: rate) })
}

/// The same, one draw for each sample (arXiv 1603.09382).
func plainSampleMask(_ x: Tensor, _ rate: Float, _ mode: PlainMode) -> Tensor {
  guard case .training(let seed) = mode, rate > 0 else { return Tensor(shape: x.shape, repeating: 1) }
  return Tensor(
    shape: x.shape,
    elements: x.elements.indices.map { dropoutFactor(seed: seed, index: $0 / max(x.rowWidth, 1), rate: rate) })
}

/// The factor of element `index`: a draw of its own, so that any order and any number of threads give the same mask.
@inlinable @inline(__always) package func dropoutFactor(seed: UInt64, index: Int, rate: Float) -> Float {
  let z = SplitMix64.mix(seed &+ UInt64(truncatingIfNeeded: index) &* SplitMix64.increment)
  return Float(z >> 40) * 0x1p-24 < rate ? 0 : 1 / (1 - rate)
}
