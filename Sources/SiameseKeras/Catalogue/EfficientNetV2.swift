/// EfficientNetV2: early blocks fuse expansion and depthwise convolution into one 3×3.
///
/// Tan and Le, 2021, https://arxiv.org/abs/2104.00298. Scales its input inside.
extension Architecture {
  static let efficientNetV2: [Architecture] = [
    efficientNetV2("B0", 224, .init(withTop: 7_200_312, withoutTop: 5_919_312), base),
    efficientNetV2("B1", depth: 1.1, 240, .init(withTop: 8_212_124, withoutTop: 6_931_124), base),
    efficientNetV2("B2", width: 1.1, depth: 1.2, 260, .init(withTop: 10_178_374, withoutTop: 8_769_374), base),
    efficientNetV2("B3", width: 1.2, depth: 1.4, 300, .init(withTop: 14_467_622, withoutTop: 12_930_622), base),
    efficientNetV2(
      "S", 384, .init(withTop: 21_612_360, withoutTop: 20_331_360),
      [
        .init(fused: true, repeats: 2, from: 24, to: 24, expansion: 1, stride: 1),
        .init(fused: true, repeats: 4, from: 24, to: 48, expansion: 4, stride: 2),
        .init(fused: true, repeats: 4, from: 48, to: 64, expansion: 4, stride: 2),
        .init(repeats: 6, from: 64, to: 128, expansion: 4, stride: 2),
        .init(repeats: 9, from: 128, to: 160, expansion: 6, stride: 1),
        .init(repeats: 15, from: 160, to: 256, expansion: 6, stride: 2),
      ]),
    efficientNetV2(
      "M", 480, .init(withTop: 54_431_388, withoutTop: 53_150_388),
      [
        .init(fused: true, repeats: 3, from: 24, to: 24, expansion: 1, stride: 1),
        .init(fused: true, repeats: 5, from: 24, to: 48, expansion: 4, stride: 2),
        .init(fused: true, repeats: 5, from: 48, to: 80, expansion: 4, stride: 2),
        .init(repeats: 7, from: 80, to: 160, expansion: 4, stride: 2),
        .init(repeats: 14, from: 160, to: 176, expansion: 6, stride: 1),
        .init(repeats: 18, from: 176, to: 304, expansion: 6, stride: 2),
        .init(repeats: 5, from: 304, to: 512, expansion: 6, stride: 1),
      ]),
    efficientNetV2(
      "L", 480, .init(withTop: 119_027_848, withoutTop: 117_746_848),
      [
        .init(fused: true, repeats: 4, from: 32, to: 32, expansion: 1, stride: 1),
        .init(fused: true, repeats: 7, from: 32, to: 64, expansion: 4, stride: 2),
        .init(fused: true, repeats: 7, from: 64, to: 96, expansion: 4, stride: 2),
        .init(repeats: 10, from: 96, to: 192, expansion: 4, stride: 2),
        .init(repeats: 19, from: 192, to: 224, expansion: 6, stride: 1),
        .init(repeats: 25, from: 224, to: 384, expansion: 6, stride: 2),
        .init(repeats: 7, from: 384, to: 640, expansion: 6, stride: 1),
      ]),
  ]

  /// A row of table 4.
  private struct Stage: Sendable {
    var fused = false
    var repeats: Int
    var from: Int
    var to: Int
    var expansion: Int
    var stride: Int
  }

  private static let base: [Stage] = [
    .init(fused: true, repeats: 1, from: 32, to: 16, expansion: 1, stride: 1),
    .init(fused: true, repeats: 2, from: 16, to: 32, expansion: 4, stride: 2),
    .init(fused: true, repeats: 2, from: 32, to: 48, expansion: 4, stride: 2),
    .init(repeats: 3, from: 48, to: 96, expansion: 4, stride: 2),
    .init(repeats: 5, from: 96, to: 112, expansion: 6, stride: 1),
    .init(repeats: 8, from: 112, to: 192, expansion: 6, stride: 2),
  ]

  private static func efficientNetV2(
    _ size: String, width: Double = 1, depth: Double = 1, _ inputSize: Int, _ count: ParameterCount, _ stages: [Stage]
  ) -> Architecture {
    Architecture(
      name: "EfficientNetV2\(size)", paper: "https://arxiv.org/abs/2104.00298", inputSize: inputSize,
      preprocessing: .none, parameterCount: count
    ) { image, classes in
      /// The nearest multiple of 8, however far below.
      func filters(_ count: Int) -> Int { max(8, Int(Double(count) * width + 4) / 8 * 8) }
      func norm(_ x: FeatureMap, _ name: String) -> FeatureMap { x.batchNorm(name, momentum: 0.9) }

      func block(
        _ x: FeatureMap, _ name: String, _ stage: Stage, from: Int, to: Int, stride: Int, drop: Float
      ) -> FeatureMap {
        var y = x
        let expanded = from * stage.expansion
        if stage.fused {
          if stage.expansion != 1 {
            y = norm(y.convolution("\(name)expand_conv", expanded, 3, stride: stride, bias: false), "\(name)expand_bn")
              .activation("\(name)expand_activation", .silu)
          }
          let kernel = stage.expansion == 1 ? 3 : 1
          y = norm(
            y.convolution(
              "\(name)project_conv", to, kernel, stride: stage.expansion == 1 ? stride : 1, bias: false),
            "\(name)project_bn")
          if stage.expansion == 1 { y = y.activation("\(name)project_activation", .silu) }
        } else {
          y = norm(y.convolution("\(name)expand_conv", expanded, 1, bias: false), "\(name)expand_bn")
            .activation("\(name)expand_activation", .silu)
          y = norm(y.depthwise("\(name)dwconv2", 3, stride: stride, bias: false), "\(name)bn")
            .activation("\(name)activation", .silu)
          y = y.squeezeExcited(name, squeezedTo: max(1, from / 4))
          y = norm(y.convolution("\(name)project_conv", to, 1, bias: false), "\(name)project_bn")
        }
        guard stride == 1, from == to else { return y }
        if drop > 0 { y = y.droppedAsWhole("\(name)drop", drop) }
        return y.add("\(name)add", x)
      }

      var x =
        size.hasPrefix("B")
        ? image.rescaled(scale: [1 / 255]).standardized(
          mean: [0.485, 0.456, 0.406], variance: [0.229, 0.224, 0.225].map { $0 * $0 })
        : image.rescaled(scale: [1 / 128], offset: [-1])
      x = norm(x.convolution("stem_conv", filters(stages[0].from), 3, stride: 2, bias: false), "stem_bn")
        .activation("stem_activation", .silu)
      // Dropping is paced by the unscaled number of blocks.
      let total = stages.reduce(0) { $0 + $1.repeats }
      var index = 0
      for (number, stage) in stages.enumerated() {
        for turn in 0..<Int((depth * Double(stage.repeats)).rounded(.up)) {
          x = block(
            x, "block\(number + 1)\(letter(turn))_", stage, from: filters(turn == 0 ? stage.from : stage.to),
            to: filters(stage.to), stride: turn == 0 ? stage.stride : 1, drop: 0.2 * Float(index) / Float(total))
          index += 1
        }
      }
      x = norm(x.convolution("top_conv", filters(1280), 1, bias: false), "top_bn").activation("top_activation", .silu)
      guard let classes else { return x }
      return x.globalAverage("avg_pool").dropout("top_dropout", 0.2)
        .dense("predictions", classes, activation: .softmax)
    }
  }
}
