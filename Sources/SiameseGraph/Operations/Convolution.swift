import SiameseTensors

/// A convolution of a map, depthwise where there are as many groups as channels.
///
/// x `[N, H, W, C]`, kernel `[kernel.height, kernel.width, C / groups, filters]`, bias `[filters]` →
/// y `[N, H', W', filters]`, output channels ordered by group.
package struct Convolution: Hashable, Sendable {
  /// Output channels.
  package var filters: Int
  /// Height and width of the kernel.
  package var kernel: Size
  /// Steps from one output position to the next.
  package var strides: Size
  /// What the kernel finds beyond the edges.
  package var padding: Padding
  /// The distance between neighbouring taps of the kernel.
  package var dilation: Size
  /// Input and output channels fall into so many groups; each output channel sees the input channels of its group.
  package var groups: Int
  /// Whether a number a filter is added.
  package var bias: Bool
  /// A second input of the output's shape is added before the activation (made by a pass, never by an importer).
  package var residual = false
  /// Applied to the sums.
  package var activation: Activation
  /// Applied to the input as it is read, before zeros are put around it (made by a pass, never by an importer).
  package var inputActivation = Activation.linear

  /// A convolution without residual input, whose input is taken as it is.
  package init(
    filters: Int, kernel: Size, strides: Size = Size(1), padding: Padding = .valid, dilation: Size = Size(1),
    groups: Int = 1, bias: Bool = true, activation: Activation = .linear
  ) {
    self.filters = filters
    self.kernel = kernel
    self.strides = strides
    self.padding = padding
    self.dilation = dilation
    self.groups = groups
    self.bias = bias
    self.activation = activation
  }
}

extension Convolution: OperationDefinition {
  func outputShape(_ inputs: [[Int]]) throws(OperationError) -> [Int] {
    guard inputs.count == (residual ? 2 : 1), let shape = inputs.first, shape.count == 3 else {
      throw OperationError("takes one [height, width, channels] input, found \(inputs)")
    }
    guard groups > 0, shape[2] % groups == 0, filters > 0, filters % groups == 0 else {
      throw OperationError("\(shape[2]) channels and \(filters) filters cannot be split into \(groups) groups")
    }
    let geometry = try WindowGeometry(shape, window: kernel, strides: strides, dilation: dilation, padding: padding)
    let result = geometry.outputExtents + [filters]
    if residual, inputs[1] != result { throw OperationError("cannot add \(inputs[1]) to \(result)") }
    return result
  }

  func parameterShapes(_ inputs: [[Int]]) -> [ParameterRole: [Int]] {
    let depth = (inputs.first?.last ?? 0) / max(groups, 1)
    let shape = [kernel.height, kernel.width, depth, filters]
    return bias ? [.kernel: shape, .bias: [filters]] : [.kernel: shape]
  }

  func forward(_ inputs: [Tensor], _ weights: [ParameterRole: Tensor], mode: PlainMode) -> Tensor {
    activation.applied(to: sums(inputs, weights))
  }

  func backward(
    _ inputs: [Tensor], _ weights: [ParameterRole: Tensor], output y: Tensor, gradient: Tensor, mode: PlainMode
  ) -> PlainGradients {
    let g = activation == .linear ? gradient : activation.gradient(at: sums(inputs, weights), gradient)
    let (dx, dkernel) = gradients(inputActivation.applied(to: inputs[0]), weights.needed(.kernel), g)
    var result = PlainGradients(
      inputs: [inputActivation == .linear ? dx : inputActivation.gradient(at: inputs[0], dx)],
      weights: bias ? [.kernel: dkernel, .bias: channelSums(g)] : [.kernel: dkernel])
    if residual { result.inputs.append(g) }
    return result
  }

  /// What the activation is applied to: the convolution, the bias, and what is added.
  private func sums(_ inputs: [Tensor], _ weights: [ParameterRole: Tensor]) -> Tensor {
    let y = convolved(inputActivation.applied(to: inputs[0]), weights.needed(.kernel), weights[.bias])
    return residual ? Elementwise.add.forward([y, inputs[1]], [:], mode: .inference) : y
  }

  private func geometry(_ x: Tensor) -> WindowGeometry {
    .known(x, window: kernel, strides: strides, dilation: dilation, padding: padding)
  }

  private func convolved(_ x: Tensor, _ kernel: Tensor, _ bias: Tensor?) -> Tensor {
    let geometry = geometry(x)
    let channels = x.shape[3], depth = channels / groups, width = filters / groups
    let positions = geometry.outputHeight * geometry.outputWidth
    var y = Tensor(shape: [x.rowCount] + geometry.outputExtents + [filters])
    y.elements.withUnsafeMutableBufferPointer { y in
      x.elements.withUnsafeBufferPointer { elements in
        kernel.elements.withUnsafeBufferPointer { kernel in
          for n in 0..<x.rowCount {
            if let bias {
              for i in 0..<positions * filters { y[n * positions * filters + i] = bias.elements[i % filters] }
            }
            geometry.forEachTap { output, input, tap in
              let source = (n * geometry.inputHeight * geometry.inputWidth + input) * channels
              let target = (n * positions + output) * filters
              for group in 0..<groups {
                for c in 0..<depth {
                  let value = elements[source + group * depth + c]
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

  /// Gradients with respect to `x` and the kernel; `g` is `[N, H', W', filters]`.
  private func gradients(_ x: Tensor, _ kernel: Tensor, _ g: Tensor) -> (dx: Tensor, dkernel: Tensor) {
    let geometry = geometry(x)
    let channels = x.shape[3], depth = channels / groups, width = filters / groups
    let positions = geometry.outputHeight * geometry.outputWidth
    var dx = Tensor(shape: x.shape), dkernel = Tensor(shape: kernel.shape)
    dx.elements.withUnsafeMutableBufferPointer { dx in
      dkernel.elements.withUnsafeMutableBufferPointer { dkernel in
        x.elements.withUnsafeBufferPointer { elements in
          kernel.elements.withUnsafeBufferPointer { kernel in
            g.elements.withUnsafeBufferPointer { g in
              for n in 0..<x.rowCount {
                geometry.forEachTap { output, input, tap in
                  let source = (n * geometry.inputHeight * geometry.inputWidth + input) * channels
                  let target = (n * positions + output) * filters
                  for group in 0..<groups {
                    for c in 0..<depth {
                      let value = elements[source + group * depth + c]
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
    return (dx, dkernel)
  }
}
