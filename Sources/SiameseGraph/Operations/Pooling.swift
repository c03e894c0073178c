import SiameseTensors

/// The maximum or average of the values under a window, channel by channel.
///
/// x `[N, H, W, C]` → y `[N, H', W', C]`; padding never wins a maximum and is not counted in an average, as in
/// TensorFlow.
package struct Pooling: Hashable, Sendable {
  /// Which of the two.
  package enum Kind: Hashable, Sendable { case maximum, average }
  /// Maximum or average.
  package var kind: Kind
  /// Height and width of the window.
  package var window: Size
  /// Steps from one output position to the next.
  package var strides: Size
  /// How the window meets the edges.
  package var padding: Padding

  /// A pooling of that kind, without padding unless some is given.
  package init(_ kind: Kind, window: Size, strides: Size, padding: Padding = .valid) {
    (self.kind, self.window, self.strides, self.padding) = (kind, window, strides, padding)
  }
}

extension Pooling: OperationDefinition {
  func outputShape(_ inputs: [[Int]]) throws(OperationError) -> [Int] {
    let shape = try inputs.onlyMap()
    return try WindowGeometry(shape, window: window, strides: strides, padding: padding).outputExtents + [shape[2]]
  }

  func forward(_ inputs: [Tensor], _ weights: [ParameterRole: Tensor], mode: PlainMode) -> Tensor {
    let x = inputs[0]
    let geometry = WindowGeometry.known(x, window: window, strides: strides, padding: padding)
    let channels = x.shape[3]
    let positions = x.shape[1] * x.shape[2], outputs = geometry.outputHeight * geometry.outputWidth
    var y = Tensor(
      shape: [x.rowCount] + geometry.outputExtents + [channels], repeating: kind == .maximum ? -.infinity : 0)
    let counts = geometry.tapCounts
    for n in 0..<x.rowCount {
      geometry.forEachTap { output, input, _ in
        for c in 0..<channels {
          let value = x.elements[(n * positions + input) * channels + c]
          let target = (n * outputs + output) * channels + c
          switch kind {
          case .maximum: y.elements[target] = max(y.elements[target], value)
          case .average: y.elements[target] += value / Float(counts[output])
          }
        }
      }
    }
    return y
  }

  /// The first of equal maxima takes the gradient.
  func backward(
    _ inputs: [Tensor], _ weights: [ParameterRole: Tensor], output y: Tensor, gradient g: Tensor, mode: PlainMode
  ) -> PlainGradients {
    let x = inputs[0]
    let geometry = WindowGeometry.known(x, window: window, strides: strides, padding: padding)
    let channels = x.shape[3]
    let positions = x.shape[1] * x.shape[2], outputs = geometry.outputHeight * geometry.outputWidth
    var dx = Tensor(shape: x.shape)
    let counts = geometry.tapCounts
    for n in 0..<x.rowCount {
      for c in 0..<channels {
        var best = [Int](repeating: -1, count: outputs)
        geometry.forEachTap { output, input, _ in
          let source = (n * positions + input) * channels + c
          switch kind {
          case .maximum:
            if best[output] < 0 || x.elements[source] > x.elements[best[output]] { best[output] = source }
          case .average:
            dx.elements[source] += g.elements[(n * outputs + output) * channels + c] / Float(counts[output])
          }
        }
        if kind == .maximum {
          for output in 0..<outputs where best[output] >= 0 {
            dx.elements[best[output]] += g.elements[(n * outputs + output) * channels + c]
          }
        }
      }
    }
    return PlainGradients(inputs: [dx])
  }
}
