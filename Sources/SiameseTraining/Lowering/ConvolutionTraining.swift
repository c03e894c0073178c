import SiameseGraph
import SiameseInference
import SiameseOneDNN

/// What training must know of a convolution.
struct ConvolutionTraining {
  let convolution: Convolution
  let name: String
  /// Where kernel and bias lie in the store.
  let path: String, biasPath: String?
  let geometry: ConvolutionGeometry
  /// The kernel's layout in the store.
  let host: Layout
  let bias: Layout?
  let window: Window
  /// The activation that is part of the convolution, as its slope shows in its output; others follow it.
  let fused: Activation

  private let facts: TrainingFacts
  private let inputShape: [Int], outputShape: [Int]
  private let needsDataGradient: Bool

  init(_ convolution: Convolution, _ node: TrainingNode) throws {
    let (c, shape) = (convolution, node.input.shape)
    guard let path = node.parameters[.kernel] else {
      throw GraphError.misfit(layer: node.name, reason: "a convolution has a kernel")
    }
    (self.convolution, name, facts, self.path, biasPath) = (c, node.name, node.facts, path, node.parameters[.bias])
    (inputShape, outputShape, needsDataGradient) = (shape, node.shape, node.input.needsGradient)
    geometry = ConvolutionGeometry(c, channels: shape[3])
    host = try geometry.hostLayout()
    bias = try c.bias ? Layout(rows: [c.filters]) : nil
    window = Window(
      extent: c.kernel, strides: c.strides, dilation: c.dilation,
      insets: c.padding.insets(
        height: shape[1], width: shape[2], window: c.kernel, strides: c.strides, dilation: c.dilation))
    fused = c.activation.isReadFromOutput ? c.activation : .linear
  }

  /// A way to compute it that may or may not exist.
  private struct Candidate {
    var algorithm = ConvolutionAlgorithm.direct
    let source: Layout, destination: Layout
  }

  /// The first of the possible layouts for which oneDNN has a fast implementation, in the precision of the plan if it
  /// can be, in float32 otherwise.
  func description() throws -> PrimitiveDescription {
    var slow: PrimitiveDescription?
    let precision = facts.options.precision
    for type in precision == .float32 ? [.float32] : [precision.mapType, .float32] {
      for candidate in try candidates(type) {
        guard let description = try? described(candidate) else { continue }
        if type == .float32 ? description.kind != .reference : isFast(description) { return description }
        if type == .float32 { slow = slow ?? description }
      }
    }
    if let slow { return slow }
    return try described(
      Candidate(source: Layout(any: extents(inputShape)), destination: Layout(any: extents(outputShape))))
  }

  private func candidates(_ type: ElementType) throws -> [Candidate] {
    let anyInput = try Layout(any: extents(inputShape), type)
    let anyOutput = try Layout(any: extents(outputShape), type)
    let map = try facts.mapLayout(outputShape, type)
    let source = inputShape[3] < facts.block ? anyInput : try facts.mapLayout(inputShape, type)
    var result = [Candidate(source: source, destination: map), Candidate(source: anyInput, destination: anyOutput)]
    if type == .float32 {
      if convolution.isWorthWinograd(height: outputShape[1], width: outputShape[2], channels: inputShape[3]) {
        result.insert(Candidate(algorithm: .winograd, source: source, destination: map), at: 0)
      }
      result.append(Candidate(source: try facts.hostLayout(inputShape), destination: try facts.hostLayout(outputShape)))
    }
    return result
  }

  private func extents(_ shape: [Int]) -> [Int] { [shape[0], shape[3], shape[1], shape[2]] }

  private func described(_ candidate: Candidate) throws -> PrimitiveDescription {
    try .convolution(
      .training, candidate.algorithm, source: candidate.source,
      weights: Layout(any: geometry.weightExtents, candidate.source.type), bias: bias,
      destination: candidate.destination, window: window,
      then: (Eltwise.chain(for: fused) ?? []).map(PostOperation.eltwise))
  }

  /// Whether a convolution and its gradients have code of their own in these layouts: oneDNN has less of it in
  /// bfloat16.
  private func isFast(_ forward: PrimitiveDescription) -> Bool {
    let kernel = geometry.weightExtents
    let weights = try? PrimitiveDescription.convolutionBackwardWeights(
      of: forward, source: forward.source, weightsGradient: Layout(any: kernel), biasGradient: bias,
      destinationGradient: forward.destination, window: window)
    guard forward.kind.isSpecialized, weights?.kind.isSpecialized == true else { return false }
    let data = try? PrimitiveDescription.convolutionBackwardData(
      of: forward, sourceGradient: forward.source, weights: Layout(any: kernel, forward.source.type),
      destinationGradient: forward.destination, window: window)
    return !needsDataGradient || data?.kind.isSpecialized == true
  }
}

extension Convolution {
  /// A fixed rule, so that runs repeat: oneDNN's 4×3 Winograd wins on 3×3 kernels with enough channels and positions.
  func isWorthWinograd(height: Int, width: Int, channels: Int) -> Bool {
    kernel == Size(3) && strides == Size(1) && dilation == Size(1) && groups == 1 && channels % 16 == 0
      && filters % 16 == 0 && channels >= 32 && filters >= 32 && height >= 7 && width >= 7
  }
}

/// How a convolution's weights are laid out, for oneDNN and in Keras' files.
struct ConvolutionGeometry {
  let convolution: Convolution
  let channels: Int

  init(_ convolution: Convolution, channels: Int) { (self.convolution, self.channels) = (convolution, channels) }

  /// `[filters, channels, kh, kw]`, or with groups `[groups, filters / groups, channels / groups, kh, kw]`.
  var weightExtents: [Int] {
    let c = convolution
    return c.groups == 1
      ? [c.filters, channels, c.kernel.height, c.kernel.width]
      : [c.groups, c.filters / c.groups, channels / c.groups, c.kernel.height, c.kernel.width]
  }

  /// Keras' `[kh, kw, channels / groups, filters]`.
  func hostLayout() throws -> Layout {
    let c = convolution
    let depth = channels / c.groups
    let tail = [1, c.filters, c.kernel.width * depth * c.filters, depth * c.filters]
    return try Layout(weightExtents, strides: c.groups == 1 ? tail : [c.filters / c.groups] + tail)
  }
}
