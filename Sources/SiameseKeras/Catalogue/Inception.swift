import SiameseGraph

/// Inception: several kernel sizes side by side.
///
/// Version 3: Szegedy and others, 2015, https://arxiv.org/abs/1512.00567. Inception-ResNet version 2: theirs of 2016,
/// https://arxiv.org/abs/1602.07261.
extension Architecture {
  static let inceptionV3 = Architecture(
    name: "InceptionV3", paper: "https://arxiv.org/abs/1512.00567", inputSize: 299, preprocessing: .tf,
    parameterCount: .init(withTop: 23_851_784, withoutTop: 21_802_784)
  ) { image, classes in
    var x = image.unit(32, 3, stride: 2, padding: .valid).unit(32, 3, padding: .valid).unit(64, 3)
    x = x.maxPool(nil, 3, stride: 2).unit(80, 1, padding: .valid).unit(192, 3, padding: .valid)
    x = x.maxPool(nil, 3, stride: 2)

    // Figure 5: 5×5 and doubled 3×3.
    for (index, pooled) in [32, 64, 64].enumerated() {
      let one = x.unit(64, 1)
      let five = x.unit(48, 1).unit(64, 5)
      let three = x.unit(64, 1).unit(96, 3).unit(96, 3)
      let pool = x.averagePool(nil, 3, stride: 1, padding: .same).unit(pooled, 1)
      x = .concatenate("mixed\(index)", [one, five, three, pool])
    }
    do {
      let three = x.unit(384, 3, stride: 2, padding: .valid)
      let double = x.unit(64, 1).unit(96, 3).unit(96, 3, stride: 2, padding: .valid)
      x = .concatenate("mixed3", [three, double, x.maxPool(nil, 3, stride: 2)])
    }
    // Figure 6: 7×7 as 1×7 and 7×1.
    for (index, width) in [128, 160, 160, 192].enumerated() {
      let one = x.unit(192, 1)
      let seven = x.unit(width, 1).unit(width, Size(1, 7)).unit(192, Size(7, 1))
      let double = x.unit(width, 1).unit(width, Size(7, 1)).unit(width, Size(1, 7)).unit(width, Size(7, 1))
        .unit(192, Size(1, 7))
      let pool = x.averagePool(nil, 3, stride: 1, padding: .same).unit(192, 1)
      x = .concatenate("mixed\(index + 4)", [one, seven, double, pool])
    }
    do {
      let three = x.unit(192, 1).unit(320, 3, stride: 2, padding: .valid)
      let seven = x.unit(192, 1).unit(192, Size(1, 7)).unit(192, Size(7, 1)).unit(192, 3, stride: 2, padding: .valid)
      x = .concatenate("mixed8", [three, seven, x.maxPool(nil, 3, stride: 2)])
    }
    // Figure 7: 1×3 and 3×1 side by side.
    for index in 0..<2 {
      let one = x.unit(320, 1)
      let three = x.unit(384, 1)
      let wide = FeatureMap.concatenate("mixed9_\(index)", [three.unit(384, Size(1, 3)), three.unit(384, Size(3, 1))])
      let double = x.unit(448, 1).unit(384, 3)
      let doubled = FeatureMap.concatenate(nil, [double.unit(384, Size(1, 3)), double.unit(384, Size(3, 1))])
      let pool = x.averagePool(nil, 3, stride: 1, padding: .same).unit(192, 1)
      x = .concatenate("mixed\(index + 9)", [one, wide, doubled, pool])
    }
    guard let classes else { return x }
    return x.globalAverage("avg_pool").dense("predictions", classes, activation: .softmax)
  }

  static let inceptionResNetV2 = Architecture(
    name: "InceptionResNetV2", paper: "https://arxiv.org/abs/1602.07261", inputSize: 299, preprocessing: .tf,
    parameterCount: .init(withTop: 55_873_736, withoutTop: 54_336_736)
  ) { image, classes in
    /// The branches concatenated, projected to the input's width and added to it, scaled.
    func residual(
      _ x: FeatureMap, _ name: String, scale: Float, active: Bool = true, _ branches: [FeatureMap]
    ) -> FeatureMap {
      let up = FeatureMap.concatenate("\(name)_mixed", branches).convolution("\(name)_conv", x.channels, 1)
      let sum = x.addScaled(nil, up, scale: scale)
      return active ? sum.relu("\(name)_ac") : sum
    }
    var x = image.unit(32, 3, stride: 2, padding: .valid).unit(32, 3, padding: .valid).unit(64, 3)
    x = x.maxPool(nil, 3, stride: 2).unit(80, 1, padding: .valid).unit(192, 3, padding: .valid)
    x = x.maxPool(nil, 3, stride: 2)
    do {
      let one = x.unit(96, 1)
      let five = x.unit(48, 1).unit(64, 5)
      let three = x.unit(64, 1).unit(96, 3).unit(96, 3)
      let pool = x.averagePool(nil, 3, stride: 1, padding: .same).unit(64, 1)
      x = .concatenate("mixed_5b", [one, five, three, pool])
    }
    for index in 1...10 {
      x = residual(
        x, "block35_\(index)", scale: 0.17,
        [x.unit(32, 1), x.unit(32, 1).unit(32, 3), x.unit(32, 1).unit(48, 3).unit(64, 3)])
    }
    do {
      let three = x.unit(384, 3, stride: 2, padding: .valid)
      let double = x.unit(256, 1).unit(256, 3).unit(384, 3, stride: 2, padding: .valid)
      x = .concatenate("mixed_6a", [three, double, x.maxPool(nil, 3, stride: 2)])
    }
    for index in 1...20 {
      x = residual(
        x, "block17_\(index)", scale: 0.1,
        [x.unit(192, 1), x.unit(128, 1).unit(160, Size(1, 7)).unit(192, Size(7, 1))])
    }
    do {
      let first = x.unit(256, 1).unit(384, 3, stride: 2, padding: .valid)
      let second = x.unit(256, 1).unit(288, 3, stride: 2, padding: .valid)
      let third = x.unit(256, 1).unit(288, 3).unit(320, 3, stride: 2, padding: .valid)
      x = .concatenate("mixed_7a", [first, second, third, x.maxPool(nil, 3, stride: 2)])
    }
    for index in 1...10 {
      x = residual(
        x, "block8_\(index)", scale: index < 10 ? 0.2 : 1, active: index < 10,
        [x.unit(192, 1), x.unit(192, 1).unit(224, Size(1, 3)).unit(256, Size(3, 1))])
    }
    x = x.convolution("conv_7b", 1536, 1, bias: false).batchNorm("conv_7b_bn", scale: false).relu("conv_7b_ac")
    guard let classes else { return x }
    return x.globalAverage("avg_pool").dense("predictions", classes, activation: .softmax)
  }
}

extension FeatureMap {
  /// Convolution, batch normalisation without a scale, rectifier: the brick of all Inceptions.
  fileprivate func unit(_ filters: Int, _ kernel: Size, stride: Int = 1, padding: Padding = .same) -> FeatureMap {
    convolution(nil, filters, kernel, stride: stride, padding: padding, bias: false).batchNorm(scale: false).relu()
  }

  fileprivate func unit(_ filters: Int, _ kernel: Int, stride: Int = 1, padding: Padding = .same) -> FeatureMap {
    unit(filters, Size(kernel), stride: stride, padding: padding)
  }
}
