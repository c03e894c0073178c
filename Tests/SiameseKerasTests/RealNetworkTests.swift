import SiameseGraph
import SiameseImages
import SiameseInference
import SiameseTensors
import Testing

@testable import SiameseKeras

/// The two real networks against Keras; `Fixtures/make_real.py` made the numbers.
@Suite struct RealNetworkTests {
  static let squeezeNet = Fixtures.shared("weights/squeezenet_weights_tf_dim_ordering_tf_kernels_notop.h5")
  static let miniXception = Fixtures.shared("weights/fer2013_mini_XCEPTION.102-0.66.hdf5")

  /// A grey oval on a patterned ground, in integers only.
  private func picture(_ seed: Int, _ height: Int, _ width: Int) -> Picture {
    var pixels: [UInt8] = []
    for y in 0..<height {
      for x in 0..<width {
        let (dy, dx) = (y * 256 / height - 128, x * 256 / width - 128)
        let oval = (dy * dy * 2 + dx * dx * 3) / 128
        // Python rounds quotients down.
        let tilt = (dx * (seed + 3)) >> 4
        let face = oval < 200 ? 220 - oval / 2 + tilt : 60 + (y + x * (seed + 1)) % 64
        for c in 0..<3 {
          pixels.append(UInt8(max(0, min(255, face + (x * y * (seed + c + 1) / 32) % 24 + 12 * c))))
        }
      }
    }
    return Picture(width: width, height: height, pixels: pixels)
  }

  private func features(_ path: String, graph: (ImportedNetwork) throws -> Graph) throws -> Tensor {
    let network = try ImportedNetwork.open(path)
    let size = network.inputSize
    let numbers = (0..<2).flatMap {
      network.preprocessing(picture($0, size.height, size.width), channels: network.channels)
    }
    let input = Tensor(shape: [2] + network.inputShape, elements: numbers)
    let plan = try InferencePlan(
      graph(network), parameters: network.parameters, batch: 2, options: PlanOptions())
    return try plan([input])[0]
  }

  /// The tolerance is the project's: 1e-3 of the features' standard deviation.
  @Test(.enabled(if: squeezeNet != nil, "needs ../shared/weights"))
  func `SqueezeNet's features are Keras' own`() throws {
    let path = try #require(Self.squeezeNet)
    let network = try ImportedNetwork.open(path)
    #expect(network.architecture == "SqueezeNet")
    #expect(network.preprocessing == .caffe)
    #expect(network.inputShape == [227, 227, 3])
    let found = try features(path) { try $0.embedding() }
    #expect(deviation(found, try Fixtures.tensor(Fixtures.path("real.h5"), "squeezenet")) < 1e-3)
  }

  @Test(.enabled(if: miniXception != nil, "needs ../shared/weights"))
  func `mini-Xception's features and classes are Keras' own`() throws {
    let path = try #require(Self.miniXception)
    let network = try ImportedNetwork.open(path)
    #expect(network.architecture == "mini-Xception")
    #expect(network.preprocessing == .tf)
    #expect(network.kerasVersion == "2.0.5")
    let found = try features(path) { try $0.embedding() }
    #expect(deviation(found, try Fixtures.tensor(Fixtures.path("real.h5"), "mini_xception")) < 1e-3)
    let classes = try features(path) { $0.graph.pruned(to: $0.graph.outputs) }
    #expect(deviation(classes, try Fixtures.tensor(Fixtures.path("real.h5"), "mini_xception_classes")) < 1e-3)
  }
}
