/// Xception: Inception taken to its end, separable convolutions throughout.
///
/// Chollet, 2016, https://arxiv.org/abs/1610.02357 (figure 5).
extension Architecture {
  static let xception = Architecture(
    name: "Xception", paper: "https://arxiv.org/abs/1610.02357", inputSize: 299, preprocessing: .tf,
    parameterCount: .init(withTop: 22_910_480, withoutTop: 20_861_480)
  ) { image, classes in
    func separable(_ x: FeatureMap, _ name: String, _ filters: Int) -> FeatureMap {
      x.separable(name, filters, 3, bias: false).batchNorm("\(name)_bn")
    }
    /// Two separable convolutions and a pooling, beside a strided projection.
    func reduction(_ x: FeatureMap, _ id: Int, _ first: Int, _ second: Int, startsActive: Bool = true) -> FeatureMap {
      let residual = x.convolution(nil, second, 1, stride: 2, bias: false).batchNorm()
      let name = "block\(id)_sepconv"
      var y = startsActive ? x.relu("\(name)1_act") : x
      y = separable(separable(y, "\(name)1", first).relu("\(name)2_act"), "\(name)2", second)
      return y.maxPool("block\(id)_pool", 3, stride: 2, padding: .same).add(nil, residual)
    }
    // Entry flow.
    var x = image.convolution("block1_conv1", 32, 3, stride: 2, padding: .valid, bias: false)
      .batchNorm("block1_conv1_bn").relu("block1_conv1_act")
      .convolution("block1_conv2", 64, 3, padding: .valid, bias: false)
      .batchNorm("block1_conv2_bn").relu("block1_conv2_act")
    x = reduction(x, 2, 128, 128, startsActive: false)
    x = reduction(x, 3, 256, 256)
    x = reduction(x, 4, 728, 728)
    // Middle flow.
    for id in 5...12 {
      var y = x
      for layer in 1...3 {
        y = separable(y.relu("block\(id)_sepconv\(layer)_act"), "block\(id)_sepconv\(layer)", 728)
      }
      x = y.add(nil, x)
    }
    // Exit flow.
    x = reduction(x, 13, 728, 1024)
    x = separable(x, "block14_sepconv1", 1536).relu("block14_sepconv1_act")
    x = separable(x, "block14_sepconv2", 2048).relu("block14_sepconv2_act")
    guard let classes else { return x }
    return x.globalAverage("avg_pool").dense("predictions", classes, activation: .softmax)
  }
}
