/// MobileNetV3: found by search, with squeeze and excitation and hard-swish; minimalistic versions do without both.
///
/// Howard and others, 2019, https://arxiv.org/abs/1905.02244. Scales its input inside.
extension Architecture {
  static let mobileNetV3: [Architecture] = [
    mobileNetV3(small, "Small", alpha: 0.75, .init(withTop: 2_051_552, withoutTop: 583_160)),
    mobileNetV3(small, "Small", alpha: 1, .init(withTop: 2_554_968, withoutTop: 939_120)),
    mobileNetV3(small, "Small", minimalistic: true, .init(withTop: 2_056_848, withoutTop: 441_000)),
    mobileNetV3(large, "Large", alpha: 0.75, .init(withTop: 4_012_616, withoutTop: 1_808_736)),
    mobileNetV3(large, "Large", alpha: 1, .init(withTop: 5_507_432, withoutTop: 2_996_352)),
    mobileNetV3(large, "Large", minimalistic: true, .init(withTop: 3_948_688, withoutTop: 1_437_608)),
  ]

  /// A row of table 1 or 2; `wide` kernels are 5×5 where the network is not minimalistic.
  private struct Bottleneck: Sendable {
    var expansion: Double
    var filters: Int
    var wide = false
    var stride = 1
    var squeezes = false
    var swishes = false
  }

  private static let large: [Bottleneck] = [
    .init(expansion: 1, filters: 16), .init(expansion: 4, filters: 24, stride: 2), .init(expansion: 3, filters: 24),
    .init(expansion: 3, filters: 40, wide: true, stride: 2, squeezes: true),
    .init(expansion: 3, filters: 40, wide: true, squeezes: true),
    .init(expansion: 3, filters: 40, wide: true, squeezes: true),
    .init(expansion: 6, filters: 80, stride: 2, swishes: true), .init(expansion: 2.5, filters: 80, swishes: true),
    .init(expansion: 2.3, filters: 80, swishes: true), .init(expansion: 2.3, filters: 80, swishes: true),
    .init(expansion: 6, filters: 112, squeezes: true, swishes: true),
    .init(expansion: 6, filters: 112, squeezes: true, swishes: true),
    .init(expansion: 6, filters: 160, wide: true, stride: 2, squeezes: true, swishes: true),
    .init(expansion: 6, filters: 160, wide: true, squeezes: true, swishes: true),
    .init(expansion: 6, filters: 160, wide: true, squeezes: true, swishes: true),
  ]

  private static let small: [Bottleneck] = [
    .init(expansion: 1, filters: 16, stride: 2, squeezes: true), .init(expansion: 72.0 / 16, filters: 24, stride: 2),
    .init(expansion: 88.0 / 24, filters: 24),
    .init(expansion: 4, filters: 40, wide: true, stride: 2, squeezes: true, swishes: true),
    .init(expansion: 6, filters: 40, wide: true, squeezes: true, swishes: true),
    .init(expansion: 6, filters: 40, wide: true, squeezes: true, swishes: true),
    .init(expansion: 3, filters: 48, wide: true, squeezes: true, swishes: true),
    .init(expansion: 3, filters: 48, wide: true, squeezes: true, swishes: true),
    .init(expansion: 6, filters: 96, wide: true, stride: 2, squeezes: true, swishes: true),
    .init(expansion: 6, filters: 96, wide: true, squeezes: true, swishes: true),
    .init(expansion: 6, filters: 96, wide: true, squeezes: true, swishes: true),
  ]

  private static func mobileNetV3(
    _ blocks: [Bottleneck], _ size: String, alpha: Double = 1, minimalistic: Bool = false, _ count: ParameterCount
  ) -> Architecture {
    Architecture(
      name: minimalistic ? "MobileNetV3\(size)-minimalistic" : named("MobileNetV3\(size)", alpha: alpha),
      paper: "https://arxiv.org/abs/1905.02244", inputSize: 224, preprocessing: .none, parameterCount: count
    ) { image, classes in
      func batchNorm(_ x: FeatureMap, _ name: String) -> FeatureMap { x.batchNorm(name, momentum: 0.999) }
      func active(_ x: FeatureMap, swishes: Bool) -> FeatureMap {
        swishes && !minimalistic ? x.activation(nil, .hardSilu) : x.relu(nil, className: "ReLU")
      }
      /// Weighs the channels by what a bottleneck sees of their averages.
      func squeezeExcite(_ x: FeatureMap, _ prefix: String) -> FeatureMap {
        let gate = x.globalAverage("\(prefix)squeeze_excite_avg_pool", keepsDimensions: true)
          .convolution("\(prefix)squeeze_excite_conv", multipleOf8(Double(x.channels) * 0.25), 1)
          .relu("\(prefix)squeeze_excite_relu", className: "ReLU")
          .convolution("\(prefix)squeeze_excite_conv_1", x.channels, 1)
          .linear(nil, "Operator", offset: 3).relu6().linear(nil, "Operator", scale: 1 / 6)
        return x.multiply("\(prefix)squeeze_excite_mul", gate)
      }
      func bottleneck(_ x: FeatureMap, _ id: Int, _ block: Bottleneck) -> FeatureMap {
        let prefix = id == 0 ? "expanded_conv_" : "expanded_conv_\(id)_"
        let kernel = block.wide && !minimalistic ? 5 : 3
        let filters = multipleOf8(Double(block.filters) * alpha)
        var y = x
        if id > 0 {
          let expanded = multipleOf8(Double(x.channels) * block.expansion)
          y = batchNorm(y.convolution("\(prefix)expand", expanded, 1, bias: false), "\(prefix)expand_bn")
          y = active(y, swishes: block.swishes)
        }
        if block.stride == 2 { y = y.zeroPad("\(prefix)depthwise_pad", y.stridedPadding(kernel: kernel)) }
        y = y.depthwise(
          "\(prefix)depthwise", kernel, stride: block.stride, padding: block.stride == 1 ? .same : .valid, bias: false)
        y = active(batchNorm(y, "\(prefix)depthwise_bn"), swishes: block.swishes)
        if block.squeezes && !minimalistic { y = squeezeExcite(y, prefix) }
        y = batchNorm(y.convolution("\(prefix)project", filters, 1, bias: false), "\(prefix)project_bn")
        return block.stride == 1 && x.channels == filters ? x.add("\(prefix)add", y) : y
      }
      var x = image.rescaled(scale: [1 / 127.5], offset: [-1]).convolution("conv", 16, 3, stride: 2, bias: false)
      x = active(batchNorm(x, "conv_bn"), swishes: true)
      for (id, block) in blocks.enumerated() { x = bottleneck(x, id, block) }
      x = x.convolution("conv_1", multipleOf8(Double(x.channels) * 6), 1, bias: false)
      x = active(batchNorm(x, "conv_1_bn"), swishes: true)
      guard let classes else { return x }
      let last = size == "Small" ? 1024 : 1280
      x = x.globalAverage(keepsDimensions: true).convolution("conv_2", last, 1)
      return active(x, swishes: true).dropout(nil, 0.2).convolution("logits", classes, 1).flatten()
        .softmax("predictions")
    }
  }
}
