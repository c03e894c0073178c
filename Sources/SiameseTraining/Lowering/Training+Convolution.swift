import SiameseGraph
import SiameseOneDNN

extension TrainingLowering {
  func convolution(_ c: Convolution, _ node: Int, _ input: TrainingValue) throws -> TrainingValue {
    let path = graph.nodes[node].parameters[.kernel]!, biasPath = graph.nodes[node].parameters[.bias]
    let shape = fullShape(node)
    let geometry = ConvolutionGeometry(c, channels: input.shape[3])
    let host = try geometry.hostLayout()
    let biasLayout = try c.bias ? Layout(rows: [c.filters]) : nil
    let window = Window(
      extent: c.kernel, strides: c.strides, dilation: c.dilation,
      insets: c.padding.insets(
        height: input.shape[1], width: input.shape[2], window: c.kernel, strides: c.strides, dilation: c.dilation))
    // An activation whose slope shows in its output is part of the convolution; others follow it.
    let fused = c.activation.isReadFromOutput ? c.activation : .linear

    let forward = try description(c, window, input, shape, geometry, biasLayout, fused)
    let x = try form(input, forward.source)
    let y = value(node, forward.destination)
    y.isOverwritable = fused == .linear
    var arguments: [(Argument, TrainingArray)] = [
      (.source, x.array), (.weights, try weight(path, forward.weights, from: host)), (.destination, y.array),
    ]
    if let biasLayout, let biasPath { arguments.append((.bias, try weight(biasPath, biasLayout))) }
    try program.add("\(name(node)) \(forward.implementation)", forward, arguments)

    record(node, y) { [self] in
      let g = try gradient(y, through: fused)
      let algorithm: ConvolutionAlgorithm = forward.implementation.contains("wino") ? .winograd : .direct
      if isTrained(path) || isTrained(biasPath) {
        let backward = try preferring(algorithm) {
          try .convolutionBackwardWeights(
            of: forward, $0, source: x.layout, weightsGradient: Layout(any: geometry.weightExtents),
            biasGradient: biasLayout, destinationGradient: g.layout, window: window)
        }
        let kernelGradient = program.array(backward.weightsGradient)
        var arguments: [(Argument, TrainingArray)] = [
          (.source, x.array), (.destinationGradient, g), (.weightsGradient, kernelGradient),
        ]
        let biasGradient = biasLayout.map { program.array($0) }
        if let biasGradient { arguments.append((.biasGradient, biasGradient)) }
        try program.add("\(name(node)), weights \(backward.implementation)", backward, arguments)
        try deliver(kernelGradient, to: path, host)
        if let biasGradient, let biasPath { try deliver(biasGradient, to: biasPath, biasGradient.layout) }
      }
      if x.needsGradient {
        let backward = try preferring(algorithm) {
          try .convolutionBackwardData(
            of: forward, $0, sourceGradient: x.layout, weights: Layout(any: geometry.weightExtents, x.layout.type),
            destinationGradient: g.layout, window: window)
        }
        let dx = program.array(x.layout)
        try program.add(
          "\(name(node)), data \(backward.implementation)", backward,
          [
            (.destinationGradient, g), (.weights, try weight(path, backward.weights, from: host)),
            (.sourceGradient, dx),
          ])
        x.contributions.append(dx)
      }
    }
    return fused == c.activation ? y : try activation(c.activation, node, y)
  }

  /// The first of the possible layouts for which oneDNN has a fast implementation, in the precision of the plan if it can
  /// be, in float32 otherwise.
  private func description(
    _ c: Convolution, _ window: Window, _ input: TrainingValue, _ shape: [Int], _ geometry: ConvolutionGeometry,
    _ bias: Layout?, _ fused: Activation
  ) throws -> PrimitiveDescription {
    let operations = (Eltwise.chain(for: fused) ?? []).map(PostOperation.eltwise)
    let inputExtents = [input.shape[0], input.shape[3], input.shape[1], input.shape[2]]
    let outputExtents = [shape[0], shape[3], shape[1], shape[2]]
    func described(
      _ algorithm: ConvolutionAlgorithm, _ source: Layout, _ destination: Layout
    ) throws -> PrimitiveDescription {
      try .convolution(
        .training, algorithm, source: source, weights: Layout(any: geometry.weightExtents, source.type), bias: bias,
        destination: destination, window: window, then: operations)
    }
    var slow: PrimitiveDescription?
    for type in options.precision == .float32 ? [.float32] : [options.precision.mapType, .float32] {
      let anyInput = try Layout(any: inputExtents, type), anyOutput = try Layout(any: outputExtents, type)
      let map = try mapLayout(shape, type)
      let source = input.shape[3] < block ? anyInput : try mapLayout(input.shape, type)
      var candidates: [(ConvolutionAlgorithm, Layout, Layout)] = [
        (.direct, source, map), (.direct, anyInput, anyOutput),
      ]
      if type == .float32 {
        if c.isWorthWinograd(height: shape[1], width: shape[2], channels: input.shape[3]) {
          candidates.insert((.winograd, source, map), at: 0)
        }
        candidates.append((.direct, try hostLayout(input.shape), try hostLayout(shape)))
      }
      for (algorithm, source, destination) in candidates {
        guard let description = try? described(algorithm, source, destination) else { continue }
        if type == .float32 ? !description.implementation.contains("ref") : isFast(description, geometry, bias, window, input) {
          return description
        }
        if type == .float32 { slow = slow ?? description }
      }
    }
    if let slow { return slow }
    return try described(.direct, Layout(any: inputExtents), Layout(any: outputExtents))
  }

  /// Whether a convolution and its gradients have code of their own in these layouts: oneDNN has less of it in bfloat16.
  private func isFast(
    _ forward: PrimitiveDescription, _ geometry: ConvolutionGeometry, _ bias: Layout?, _ window: Window,
    _ input: TrainingValue
  ) -> Bool {
    let kernel = geometry.weightExtents, type = forward.source.type
    func hasOwnCode(_ description: PrimitiveDescription?) -> Bool {
      description.map { !$0.implementation.contains("ref") && !$0.implementation.contains("gemm:") } ?? false
    }
    let weights = try? PrimitiveDescription.convolutionBackwardWeights(
      of: forward, source: forward.source, weightsGradient: Layout(any: kernel), biasGradient: bias,
      destinationGradient: forward.destination, window: window)
    guard hasOwnCode(forward), hasOwnCode(weights) else { return false }
    let data = try? PrimitiveDescription.convolutionBackwardData(
      of: forward, sourceGradient: forward.source, weights: Layout(any: kernel, type),
      destinationGradient: forward.destination, window: window)
    return !input.needsGradient || hasOwnCode(data)
  }

  private func preferring(
    _ algorithm: ConvolutionAlgorithm, _ make: (ConvolutionAlgorithm) throws -> PrimitiveDescription
  ) throws -> PrimitiveDescription {
    if algorithm == .winograd, let made = try? make(.winograd) { return made }
    return try make(.direct)
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
    let c = convolution, depth = channels / c.groups
    let tail = [1, c.filters, c.kernel.width * depth * c.filters, depth * c.filters]
    return try Layout(weightExtents, strides: c.groups == 1 ? tail : [c.filters / c.groups] + tail)
  }
}
