/// Shape inference: what an operation makes of its inputs' shapes, and which weights it needs. All without the batch.
extension Operation {
  /// The output's shape.
  /// - Throws: `OperationError` in words that fit after "layer NAME: ".
  package func outputShape(inputs: [[Int]]) throws(OperationError) -> [Int] {
    func only() throws(OperationError) -> [Int] {
      guard inputs.count == 1 else { throw OperationError("takes one input, found \(inputs.count)") }
      return inputs[0]
    }
    func map() throws(OperationError) -> [Int] {
      let shape = try only()
      guard shape.count == 3 else { throw OperationError("takes a [height, width, channels] input, found \(shape)") }
      return shape
    }
    switch self {
    case .input(let shape):
      guard inputs.isEmpty else { throw OperationError("an input layer takes no inputs") }
      guard shape.allSatisfy({ $0 > 0 }) else { throw OperationError("every extent must be positive, found \(shape)") }
      return shape
    case .convolution(let c):
      guard inputs.count == (c.residual ? 2 : 1), let shape = inputs.first, shape.count == 3 else {
        throw OperationError("takes one [height, width, channels] input, found \(inputs)")
      }
      guard c.groups > 0, shape[2] % c.groups == 0, c.filters > 0, c.filters % c.groups == 0 else {
        throw OperationError("\(shape[2]) channels and \(c.filters) filters cannot be split into \(c.groups) groups")
      }
      let result = try windowed(shape, c.kernel, c.strides, c.padding, c.dilation) + [c.filters]
      if c.residual, inputs[1] != result { throw OperationError("cannot add \(inputs[1]) to \(result)") }
      return result
    case .pooling(let p):
      let shape = try map()
      return try windowed(shape, p.window, p.strides, p.padding, Size(1)) + [shape[2]]
    case .globalPooling(_, let keepsDimensions):
      let shape = try map()
      return keepsDimensions ? [1, 1, shape[2]] : [shape[2]]
    case .dense(let units, _, _):
      let shape = try only()
      guard !shape.isEmpty, units > 0 else { throw OperationError("takes at least one axis, found \(shape)") }
      return shape.dropLast() + [units]
    case .zeroPadding(let insets):
      let shape = try map()
      return [shape[0] + insets.top + insets.bottom, shape[1] + insets.left + insets.right, shape[2]]
    case .cropping(let insets):
      let shape = try map()
      let result = [shape[0] - insets.top - insets.bottom, shape[1] - insets.left - insets.right, shape[2]]
      guard result.allSatisfy({ $0 > 0 }) else { throw OperationError("crops more than there is of \(shape)") }
      return result
    case .upsampling(let height, let width, _):
      let shape = try map()
      guard height > 0, width > 0 else { throw OperationError("factors must be positive") }
      return [shape[0] * height, shape[1] * width, shape[2]]
    case .elementwise(let kind):
      guard inputs.count >= 2 else { throw OperationError("takes two or more inputs, found \(inputs.count)") }
      if kind == .subtract || kind == .divide, inputs.count != 2 {
        throw OperationError("takes two inputs, found \(inputs.count)")
      }
      var result = inputs[0]
      for shape in inputs.dropFirst() { result = try broadcast(result, shape) }
      return result
    case .concatenate(let axis):
      guard let first = inputs.first else { throw OperationError("takes at least one input") }
      let axis = axis < 0 ? first.count + axis : axis
      guard first.indices.contains(axis) else { throw OperationError("axis \(axis) does not exist in \(first)") }
      var result = first
      for shape in inputs.dropFirst() {
        guard shape.count == first.count, shape.indices.allSatisfy({ $0 == axis || shape[$0] == first[$0] }) else {
          throw OperationError("inputs of shapes \(first) and \(shape) differ in more than the joined axis")
        }
        result[axis] += shape[axis]
      }
      return result
    case .slice(let start, let count):
      let shape = try only()
      guard let channels = shape.last, start >= 0, count > 0, start + count <= channels else {
        throw OperationError("channels \(start)..<\(start + count) are outside \(shape)")
      }
      return shape.dropLast() + [count]
    case .reshape(let target):
      let shape = try only()
      let total = shape.reduce(1, *)
      let known = target.filter { $0 != -1 }.reduce(1, *)
      guard target.filter({ $0 == -1 }).count <= 1, known > 0, total % known == 0 else {
        throw OperationError("\(shape) cannot become \(target)")
      }
      let result = target.map { $0 == -1 ? total / known : $0 }
      guard result.reduce(1, *) == total else { throw OperationError("\(shape) cannot become \(target)") }
      return result
    case .permute(let axes):
      let shape = try only()
      guard axes.sorted() == Array(shape.indices) else { throw OperationError("\(axes) do not order the axes of \(shape)") }
      return axes.map { shape[$0] }
    case .groupNormalization(let groups, _, _, _):
      let shape = try only()
      guard groups > 0, let channels = shape.last, channels % groups == 0 else {
        throw OperationError("\(shape.last ?? 0) channels cannot be split into \(groups) groups")
      }
      return shape
    case .parametricReLU(let sharedAxes):
      let shape = try only()
      guard sharedAxes.allSatisfy(shape.indices.contains) else {
        throw OperationError("shared axes \(sharedAxes) do not exist in \(shape)")
      }
      return shape
    case .batchNormalization, .layerNormalization, .unitNormalization, .localResponseNormalization, .affine, .softmax:
      let shape = try only()
      guard !shape.isEmpty else { throw OperationError("takes at least one axis") }
      return shape
    case .linear, .activation, .dropout, .stochasticDepth, .identity:
      return try only()
    }
  }

