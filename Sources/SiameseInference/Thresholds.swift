/// Numbers at which one way of computing becomes faster than another, found by measuring.
///
/// All of them: 2026-11-24 and 25, two cores of an AMD EPYC of the Zen 5 generation (AVX-512), oneDNN 2.6.3, ResNet50, VGG16,
/// MobileNetV2, EfficientNetB0, DenseNet121, InceptionV3, SqueezeNet and ConvNeXt at batch 1 and 16.
enum Thresholds {
  /// Channels and filters from which a 3×3 convolution in tiles (Winograd) pays for its transforms.
  static func tileChannels(_ precision: Precision) -> Int { precision == .bfloat16 ? 40 : 32 }
  /// Tiles from which reading transformed kernels pays.
  static func tileCount(_ precision: Precision) -> Int { precision == .bfloat16 ? 16 : 4 }
  /// Tiles of floats below which kernels are transformed as they are used, since reading transformed ones takes longest.
  static let fewTiles = 16
  /// Tiles for each thread below which threads share filters rather than tiles.
  static let tilesPerThread = 32
  /// Tiles that are scattered, multiplied and gathered together, so that what lies between stays in the caches.
  static let tilesTogether = 65
  /// Positions of the output from which our 1×1 convolution has enough pixels for its tiles.
  static let pointwisePositions = 16
  /// Width of the output that our first convolution needs: two tiles of 7 pixels, less one that may overlap.
  static let firstConvolutionWidth = 13
  /// Rows of the first convolution's output computed together, so that the picture's rows stay near.
  static let firstConvolutionRows = 8
  /// oneDNN's Winograd for floats: a multiplication is paid for by this many positions for each weight.
  static let winogradWeightsPerPosition = 400.0
  /// Bytes that lie between the layers of one batch where weights are read once a batch, and where they matter little.
  static let batchBytes = (manyWeights: 64 << 20, fewWeights: 16 << 20)
  /// Weights of a dense layer from which it counts as large: it is read once a batch.
  static let largeDense = 1 << 23
  /// Pictures of one batch at most: where transformed kernels of floats or large dense layers are read, in float32, in bfloat16.
  static let batchSizes = (manyWeights: 8, float32: 4, bfloat16: 2)
}
