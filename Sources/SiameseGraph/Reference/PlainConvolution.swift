import SiameseTensors

/// Where a window's taps meet the input: rows and columns outside are padding.
struct WindowGeometry {
  let inputHeight, inputWidth, outputHeight, outputWidth: Int
  let window, strides, dilation: Size
  let insets: EdgeInsets

  /// For an input `[H, W, …]` or `[N, H, W, C]` of which `height` and `width` are given.
  init(height: Int, width: Int, window: Size, strides: Size, dilation: Size = Size(1), padding: Padding) {
    (inputHeight, inputWidth) = (height, width)
    (self.window, self.strides, self.dilation) = (window, strides, dilation)
    insets = padding.insets(height: height, width: width, window: window, strides: strides, dilation: dilation)
    outputHeight = (height + insets.top + insets.bottom - (window.height - 1) * dilation.height - 1) / strides.height + 1
    outputWidth = (width + insets.left + insets.right - (window.width - 1) * dilation.width - 1) / strides.width + 1
  }

  /// Calls `body(output position, input position, tap)` for every tap that meets the input; positions count `y · W + x`.
  func forEachTap(_ body: (_ output: Int, _ input: Int, _ tap: Int) -> Void) {
    for oy in 0..<outputHeight {
      for ox in 0..<outputWidth {
        for ky in 0..<window.height {
          let y = oy * strides.height + ky * dilation.height - insets.top
          guard (0..<inputHeight).contains(y) else { continue }
          for kx in 0..<window.width {
            let x = ox * strides.width + kx * dilation.width - insets.left
            guard (0..<inputWidth).contains(x) else { continue }
            body(oy * outputWidth + ox, y * inputWidth + x, ky * window.width + kx)
          }
        }
      }
    }
  }
}

extension Convolution {
  func geometry(_ x: Tensor) -> WindowGeometry {
    WindowGeometry(
      height: x.shape[1], width: x.shape[2], window: kernel, strides: strides, dilation: dilation, padding: padding)
  }

  /// `x` is `[N, H, W, C]`, `kernel` `[kh, kw, C / groups, filters]`, `bias` `[filters]`; the activation is left out.
  func plainForward(_ x: Tensor, _ kernel: Tensor, _ bias: Tensor?) -> Tensor {
    let geometry = geometry(x)
    let channels = x.shape[3], depth = channels / groups, width = filters / groups
    let positions = geometry.outputHeight * geometry.outputWidth
    var y = Tensor(shape: [x.rowCount, geometry.outputHeight, geometry.outputWidth, filters])
    y.elements.withUnsafeMutableBufferPointer { y in
      x.elements.withUnsafeBufferPointer { x in
        kernel.elements.withUnsafeBufferPointer { kernel in
          for n in 0..<x.count / (geometry.inputHeight * geometry.inputWidth * channels) {
            if let bias {
              for i in 0..<positions * filters { y[n * positions * filters + i] = bias.elements[i % filters] }
            }
            geometry.forEachTap { output, input, tap in
              let source = (n * geometry.inputHeight * geometry.inputWidth + input) * channels
              let target = (n * positions + output) * filters
              for group in 0..<groups {
                for c in 0..<depth {
                  let value = x[source + group * depth + c]
                  let taps = (tap * depth + c) * filters + group * width
                  for f in 0..<width { y[target + group * width + f] += value * kernel[taps + f] }
                }
              }
            }
          }
        }
      }
    }
    return y
  }

  /// Gradients with respect to `x`, kernel and bias; `g` is `[N, H', W', filters]`.
  func plainBackward(_ x: Tensor, _ kernel: Tensor, _ g: Tensor) -> PlainGradients {
    let geometry = geometry(x)
    let channels = x.shape[3], depth = channels / groups, width = filters / groups
    let positions = geometry.outputHeight * geometry.outputWidth
    let batch = x.rowCount
    var dx = Tensor(shape: x.shape), dkernel = Tensor(shape: kernel.shape)
    dx.elements.withUnsafeMutableBufferPointer { dx in
      dkernel.elements.withUnsafeMutableBufferPointer { dkernel in
        x.elements.withUnsafeBufferPointer { x in
          kernel.elements.withUnsafeBufferPointer { kernel in
            g.elements.withUnsafeBufferPointer { g in
              for n in 0..<batch {
                geometry.forEachTap { output, input, tap in
                  let source = (n * geometry.inputHeight * geometry.inputWidth + input) * channels
                  let target = (n * positions + output) * filters
                  for group in 0..<groups {
                    for c in 0..<depth {
                      let value = x[source + group * depth + c]
                      let taps = (tap * depth + c) * filters + group * width
                      var sum: Float = 0
                      for f in 0..<width {
                        sum += g[target + group * width + f] * kernel[taps + f]
                        dkernel[taps + f] += g[target + group * width + f] * value
                      }
                      dx[source + group * depth + c] += sum
                    }
                  }
                }
              }
            }
          }
        }
      }
    }
    return PlainGradients(
      inputs: [dx], weights: bias ? [.kernel: dkernel, .bias: sumsOverPositions(g)] : [.kernel: dkernel])
  }
}

/// `x · kernel + bias` along the last axis: `[…, C]` by `[C, units]`.
func plainDense(_ x: Tensor, _ kernel: Tensor, _ bias: Tensor?) -> Tensor {
  let channels = kernel.shape[0], units = kernel.shape[1], rows = x.count / channels
  var y = Tensor(shape: x.shape.dropLast() + [units])
  for row in 0..<rows {
    for unit in 0..<units {
      var sum = bias?.elements[unit] ?? 0
      for c in 0..<channels { sum += x.elements[row * channels + c] * kernel.elements[c * units + unit] }
      y.elements[row * units + unit] = sum
    }
  }
  return y
}

/// `dx = g · kernelᵀ`, `dkernel = xᵀ · g`, `dbias = Σ g`.
func plainDenseBackward(_ x: Tensor, _ kernel: Tensor, bias: Bool, _ g: Tensor) -> PlainGradients {
  let channels = kernel.shape[0], units = kernel.shape[1], rows = x.count / channels
  var dx = Tensor(shape: x.shape), dkernel = Tensor(shape: kernel.shape)
  for row in 0..<rows {
    for c in 0..<channels {
      let value = x.elements[row * channels + c]
      var sum: Float = 0
      for unit in 0..<units {
        sum += g.elements[row * units + unit] * kernel.elements[c * units + unit]
        dkernel.elements[c * units + unit] += g.elements[row * units + unit] * value
      }
      dx.elements[row * channels + c] = sum
    }
  }
  return PlainGradients(
    inputs: [dx], weights: bias ? [.kernel: dkernel, .bias: sumsOverPositions(g)] : [.kernel: dkernel])
}

/// The sum over every axis but the last.
func sumsOverPositions(_ g: Tensor) -> Tensor {
  let channels = g.shape.last ?? 1
  var sums = [Double](repeating: 0, count: channels)
  for i in g.elements.indices { sums[i % channels] += Double(g.elements[i]) }
  return Tensor(shape: [channels], elements: sums.map(Float.init))
}
