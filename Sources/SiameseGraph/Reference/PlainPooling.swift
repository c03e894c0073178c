import SiameseTensors

extension Pooling {
  func geometry(_ x: Tensor) -> WindowGeometry {
    WindowGeometry(height: x.shape[1], width: x.shape[2], window: window, strides: strides, padding: padding)
  }

  /// `[N, H, W, C]` → `[N, H', W', C]`; padding never wins a maximum and is not counted in an average.
  func plainForward(_ x: Tensor) -> Tensor {
    let geometry = geometry(x)
    let channels = x.shape[3]
    let inputs = x.shape[1] * x.shape[2], outputs = geometry.outputHeight * geometry.outputWidth
    var y = Tensor(
      shape: [x.rowCount, geometry.outputHeight, geometry.outputWidth, channels],
      repeating: kind == .maximum ? -.infinity : 0)
    let counts = geometry.tapCounts
    for n in 0..<x.rowCount {
      geometry.forEachTap { output, input, _ in
        for c in 0..<channels {
          let value = x.elements[(n * inputs + input) * channels + c]
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
  func plainBackward(_ x: Tensor, _ g: Tensor) -> Tensor {
    let geometry = geometry(x)
    let channels = x.shape[3]
    let inputs = x.shape[1] * x.shape[2], outputs = geometry.outputHeight * geometry.outputWidth
    var dx = Tensor(shape: x.shape)
    let counts = geometry.tapCounts
    for n in 0..<x.rowCount {
      for c in 0..<channels {
        var best = [Int](repeating: -1, count: outputs)
        geometry.forEachTap { output, input, _ in
          let source = (n * inputs + input) * channels + c
          switch kind {
          case .maximum:
            if best[output] < 0 || x.elements[source] > x.elements[best[output]] { best[output] = source }
          case .average: dx.elements[source] += g.elements[(n * outputs + output) * channels + c] / Float(counts[output])
          }
        }
        if kind == .maximum {
          for output in 0..<outputs where best[output] >= 0 {
            dx.elements[best[output]] += g.elements[(n * outputs + output) * channels + c]
          }
        }
      }
    }
    return dx
  }
}

extension WindowGeometry {
  /// For each output position, how many taps meet the input.
  var tapCounts: [Int] {
    var counts = [Int](repeating: 0, count: outputHeight * outputWidth)
    forEachTap { output, _, _ in counts[output] += 1 }
    return counts
  }
}

/// `[N, H, W, C]` → `[N, C]` or `[N, 1, 1, C]`.
func plainGlobalPooling(_ x: Tensor, _ kind: Pooling.Kind, _ keepsDimensions: Bool) -> Tensor {
  let y = wholeWindow(kind, x).plainForward(x)
  return keepsDimensions ? y : y.reshaped([x.rowCount, x.shape[3]])
}

func plainGlobalPoolingBackward(_ x: Tensor, _ kind: Pooling.Kind, _ g: Tensor) -> Tensor {
  wholeWindow(kind, x).plainBackward(x, g.reshaped([x.rowCount, 1, 1, x.shape[3]]))
}

private func wholeWindow(_ kind: Pooling.Kind, _ x: Tensor) -> Pooling {
  Pooling(kind, window: Size(x.shape[1], x.shape[2]), strides: Size(1))
}
