import SiameseTensors

/// `y = activation(x · kernel + bias)` along the last axis.
///
/// x `[N, …, C]`, kernel `[C, units]`, bias `[units]` → y `[N, …, units]`.
struct DenseOperation: OperationDefinition {
  let units: Int, bias: Bool, activation: Activation

  func outputShape(_ inputs: [[Int]]) throws(OperationError) -> [Int] {
    let shape = try inputs.only()
    guard !shape.isEmpty, units > 0 else { throw OperationError("takes at least one axis, found \(shape)") }
    return shape.dropLast() + [units]
  }

  func parameterShapes(_ inputs: [[Int]]) -> [ParameterRole: [Int]] {
    let kernel = [inputs.first?.last ?? 0, units]
    return bias ? [.kernel: kernel, .bias: [units]] : [.kernel: kernel]
  }

  func forward(_ inputs: [Tensor], _ weights: [ParameterRole: Tensor], mode: PlainMode) -> Tensor {
    activation.applied(to: sums(inputs[0], weights))
  }

  func backward(
    _ inputs: [Tensor], _ weights: [ParameterRole: Tensor], output y: Tensor, gradient: Tensor, mode: PlainMode
  ) -> PlainGradients {
    let x = inputs[0]
    let g = activation == .linear ? gradient : activation.gradient(at: sums(x, weights), gradient)
    let kernel = weights.needed(.kernel)
    let channels = kernel.shape[0]
    var dx = Tensor(shape: x.shape), dkernel = Tensor(shape: kernel.shape)
    for row in 0..<x.count / channels {
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
      inputs: [dx], weights: bias ? [.kernel: dkernel, .bias: channelSums(g)] : [.kernel: dkernel])
  }

  /// What the activation is applied to.
  private func sums(_ x: Tensor, _ weights: [ParameterRole: Tensor]) -> Tensor {
    let kernel = weights.needed(.kernel)
    let channels = kernel.shape[0]
    var y = Tensor(shape: x.shape.dropLast() + [units])
    for row in 0..<x.count / channels {
      for unit in 0..<units {
        var sum = weights[.bias]?.elements[unit] ?? 0
        for c in 0..<channels { sum += x.elements[row * channels + c] * kernel.elements[c * units + unit] }
        y.elements[row * units + unit] = sum
      }
    }
    return y
  }
}
