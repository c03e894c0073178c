/// SqueezeNet 1.1: AlexNet's accuracy with fifty times fewer parameters.
///
/// Iandola and others, 2016, https://arxiv.org/abs/1602.07360; revision 1.1 of the authors
/// (https://github.com/forresti/SqueezeNet). Layer names are those of the Keras port whose weights people have.
extension Architecture {
  static let squeezeNet = Architecture(
    name: "SqueezeNet", paper: "https://arxiv.org/abs/1602.07360", inputSize: 227, preprocessing: .caffe,
    parameterCount: .init(withTop: 1_235_496, withoutTop: 722_496)
  ) { image, classes in
    /// A 1×1 squeeze, then 1×1 and 3×3 expansions side by side.
    func fire(_ x: FeatureMap, _ name: String, squeeze: Int, expand: Int) -> FeatureMap {
      let squeezed = x.convolution("\(name)/squeeze1x1", squeeze, 1).relu("\(name)/relu_squeeze1x1")
      return .concatenate(
        "\(name)/concat",
        [
          squeezed.convolution("\(name)/expand1x1", expand, 1).relu("\(name)/relu_expand1x1"),
          squeezed.convolution("\(name)/expand3x3", expand, 3).relu("\(name)/relu_expand3x3"),
        ])
    }
    var x = image.convolution("conv1", 64, 3, stride: 2, padding: .valid).relu("relu_conv1")
    x = x.maxPool("pool1", 3, stride: 2)
    x = fire(x, "fire2", squeeze: 16, expand: 64)
    x = fire(x, "fire3", squeeze: 16, expand: 64)
    x = x.maxPool("pool3", 3, stride: 2)
    x = fire(x, "fire4", squeeze: 32, expand: 128)
    x = fire(x, "fire5", squeeze: 32, expand: 128)
    x = x.maxPool("pool5", 3, stride: 2)
    x = fire(x, "fire6", squeeze: 48, expand: 192)
    x = fire(x, "fire7", squeeze: 48, expand: 192)
    x = fire(x, "fire8", squeeze: 64, expand: 256)
    x = fire(x, "fire9", squeeze: 64, expand: 256)
    x = x.dropout("drop9", 0.5)
    guard let classes else { return x }
    return x.convolution("conv10", classes, 1, padding: .valid).relu("relu_conv10").globalAverage().softmax("loss")
  }
}
