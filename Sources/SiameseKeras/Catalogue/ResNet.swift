/// Residual networks: blocks that learn what to add to their input.
///
/// He, Zhang, Ren and Sun, 2015, https://arxiv.org/abs/1512.03385; version 2, which normalises before it convolves, is
/// theirs of 2016, https://arxiv.org/abs/1603.05027. As Keras has them: version 1 strides in the first 1×1 convolution,
/// version 2 in the last block of a stage.
extension Architecture {
  static let resNet: [Architecture] = [
    resNet("ResNet50", [3, 4, 6, 3], .init(withTop: 25_636_712, withoutTop: 23_587_712)),
    resNet("ResNet101", [3, 4, 23, 3], .init(withTop: 44_707_176, withoutTop: 42_658_176)),
    resNet("ResNet152", [3, 8, 36, 3], .init(withTop: 60_419_944, withoutTop: 58_370_944)),
    resNetV2("ResNet50V2", [3, 4, 6, 3], .init(withTop: 25_613_800, withoutTop: 23_564_800)),
    resNetV2("ResNet101V2", [3, 4, 23, 3], .init(withTop: 44_675_560, withoutTop: 42_626_560)),
    resNetV2("ResNet152V2", [3, 8, 36, 3], .init(withTop: 60_380_648, withoutTop: 58_331_648)),
  ]

  private static let epsilon: Float = 1.001e-5

  private static func resNet(_ name: String, _ blocks: [Int], _ count: ParameterCount) -> Architecture {
    Architecture(
      name: name, paper: "https://arxiv.org/abs/1512.03385", inputSize: 224, preprocessing: .caffe,
      parameterCount: count
    ) { image, classes in
      /// 1×1 down, 3×3, 1×1 up to four times the width, added to the input or its projection.
      func bottleneck(_ x: FeatureMap, _ name: String, _ filters: Int, stride: Int, projects: Bool) -> FeatureMap {
        let shortcut =
          projects
          ? x.convolution("\(name)_0_conv", 4 * filters, 1, stride: stride, padding: .valid)
            .batchNorm("\(name)_0_bn", epsilon: epsilon) : x
        let residual = x.convolution("\(name)_1_conv", filters, 1, stride: stride, padding: .valid)
          .batchNorm("\(name)_1_bn", epsilon: epsilon).relu("\(name)_1_relu")
          .convolution("\(name)_2_conv", filters, 3).batchNorm("\(name)_2_bn", epsilon: epsilon).relu("\(name)_2_relu")
          .convolution("\(name)_3_conv", 4 * filters, 1, padding: .valid).batchNorm("\(name)_3_bn", epsilon: epsilon)
        return shortcut.add("\(name)_add", residual).relu("\(name)_out")
      }
      var x = image.zeroPad("conv1_pad", 3).convolution("conv1_conv", 64, 7, stride: 2, padding: .valid)
        .batchNorm("conv1_bn", epsilon: epsilon).relu("conv1_relu")
      x = x.zeroPad("pool1_pad", 1).maxPool("pool1_pool", 3, stride: 2)
      for (stage, count) in blocks.enumerated() {
        for block in 1...count {
          x = bottleneck(
            x, "conv\(stage + 2)_block\(block)", 64 << stage, stride: block == 1 && stage > 0 ? 2 : 1,
            projects: block == 1)
        }
      }
      guard let classes else { return x }
      return x.globalAverage("avg_pool").dense("predictions", classes, activation: .softmax)
    }
  }

  private static func resNetV2(_ name: String, _ blocks: [Int], _ count: ParameterCount) -> Architecture {
    Architecture(
      name: name, paper: "https://arxiv.org/abs/1603.05027", inputSize: 224, preprocessing: .tf, parameterCount: count
    ) { image, classes in
      /// Normalisation and rectifier first; the identity stays untouched.
      func bottleneck(_ x: FeatureMap, _ name: String, _ filters: Int, stride: Int, projects: Bool) -> FeatureMap {
        let active = x.batchNorm("\(name)_preact_bn", epsilon: epsilon).relu("\(name)_preact_relu")
        let shortcut =
          projects
          ? active.convolution("\(name)_0_conv", 4 * filters, 1, stride: stride, padding: .valid)
          : stride > 1 ? x.maxPool(nil, 1, stride: stride) : x
        let residual = active.convolution("\(name)_1_conv", filters, 1, padding: .valid, bias: false)
          .batchNorm("\(name)_1_bn", epsilon: epsilon).relu("\(name)_1_relu").zeroPad("\(name)_2_pad", 1)
          .convolution("\(name)_2_conv", filters, 3, stride: stride, padding: .valid, bias: false)
          .batchNorm("\(name)_2_bn", epsilon: epsilon).relu("\(name)_2_relu")
          .convolution("\(name)_3_conv", 4 * filters, 1, padding: .valid)
        return shortcut.add("\(name)_out", residual)
      }
      var x = image.zeroPad("conv1_pad", 3).convolution("conv1_conv", 64, 7, stride: 2, padding: .valid)
      x = x.zeroPad("pool1_pad", 1).maxPool("pool1_pool", 3, stride: 2)
      for (stage, count) in blocks.enumerated() {
        for block in 1...count {
          x = bottleneck(
            x, "conv\(stage + 2)_block\(block)", 64 << stage, stride: block == count && stage < 3 ? 2 : 1,
            projects: block == 1)
        }
      }
      x = x.batchNorm("post_bn", epsilon: epsilon).relu("post_relu")
      guard let classes else { return x }
      return x.globalAverage("avg_pool").dense("predictions", classes, activation: .softmax)
    }
  }
}
