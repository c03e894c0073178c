import SiameseGraph

/// OpenFace's nn4.small2: faces to 128 numbers on the unit sphere, trained with triplets.
///
/// Amos, Ludwiczuk and Satyanarayanan, 2016, https://cmusatyalab.github.io/openface, after FaceNet
/// (https://arxiv.org/abs/1503.03832). Layer names are those of the Keras ports, which write local response
/// normalisation and the L2 norm as Lambdas; the scaling to 0 … 1, which they leave to the caller, is part of the graph
/// here.
extension Architecture {
  static let openFace = Architecture(
    name: "nn4.small2", paper: "https://cmusatyalab.github.io/openface", inputSize: 96, preprocessing: .none,
    classes: 128, parameterCount: .init(withTop: 3_743_280, withoutTop: 3_648_944)
  ) { image, classes in
    func norm(_ x: FeatureMap, _ name: String) -> FeatureMap { x.batchNorm(name, epsilon: 1e-5).relu() }
    /// 1×1, then a padded larger convolution.
    func reduced(
      _ x: FeatureMap, _ name: String, _ first: Int, _ second: Int, kernel: Int, stride: Int = 1
    ) -> FeatureMap {
      let y = norm(x.convolution("\(name)_conv1", first, 1, padding: .valid), "\(name)_bn1").zeroPad(nil, kernel / 2)
      return norm(y.convolution("\(name)_conv2", second, kernel, stride: stride, padding: .valid), "\(name)_bn2")
    }
    func projected(_ x: FeatureMap, _ name: String, _ filters: Int) -> FeatureMap {
      norm(x.convolution("\(name)_conv", filters, 1, padding: .valid), "\(name)_bn")
    }
    func halved(_ x: FeatureMap, _ three: FeatureMap, _ five: FeatureMap) -> FeatureMap {
      .concatenate(nil, [three, five, x.maxPool(nil, 3, stride: 2).zeroPad(nil, EdgeInsets(bottom: 1, right: 1))])
    }

    let picture = image.rescaled(scale: [1 / 255]).zeroPad(nil, 3)
    var x = norm(picture.convolution("conv1", 64, 7, stride: 2, padding: .valid), "bn1")
    x = x.zeroPad(nil, 1).maxPool(nil, 3, stride: 2)
    x = x.localResponseNorm("lrn_1", radius: 5, bias: 1, alpha: 1e-4, beta: 0.75)
    x = norm(x.convolution("conv2", 64, 1, padding: .valid), "bn2").zeroPad(nil, 1)
    x = norm(x.convolution("conv3", 192, 3, padding: .valid), "bn3")
    x = x.localResponseNorm("lrn_2", radius: 5, bias: 1, alpha: 1e-4, beta: 0.75)
    x = x.zeroPad(nil, 1).maxPool(nil, 3, stride: 2)

    var name = "inception_3a"
    x = .concatenate(
      nil,
      [
        reduced(x, "\(name)_3x3", 96, 128, kernel: 3), reduced(x, "\(name)_5x5", 16, 32, kernel: 5),
        projected(x.maxPool(nil, 3, stride: 2), "\(name)_pool", 32).paddedAsOpenFace(to: x),
        projected(x, "\(name)_1x1", 64),
      ])
    name = "inception_3b"
    x = .concatenate(
      nil,
      [
        reduced(x, "\(name)_3x3", 96, 128, kernel: 3), reduced(x, "\(name)_5x5", 32, 64, kernel: 5),
        projected(x.openFacePowerPool(), "\(name)_pool", 64).paddedAsOpenFace(to: x), projected(x, "\(name)_1x1", 64),
      ])
    name = "inception_3c"
    x = halved(
      x, reduced(x, "\(name)_3x3", 128, 256, kernel: 3, stride: 2),
      reduced(x, "\(name)_5x5", 32, 64, kernel: 5, stride: 2))
    name = "inception_4a"
    x = .concatenate(
      nil,
      [
        reduced(x, "\(name)_3x3", 96, 192, kernel: 3), reduced(x, "\(name)_5x5", 32, 64, kernel: 5),
        projected(x.openFacePowerPool(), "\(name)_pool", 128).paddedAsOpenFace(to: x), projected(x, "\(name)_1x1", 256),
      ])
    name = "inception_4e"
    x = halved(
      x, reduced(x, "\(name)_3x3", 160, 256, kernel: 3, stride: 2),
      reduced(x, "\(name)_5x5", 64, 128, kernel: 5, stride: 2))
    name = "inception_5a"
    x = .concatenate(
      nil,
      [
        reduced(x, "\(name)_3x3", 96, 384, kernel: 3),
        projected(x.openFacePowerPool(), "\(name)_pool", 96).paddedAsOpenFace(to: x),
        projected(x, "\(name)_1x1", 256),
      ])
    name = "inception_5b"
    x = .concatenate(
      nil,
      [
        reduced(x, "\(name)_3x3", 96, 384, kernel: 3),
        projected(x.maxPool(nil, 3, stride: 2), "\(name)_pool", 96).paddedAsOpenFace(to: x),
        projected(x, "\(name)_1x1", 256),
      ])
    guard let classes else { return x }
    return x.averagePool(nil, 3, stride: 1).flatten().dense("dense_layer", classes)
      .unitNorm("norm_layer", className: "Lambda")
  }
}

extension FeatureMap {
  /// The root of the sum of squares in each 3×3 window.
  fileprivate func openFacePowerPool() -> FeatureMap {
    activation(nil, .square, className: "Lambda").averagePool(nil, 3, stride: 3)
      .linear(nil, "Lambda", scale: 9).activation(nil, .squareRoot, className: "Lambda")
  }

  /// Back to the size of `x`, as much as possible on both sides, the odd row and column below and to the right.
  fileprivate func paddedAsOpenFace(to x: FeatureMap) -> FeatureMap {
    let (rows, columns) = (x.height - height, x.width - width)
    return zeroPad(
      nil, EdgeInsets(top: rows / 2, bottom: rows - rows / 2, left: columns / 2, right: columns - columns / 2))
  }
}
