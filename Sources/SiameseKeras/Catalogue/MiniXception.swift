/// mini-Xception: residual separable convolutions, small enough for emotions in real time.
///
/// Arriaga, Valdenegro-Toro and Plöger, 2017, https://arxiv.org/abs/1710.07557. Trained on grey 64×64 faces in [−1, 1].
extension Architecture {
  static let miniXception = Architecture(
    name: "mini-Xception", paper: "https://arxiv.org/abs/1710.07557", inputSize: 64, channels: 1, preprocessing: .tf,
    classes: 7, parameterCount: .init(withTop: 58_423, withoutTop: 50_352)
  ) { image, classes in
    /// Two separable convolutions and a pooling, beside a strided 1×1 convolution.
    func module(_ x: FeatureMap, _ filters: Int) -> FeatureMap {
      let residual = x.convolution(nil, filters, 1, stride: 2, bias: false).batchNorm()
      var y = x.separable(nil, filters, 3, bias: false).batchNorm().relu()
      y = y.separable(nil, filters, 3, bias: false).batchNorm()
      return y.maxPool(nil, 3, stride: 2, padding: .same).add(nil, residual)
    }
    var x = image.convolution(nil, 8, 3, padding: .valid, bias: false).batchNorm().relu()
    x = x.convolution(nil, 8, 3, padding: .valid, bias: false).batchNorm().relu()
    for filters in [16, 32, 64, 128] { x = module(x, filters) }
    guard let classes else { return x }
    return x.convolution(nil, classes, 3).globalAverage().softmax("predictions")
  }
}
