/// Four blocks of 64 3×3 convolutions, batch norm, ReLU and pooling: the usual network of few-shot learning, small
/// enough to train from scratch on some thousand drawings.
///
/// Vinyals and others, 2016, https://arxiv.org/abs/1606.04080. Takes grey levels as they are, 48×48; its first layer
/// turns paper to 0 and ink to 1, so that the zeros around a picture are paper. Without top it gives the last map,
/// flattened.
extension Architecture {
  static let conv4 = Architecture(
    name: "conv4", paper: "https://arxiv.org/abs/1606.04080", inputSize: 48, channels: 1, preprocessing: .none,
    classes: 964, parameterCount: .init(withTop: 668_420, withoutTop: 112_192)
  ) { image, classes in
    var x = image.rescaled("ink", scale: [-1 / 255], offset: [1])
    for block in 1...4 {
      x = x.convolution("block\(block)_conv", 64, 3, bias: false).batchNorm("block\(block)_bn")
        .relu("block\(block)_relu").maxPool("block\(block)_pool", 2, stride: 2)
    }
    x = x.flatten("flatten")
    guard let classes else { return x }
    return x.dense("classifier", classes).softmax("predictions")
  }
}
