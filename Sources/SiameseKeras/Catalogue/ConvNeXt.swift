/// ConvNeXt: a residual network with a transformer's habits.
///
/// Liu and others, 2022, https://arxiv.org/abs/2201.03545. Scales its input inside.
extension Architecture {
  static let convNeXt: [Architecture] = [
    convNeXt("Tiny", [3, 3, 9, 3], [96, 192, 384, 768], .init(withTop: 28_589_128, withoutTop: 27_820_128)),
    convNeXt("Small", [3, 3, 27, 3], [96, 192, 384, 768], .init(withTop: 50_223_688, withoutTop: 49_454_688)),
    convNeXt("Base", [3, 3, 27, 3], [128, 256, 512, 1024], .init(withTop: 88_591_464, withoutTop: 87_566_464)),
    convNeXt("Large", [3, 3, 27, 3], [192, 384, 768, 1536], .init(withTop: 197_767_336, withoutTop: 196_230_336)),
    convNeXt("XLarge", [3, 3, 27, 3], [256, 512, 1024, 2048], .init(withTop: 350_196_968, withoutTop: 348_147_968)),
  ]

  private static func convNeXt(
    _ size: String, _ depths: [Int], _ widths: [Int], _ count: ParameterCount
  ) -> Architecture {
    Architecture(
      name: "ConvNeXt\(size)", paper: "https://arxiv.org/abs/2201.03545", inputSize: 224, preprocessing: .none,
      parameterCount: count
    ) { image, classes in
      let name = "convnext_\(size.lowercased())"
      let epsilon: Float = 1e-6
      /// A 7×7 depthwise convolution, then a widening and a narrowing dense layer at every position.
      func block(_ x: FeatureMap, _ name: String, _ width: Int) -> FeatureMap {
        x.convolution("\(name)_depthwise_conv", width, 7, groups: width)
          .layerNorm("\(name)_layernorm", epsilon: epsilon).dense("\(name)_pointwise_conv_1", 4 * width)
          .activation("\(name)_gelu", .gelu(approximate: false)).dense("\(name)_pointwise_conv_2", width)
          .layerScale("\(name)_layer_scale").identity("\(name)_identity").added(to: x)
      }
      var x = image.standardized(
        "\(name)_prestem_normalization", mean: [0.485 * 255, 0.456 * 255, 0.406 * 255],
        variance: [0.229, 0.224, 0.225].map { ($0 * 255) * ($0 * 255) })
      x = x.inside("\(name)_stem") {
        $0.convolution("\(name)_stem_conv", widths[0], 4, stride: 4, padding: .valid)
          .layerNorm("\(name)_stem_layernorm", epsilon: epsilon)
      }
      for (stage, (depth, width)) in zip(depths, widths).enumerated() {
        if stage > 0 {
          x = x.inside("\(name)_downsampling_block_\(stage - 1)") {
            $0.layerNorm("\(name)_downsampling_layernorm_\(stage - 1)", epsilon: epsilon)
              .convolution("\(name)_downsampling_conv_\(stage - 1)", width, 2, stride: 2, padding: .valid)
          }
        }
        for index in 0..<depth { x = block(x, "\(name)_stage_\(stage)_block_\(index)", width) }
      }
      guard let classes else { return x.layerNorm(epsilon: epsilon) }
      return x.globalAverage("\(name)_head_gap").layerNorm("\(name)_head_layernorm", epsilon: epsilon)
        .dense("\(name)_head_dense", classes, activation: .softmax)
    }
  }
}
