/// VGG: nothing but 3×3 convolutions, doubled in width after each pooling.
///
/// Simonyan and Zisserman, 2014, https://arxiv.org/abs/1409.1556.
extension Architecture {
  static let vgg: [Architecture] = [
    vgg("VGG16", convolutions: [2, 2, 3, 3, 3], .init(withTop: 138_357_544, withoutTop: 14_714_688)),
    vgg("VGG19", convolutions: [2, 2, 4, 4, 4], .init(withTop: 143_667_240, withoutTop: 20_024_384)),
  ]

  private static func vgg(_ name: String, convolutions: [Int], _ count: ParameterCount) -> Architecture {
    Architecture(
      name: name, paper: "https://arxiv.org/abs/1409.1556", inputSize: 224, preprocessing: .caffe,
      parameterCount: count
    ) { image, classes in
      var x = image
      for (block, (count, filters)) in zip(convolutions, [64, 128, 256, 512, 512]).enumerated() {
        for layer in 1...count {
          x = x.convolution("block\(block + 1)_conv\(layer)", filters, 3, activation: .function(.relu))
        }
        x = x.maxPool("block\(block + 1)_pool", 2, stride: 2)
      }
      guard let classes else { return x }
      return x.flatten("flatten").dense("fc1", 4096, activation: .function(.relu))
        .dense("fc2", 4096, activation: .function(.relu)).dense("predictions", classes, activation: .softmax)
    }
  }
}
