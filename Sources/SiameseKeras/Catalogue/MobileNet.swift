import SiameseGraph

/// MobileNets: depthwise convolutions between pointwise ones, their width scaled by `alpha`.
///
/// Version 1: Howard and others, 2017, https://arxiv.org/abs/1704.04861. Version 2, with inverted residuals: Sandler
/// and others, 2018, https://arxiv.org/abs/1801.04381.
extension Architecture {
  static let mobileNet: [Architecture] = [
    mobileNet(alpha: 0.25, .init(withTop: 475_544, withoutTop: 218_544)),
    mobileNet(alpha: 0.5, .init(withTop: 1_342_536, withoutTop: 829_536)),
    mobileNet(alpha: 0.75, .init(withTop: 2_601_976, withoutTop: 1_832_976)),
    mobileNet(alpha: 1, .init(withTop: 4_253_864, withoutTop: 3_228_864)),
  ]

  static let mobileNetV2: [Architecture] = [
    mobileNetV2(alpha: 0.35, .init(withTop: 1_691_208, withoutTop: 410_208)),
    mobileNetV2(alpha: 0.5, .init(withTop: 1_987_224, withoutTop: 706_224)),
    mobileNetV2(alpha: 0.75, .init(withTop: 2_663_064, withoutTop: 1_382_064)),
    mobileNetV2(alpha: 1, .init(withTop: 3_538_984, withoutTop: 2_257_984)),
    mobileNetV2(alpha: 1.3, .init(withTop: 5_431_048, withoutTop: 3_766_048)),
    mobileNetV2(alpha: 1.4, .init(withTop: 6_156_712, withoutTop: 4_363_712)),
  ]

  /// `MobileNet` for a width of 1, else `MobileNet-0.25`.
  static func named(_ stem: String, alpha: Double) -> String { alpha == 1 ? stem : "\(stem)-\(alpha)" }

  /// The multiple of 8 nearest to `width`, no more than a tenth below it.
  static func multipleOf8(_ width: Double) -> Int {
    let rounded = max(8, Int(width + 4) / 8 * 8)
    return Double(rounded) < 0.9 * width ? rounded + 8 : rounded
  }

  private static func mobileNet(alpha: Double, _ count: ParameterCount) -> Architecture {
    Architecture(
      name: named("MobileNet", alpha: alpha), paper: "https://arxiv.org/abs/1704.04861", inputSize: 224,
      preprocessing: .tf, parameterCount: count
    ) { image, classes in
      func width(_ filters: Int) -> Int { Int(Double(filters) * alpha) }
      func block(_ x: FeatureMap, _ id: Int, _ filters: Int, stride: Int) -> FeatureMap {
        let padded = stride == 1 ? x : x.zeroPad("conv_pad_\(id)", EdgeInsets(bottom: 1, right: 1))
        return padded.depthwise("conv_dw_\(id)", 3, stride: stride, padding: stride == 1 ? .same : .valid, bias: false)
          .batchNorm("conv_dw_\(id)_bn").relu6("conv_dw_\(id)_relu")
          .convolution("conv_pw_\(id)", width(filters), 1, bias: false).batchNorm("conv_pw_\(id)_bn")
          .relu6("conv_pw_\(id)_relu")
      }
      var x = image.convolution("conv1", width(32), 3, stride: 2, bias: false).batchNorm("conv1_bn").relu6("conv1_relu")
      let blocks = [(64, 1), (128, 2), (128, 1), (256, 2), (256, 1), (512, 2)] + Array(repeating: (512, 1), count: 5)
      for (index, (filters, stride)) in (blocks + [(1024, 2), (1024, 1)]).enumerated() {
        x = block(x, index + 1, filters, stride: stride)
      }
      guard let classes else { return x }
      return x.globalAverage(keepsDimensions: true).dropout("dropout", 1e-3).convolution("conv_preds", classes, 1)
        .reshape("reshape_2", [classes]).softmax("predictions")
    }
  }

  private static func mobileNetV2(alpha: Double, _ count: ParameterCount) -> Architecture {
    Architecture(
      name: named("MobileNetV2", alpha: alpha), paper: "https://arxiv.org/abs/1801.04381", inputSize: 224,
      preprocessing: .tf, parameterCount: count
    ) { image, classes in
      func batchNorm(_ x: FeatureMap, _ name: String) -> FeatureMap { x.batchNorm(name, momentum: 0.999) }
      /// Expanded, convolved depthwise, projected; added to its input where the shapes allow.
      func invertedResidual(_ x: FeatureMap, _ id: Int, _ filters: Int, stride: Int, expansion: Int) -> FeatureMap {
        let prefix = id == 0 ? "expanded_conv_" : "block_\(id)_"
        let filters = multipleOf8(Double(Int(Double(filters) * alpha)))
        var y = x
        if id > 0 {
          y = batchNorm(
            y.convolution("\(prefix)expand", expansion * x.channels, 1, bias: false), "\(prefix)expand_BN"
          ).relu6("\(prefix)expand_relu")
        }
        if stride == 2 { y = y.zeroPad("\(prefix)pad", y.stridedPadding(kernel: 3)) }
        y = y.depthwise("\(prefix)depthwise", 3, stride: stride, padding: stride == 1 ? .same : .valid, bias: false)
        y = batchNorm(y, "\(prefix)depthwise_BN").relu6("\(prefix)depthwise_relu")
        y = batchNorm(y.convolution("\(prefix)project", filters, 1, bias: false), "\(prefix)project_BN")
        return stride == 1 && x.channels == filters ? x.add("\(prefix)add", y) : y
      }
      var x = image.convolution("Conv1", multipleOf8(32 * alpha), 3, stride: 2, bias: false)
      x = batchNorm(x, "bn_Conv1").relu6("Conv1_relu")
      // Expansion, width, repeats, stride of the first: table 2.
      let stages = [
        (1, 16, 1, 1), (6, 24, 2, 2), (6, 32, 3, 2), (6, 64, 4, 2), (6, 96, 3, 1), (6, 160, 3, 2), (6, 320, 1, 1),
      ]
      var id = 0
      for (expansion, filters, repeats, stride) in stages {
        for index in 0..<repeats {
          x = invertedResidual(x, id, filters, stride: index == 0 ? stride : 1, expansion: expansion)
          id += 1
        }
      }
      x = x.convolution("Conv_1", alpha > 1 ? multipleOf8(1280 * alpha) : 1280, 1, padding: .valid, bias: false)
      x = batchNorm(x, "Conv_1_bn").relu6("out_relu")
      guard let classes else { return x }
      return x.globalAverage().dense("predictions", classes, activation: .softmax)
    }
  }
}

extension FeatureMap {
  func relu6(_ name: String? = nil) -> FeatureMap { activation(name, .relu6, className: "ReLU") }

  /// What a convolution of stride 2 is padded with, so that its windows sit where they do in TensorFlow's own code.
  func stridedPadding(kernel: Int) -> EdgeInsets {
    let half = kernel / 2
    return EdgeInsets(
      top: half - (1 - height % 2), bottom: half, left: half - (1 - width % 2), right: half)
  }
}
