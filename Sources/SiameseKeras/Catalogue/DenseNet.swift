/// DenseNet: every layer sees the outputs of all layers before it.
///
/// Huang, Liu, van der Maaten and Weinberger, 2016, https://arxiv.org/abs/1608.06993.
extension Architecture {
  static let denseNet: [Architecture] = [
    denseNet("DenseNet121", [6, 12, 24, 16], .init(withTop: 8_062_504, withoutTop: 7_037_504)),
    denseNet("DenseNet169", [6, 12, 32, 32], .init(withTop: 14_307_880, withoutTop: 12_642_880)),
    denseNet("DenseNet201", [6, 12, 48, 32], .init(withTop: 20_242_984, withoutTop: 18_321_984)),
  ]

  private static func denseNet(_ name: String, _ blocks: [Int], _ count: ParameterCount) -> Architecture {
    Architecture(
      name: name, paper: "https://arxiv.org/abs/1608.06993", inputSize: 224, preprocessing: .torch,
      parameterCount: count
    ) { image, classes in
      let growth = 32
      let epsilon: Float = 1.001e-5
      /// A bottleneck whose output is put beside its input.
      func layer(_ x: FeatureMap, _ name: String) -> FeatureMap {
        let grown = x.batchNorm("\(name)_0_bn", epsilon: epsilon).relu("\(name)_0_relu")
          .convolution("\(name)_1_conv", 4 * growth, 1, padding: .valid, bias: false)
          .batchNorm("\(name)_1_bn", epsilon: epsilon).relu("\(name)_1_relu")
          .convolution("\(name)_2_conv", growth, 3, bias: false)
        return .concatenate("\(name)_concat", [x, grown])
      }
      /// Half the channels, half the height and width.
      func transition(_ x: FeatureMap, _ name: String) -> FeatureMap {
        x.batchNorm("\(name)_bn", epsilon: epsilon).relu("\(name)_relu")
          .convolution("\(name)_conv", x.channels / 2, 1, padding: .valid, bias: false)
          .averagePool("\(name)_pool", 2, stride: 2)
      }
      var x = image.zeroPad(nil, 3).convolution("conv1_conv", 64, 7, stride: 2, padding: .valid, bias: false)
        .batchNorm("conv1_bn", epsilon: epsilon).relu("conv1_relu")
      x = x.zeroPad(nil, 1).maxPool("pool1", 3, stride: 2)
      for (stage, count) in blocks.enumerated() {
        for block in 1...count { x = layer(x, "conv\(stage + 2)_block\(block)") }
        if stage < 3 { x = transition(x, "pool\(stage + 2)") }
      }
      x = x.batchNorm("bn", epsilon: epsilon).relu("relu")
      guard let classes else { return x }
      return x.globalAverage("avg_pool").dense("predictions", classes, activation: .softmax)
    }
  }
}
