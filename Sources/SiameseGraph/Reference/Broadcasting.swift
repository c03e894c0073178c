import SiameseTensors

/// For each element of a sample of shape `target`, the offset of the element of a sample of shape `shape` that meets
/// it.
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

/// The shape in which samples of two shapes meet: extents of 1 are repeated, missing leading axes count as 1.
/// - Throws: `OperationError` where extents differ and neither is 1.
func broadcastShape(_ a: [Int], _ b: [Int]) throws(OperationError) -> [Int] {
  let rank = max(a.count, b.count)
  let paddedA = Array(repeating: 1, count: rank - a.count) + a
  let paddedB = Array(repeating: 1, count: rank - b.count) + b
  var result: [Int] = []
  for (x, y) in zip(paddedA, paddedB) {
    guard x == y || x == 1 || y == 1 else { throw OperationError("inputs of shapes \(a) and \(b) do not fit together") }
    result.append(max(x, y))
  }
  return result
}

extension Tensor {
  /// Each element through `body`.
  func map(_ body: (Float) -> Float) -> Tensor { Tensor(shape: shape, elements: elements.map(body)) }
}