  /// The weights it needs and their shapes, for inputs of these shapes.
  package func parameterShapes(inputs: [[Int]]) -> [ParameterRole: [Int]] {
    let channels = inputs.first?.last ?? 0
    func perChannel(_ roles: (ParameterRole, Bool)...) -> [ParameterRole: [Int]] {
      Dictionary(uniqueKeysWithValues: roles.filter(\.1).map { ($0.0, [channels]) })
    }
    switch self {
    case .convolution(let c):
      var shapes: [ParameterRole: [Int]] = [.kernel: [c.kernel.height, c.kernel.width, channels / c.groups, c.filters]]
      if c.bias { shapes[.bias] = [c.filters] }
      return shapes
    case .dense(let units, let bias, _):
      return bias ? [.kernel: [channels, units], .bias: [units]] : [.kernel: [channels, units]]
    case .batchNormalization(_, _, let scale, let center):
      return perChannel((.gamma, scale), (.beta, center), (.movingMean, true), (.movingVariance, true))
    case .layerNormalization(_, let scale, let center), .groupNormalization(_, _, let scale, let center):
      return perChannel((.gamma, scale), (.beta, center))
    case .affine(let scale, let offset):
      return perChannel((.scale, scale), (.offset, offset))
    case .parametricReLU(let sharedAxes):
      return [.slope: inputs[0].indices.map { sharedAxes.contains($0) ? 1 : inputs[0][$0] }]
    default:
      return [:]
    }
  }
}

/// Why an operation does not fit its inputs.
package struct OperationError: Error, Equatable {
  package let reason: String
  init(_ reason: String) { self.reason = reason }
}

extension Padding {
  /// The amounts this rule adds around an input, for one window.
  package func insets(height: Int, width: Int, window: Size, strides: Size, dilation: Size = Size(1)) -> EdgeInsets {
    func amounts(_ extent: Int, _ window: Int, _ stride: Int, _ dilation: Int) -> (Int, Int) {
      let reach = (window - 1) * dilation + 1
      let total = max(0, ((extent + stride - 1) / stride - 1) * stride + reach - extent)
      return (total / 2, total - total / 2)
    }
    switch self {
    case .valid: return .zero
    case .explicit(let insets): return insets
    case .same:
      let (top, bottom) = amounts(height, window.height, strides.height, dilation.height)
      let (left, right) = amounts(width, window.width, strides.width, dilation.width)
      return EdgeInsets(top: top, bottom: bottom, left: left, right: right)
    }
  }
}

private func windowed(
  _ shape: [Int], _ window: Size, _ strides: Size, _ padding: Padding, _ dilation: Size
) throws(OperationError) -> [Int] {
  let positive = [window.height, window.width, strides.height, strides.width, dilation.height, dilation.width]
  guard positive.allSatisfy({ $0 > 0 }) else { throw OperationError("window, strides and dilation must be positive") }
  let insets = padding.insets(
    height: shape[0], width: shape[1], window: window, strides: strides, dilation: dilation)
  let height = shape[0] + insets.top + insets.bottom - (window.height - 1) * dilation.height - 1
  let width = shape[1] + insets.left + insets.right - (window.width - 1) * dilation.width - 1
  guard height >= 0, width >= 0 else {
    throw OperationError("a window of \(window.height)×\(window.width) does not fit an input of \(shape)")
  }
  return [height / strides.height + 1, width / strides.width + 1]
}

private func broadcast(_ a: [Int], _ b: [Int]) throws(OperationError) -> [Int] {
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
