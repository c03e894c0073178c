/// EfficientNet: one network found by search, grown in width, depth and resolution together.
///
/// Tan and Le, 2019, https://arxiv.org/abs/1905.11946. Scales its input inside.
extension Architecture {
  static let efficientNet: [Architecture] = [
    efficientNet("B0", width: 1.0, depth: 1.0, 224, dropout: 0.2, .init(withTop: 5_330_571, withoutTop: 4_049_571)),
    efficientNet("B1", width: 1.0, depth: 1.1, 240, dropout: 0.2, .init(withTop: 7_856_239, withoutTop: 6_575_239)),
    efficientNet("B2", width: 1.1, depth: 1.2, 260, dropout: 0.3, .init(withTop: 9_177_569, withoutTop: 7_768_569)),
    efficientNet("B3", width: 1.2, depth: 1.4, 300, dropout: 0.3, .init(withTop: 12_320_535, withoutTop: 10_783_535)),
    efficientNet("B4", width: 1.4, depth: 1.8, 380, dropout: 0.4, .init(withTop: 19_466_823, withoutTop: 17_673_823)),
    efficientNet("B5", width: 1.6, depth: 2.2, 456, dropout: 0.4, .init(withTop: 30_562_527, withoutTop: 28_513_527)),
    efficientNet("B6", width: 1.8, depth: 2.6, 528, dropout: 0.5, .init(withTop: 43_265_143, withoutTop: 40_960_143)),
    efficientNet("B7", width: 2.0, depth: 3.1, 600, dropout: 0.5, .init(withTop: 66_658_687, withoutTop: 64_097_687)),
  ]

  /// A row of table 1: kernel, repeats, width in and out, expansion, stride.
  private static let stages = [
    (3, 1, 32, 16, 1, 1), (3, 2, 16, 24, 6, 2), (5, 2, 24, 40, 6, 2), (3, 3, 40, 80, 6, 2), (5, 3, 80, 112, 6, 1),
    (5, 4, 112, 192, 6, 2), (3, 1, 192, 320, 6, 1),
  ]

  private static func efficientNet(
    _ size: String, width: Double, depth: Double, _ inputSize: Int, dropout: Float, _ count: ParameterCount
  ) -> Architecture {
    Architecture(
      name: "EfficientNet\(size)", paper: "https://arxiv.org/abs/1905.11946", inputSize: inputSize,
      preprocessing: .none, parameterCount: count
    ) { image, classes in
      func filters(_ count: Int) -> Int { multipleOf8(Double(count) * width) }
      let repeats = stages.map { Int((depth * Double($0.1)).rounded(.up)) }
      let total = repeats.reduce(0, +)

      /// Inverted residual with squeeze and excitation, dropped as a whole in training.
      func block(
        _ x: FeatureMap, _ name: String, kernel: Int, from: Int, to: Int, expansion: Int, stride: Int, drop: Float
      ) -> FeatureMap {
        var y = x
        if expansion != 1 {
          y = y.convolution("\(name)expand_conv", from * expansion, 1, bias: false).batchNorm("\(name)expand_bn")
            .activation("\(name)expand_activation", .silu)
        }
        if stride == 2 { y = y.zeroPad("\(name)dwconv_pad", y.stridedPadding(kernel: kernel)) }
        y = y.depthwise("\(name)dwconv", kernel, stride: stride, padding: stride == 2 ? .valid : .same, bias: false)
          .batchNorm("\(name)bn").activation("\(name)activation", .silu)
        y = y.squeezeExcited(name, squeezedTo: max(1, from / 4))
        y = y.convolution("\(name)project_conv", to, 1, bias: false).batchNorm("\(name)project_bn")
        guard stride == 1, from == to else { return y }
        if drop > 0 { y = y.droppedAsWhole("\(name)drop", drop) }
        return y.add("\(name)add", x)
      }

      var x = image.rescaled(scale: [1 / 255]).standardizedAsImageNet()
      x = x.zeroPad("stem_conv_pad", x.stridedPadding(kernel: 3))
        .convolution("stem_conv", filters(32), 3, stride: 2, padding: .valid, bias: false).batchNorm("stem_bn")
        .activation("stem_activation", .silu)
      var index = 0
      for (stage, (kernel, _, from, to, expansion, stride)) in stages.enumerated() {
        for turn in 0..<repeats[stage] {
          x = block(
            x, "block\(stage + 1)\(letter(turn))_", kernel: kernel, from: filters(turn == 0 ? from : to),
            to: filters(to), expansion: expansion, stride: turn == 0 ? stride : 1,
            drop: 0.2 * Float(index) / Float(total))
          index += 1
        }
      }
      x = x.convolution("top_conv", filters(1280), 1, bias: false).batchNorm("top_bn")
        .activation("top_activation", .silu)
      guard let classes else { return x }
      return x.globalAverage("avg_pool").dropout("top_dropout", dropout)
        .dense("predictions", classes, activation: .softmax)
    }
  }

  /// a, b, c, …: the turns of a stage.
  static func letter(_ index: Int) -> String { String(UnicodeScalar(UInt8(97 + index))) }
}

extension FeatureMap {
  /// Channels weighed by what a bottleneck sees of their averages.
  func squeezeExcited(_ name: String, squeezedTo count: Int) -> FeatureMap {
    let gate = globalAverage("\(name)se_squeeze").reshape("\(name)se_reshape", [1, 1, channels])
      .convolution("\(name)se_reduce", count, 1, activation: .function(.silu))
      .convolution("\(name)se_expand", channels, 1, activation: .function(.sigmoid))
    return multiply("\(name)se_excite", gate)
  }
}
