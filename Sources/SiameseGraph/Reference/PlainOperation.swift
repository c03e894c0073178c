import SiameseTensors

/// Which loop computes which operation. Tensors are `[N, …]`, weights in Keras' layouts.
extension Operation {
  /// The operation's output. An `input` has none of its own: it is given.
  package func plainForward(_ inputs: [Tensor], _ weights: [ParameterRole: Tensor], mode: PlainMode) -> Tensor {
    guard let x = inputs.first else { preconditionFailure("an operation without inputs has no forward pass") }
    switch self {
    case .input, .identity: return x
    case .convolution(let c): return c.activation.plainForward(convolved(c, inputs, weights))
    case .dense(_, _, let activation):
      return activation.plainForward(plainDense(x, weights[.kernel]!, weights[.bias]))
    case .batchNormalization(let epsilon, _, _, _):
      let statistics = mode == .inference ? (weights[.movingMean]!, weights[.movingVariance]!) : plainMoments(x)
      return plainBatchNormalization(x, weights, statistics, epsilon)
    case .layerNormalization(let epsilon, _, _): return plainGroupNormalization(x, weights, .perPosition, epsilon)
    case .groupNormalization(let groups, let epsilon, _, _):
      return plainGroupNormalization(x, weights, .groups(groups), epsilon)
    case .unitNormalization(let epsilon): return plainUnitNormalization(x, epsilon)
    case .localResponseNormalization(let radius, let bias, let alpha, let beta):
      return plainLocalResponse(x, radius, bias, alpha, beta)
    case .affine: return plainAffine(x, weights)
    case .linear(let scale, let offset): return x.map { scale * $0 + offset }
    case .activation(let activation): return activation.plainForward(x)
    case .parametricReLU: return plainParametricReLU(x, weights[.slope]!)
    case .softmax: return plainSoftmax(x)
    case .pooling(let p): return p.plainForward(x)
    case .globalPooling(let kind, let keepsDimensions): return plainGlobalPooling(x, kind, keepsDimensions)
    case .zeroPadding(let insets): return plainPadding(x, insets)
    case .cropping(let insets): return plainCropping(x, insets)
    case .upsampling(let height, let width, let bilinear): return plainUpsampling(x, height, width, bilinear)
    case .elementwise(let kind): return kind.plainForward(inputs)
    case .concatenate(let axis): return plainConcatenation(inputs, axis)
    case .slice(let start, let count): return plainSlice(x, start, count)
    case .reshape:
      let shape = try? outputShape(inputs: [Array(x.shape.dropFirst())])
      return x.reshaped([x.rowCount] + (shape ?? Array(x.shape.dropFirst())))
    case .permute(let axes): return plainPermutation(x, axes)
    case .dropout(let rate): return x.multiplied(by: plainDropoutMask(x, rate, mode))
    case .stochasticDepth(let rate): return x.multiplied(by: plainSampleMask(x, rate, mode))
    }
  }

  /// The gradients of a scalar with respect to inputs and weights, given its `gradient` with respect to the output.
  package func plainBackward(
    _ inputs: [Tensor], _ weights: [ParameterRole: Tensor], output y: Tensor, gradient g: Tensor, mode: PlainMode
  ) -> PlainGradients {
    guard let x = inputs.first else { preconditionFailure("an operation without inputs has no backward pass") }
    func only(_ gradient: Tensor) -> PlainGradients { PlainGradients(inputs: [gradient]) }
    switch self {
    case .input, .identity: return only(g)
    case .convolution(let c):
      let g = c.activation == .linear ? g : c.activation.plainBackward(convolved(c, inputs, weights), g)
      var gradients = c.plainBackward(c.inputActivation.plainForward(x), weights[.kernel]!, g)
      if c.inputActivation != .linear {
        gradients.inputs[0] = c.inputActivation.plainBackward(x, gradients.inputs[0])
      }
      if c.residual { gradients.inputs.append(g) }
      return gradients
    case .dense(_, let bias, let activation):
      let kernel = weights[.kernel]!
      let g = activation == .linear ? g : activation.plainBackward(plainDense(x, kernel, weights[.bias]), g)
      return plainDenseBackward(x, kernel, bias: bias, g)
    case .batchNormalization(let epsilon, _, _, _):
      let fixed = mode == .inference
      let statistics = fixed ? (weights[.movingMean]!, weights[.movingVariance]!) : plainMoments(x)
      return plainBatchNormalizationBackward(x, weights, statistics, epsilon, fixed: fixed, g)
    case .layerNormalization(let epsilon, _, _):
      return plainGroupNormalizationBackward(x, weights, .perPosition, epsilon, g)
    case .groupNormalization(let groups, let epsilon, _, _):
      return plainGroupNormalizationBackward(x, weights, .groups(groups), epsilon, g)
    case .unitNormalization(let epsilon): return only(plainUnitNormalizationBackward(x, epsilon, g))
    case .localResponseNormalization(let radius, let bias, let alpha, let beta):
      return only(plainLocalResponseBackward(x, radius, bias, alpha, beta, g))
    case .affine: return plainAffineBackward(x, weights, g)
    case .linear(let scale, _): return only(g.map { scale * $0 })
    case .activation(let activation): return only(activation.plainBackward(x, g))
    case .parametricReLU: return plainParametricReLUBackward(x, weights[.slope]!, g)
    case .softmax: return only(plainSoftmaxBackward(y, g))
    case .pooling(let p): return only(p.plainBackward(x, g))
    case .globalPooling(let kind, _): return only(plainGlobalPoolingBackward(x, kind, g))
    case .zeroPadding(let insets): return only(plainCropping(g, insets))
    case .cropping(let insets): return only(plainPadding(g, insets))
    case .upsampling(let height, let width, let bilinear):
      return only(plainUpsamplingBackward(x, height, width, bilinear, g))
    case .elementwise(let kind): return PlainGradients(inputs: kind.plainBackward(inputs, g))
    case .concatenate(let axis): return PlainGradients(inputs: plainConcatenationBackward(inputs, axis, g))
    case .slice(let start, let count): return only(plainSliceBackward(x, start, count, g))
    case .reshape: return only(g.reshaped(x.shape))
    case .permute(let axes):
      return only(plainPermutation(g, axes.indices.map { axes.firstIndex(of: $0)! }))
    case .dropout(let rate): return only(g.multiplied(by: plainDropoutMask(x, rate, mode)))
    case .stochasticDepth(let rate): return only(g.multiplied(by: plainSampleMask(x, rate, mode)))
    }
  }
}

/// The convolution and what is added to it, before the activation.
private func convolved(_ c: Convolution, _ inputs: [Tensor], _ weights: [ParameterRole: Tensor]) -> Tensor {
  let y = c.plainForward(c.inputActivation.plainForward(inputs[0]), weights[.kernel]!, weights[.bias])
  return c.residual ? Elementwise.add.plainForward([y, inputs[1]]) : y
}

extension Tensor {
  func map(_ body: (Float) -> Float) -> Tensor { Tensor(shape: shape, elements: elements.map(body)) }

  func multiplied(by other: Tensor) -> Tensor {
    Tensor(shape: shape, elements: zip(elements, other.elements).map(*))
  }
}
