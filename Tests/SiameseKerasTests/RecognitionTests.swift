import SiameseGraph
import SiameseHDF5
import SiameseTensors
import Testing

@testable import SiameseKeras

@Suite struct RecognitionTests {
  /// Writes a network's weights, all `value`, under names that `rename` chooses and in shapes that `reshape` gives.
  private func write(
    _ builder: NetworkBuilder, to path: String, order: [Int]? = nil, rename: (String) -> String = { $0 },
    reshape: @escaping ([Int]) -> [Int] = { $0 }
  ) throws {
    let layers = (order ?? Array(builder.layers.indices)).map { builder.layers[$0] }
    try KerasFileWriter.writeLegacyWeights(
      to: path,
      layers: layers.map { layer in
        KerasLayerToWrite(
          name: rename(layer.name), className: layer.className,
          weights: layer.weights.map { weight in
            (weight.name, { Tensor(shape: reshape(weight.shape), repeating: 0.5) })
          })
      })
  }

  @Test(arguments: ["MobileNet-0.25", "SqueezeNet", "MobileNetV3Small-minimalistic", "mini-Xception"])
  func `an architecture is recognised by names and shapes, with top and without`(name: String) throws {
    let architecture = try #require(Architecture.named(name))
    for classes in [nil, architecture.classes, 5] {
      try Fixtures.temporary("weights.bin") { path in
        try write(try architecture.build(classes: classes), to: path)
        let network = try ImportedNetwork.open(path)
        #expect(network.architecture == name)
        #expect(network.preprocessing == architecture.preprocessing)
        let output = network.graph.nodes[try #require(network.graph.outputs.first)].shape
        #expect(classes == nil ? output.count == 3 : output == [classes])
      }
    }
  }

  @Test func `automatic names may count from anywhere`() throws {
    let architecture = try #require(Architecture.named("mini-Xception"))
    let builder = try architecture.build(classes: 7)
    try Fixtures.temporary("weights.h5") { path in
      try write(builder, to: path) { name in
        let (stem, number) = LayerNames.split(name)
        return "\(stem)_\(number + 17)"
      }
      #expect(try ImportedNetwork.open(path).architecture == "mini-Xception")
    }
  }

  @Test func `weights under other names are matched in Keras' order`() throws {
    let builder = try #require(Architecture.named("SqueezeNet")).build(classes: nil)
    try Fixtures.temporary("weights.h5") { path in
      try write(builder, to: path, order: builder.modelOrder()) { "renamed-\($0.replacing("/", with: "-"))" }
      #expect(try ImportedNetwork.open(path).architecture == "SqueezeNet")
    }
  }

  @Test func `kernels in Theano's order are turned round`() throws {
    let builder = try #require(Architecture.named("SqueezeNet")).build(classes: nil)
    try Fixtures.temporary("weights.h5") { path in
      try KerasFileWriter.writeLegacyWeights(
        to: path,
        layers: builder.layers.map { layer in
          KerasLayerToWrite(
            name: layer.name, className: layer.className,
            weights: layer.weights.map { weight in
              (
                weight.name,
                {
                  guard weight.shape.count == 4 else { return Tensor(shape: weight.shape) }
                  let shape = WeightBinding.filtersFirst(weight.shape)
                  return Tensor(shape: shape, elements: (0..<shape.reduce(1, *)).map { Float($0 % 977) })
                }
              )
            })
        }, backend: "theano")
      let network = try ImportedNetwork.open(path)
      let kernel = try network.parameters.tensor("conv1/kernel")
      #expect(kernel.shape == [3, 3, 3, 64])
      // Filter 5, channel 1, row 0, column 2, turned by 180°: row 2, column 0.
      #expect(kernel.elements[((2 * 3 + 0) * 3 + 1) * 64 + 5] == Float((((5 * 3 + 1) * 3 + 0) * 3 + 2) % 977))
    }
  }

  @Test func `unknown weights name the nearest architectures and what differs`() throws {
    let builder = try #require(Architecture.named("SqueezeNet")).build(classes: nil)
    try Fixtures.temporary("strange.h5") { path in
      try write(builder, to: path, rename: { $0 == "conv1" ? "first" : $0 }) { $0 == [64] ? [65] : $0 }
      do {
        _ = try ImportedNetwork.open(path)
        Issue.record("it was recognised")
      } catch {
        for part in ["strange.h5", "SqueezeNet", "--architecture"] { #expect("\(error)".contains(part), "\(error)") }
      }
      do {
        _ = try ImportedNetwork.open(path, architecture: "VGG16")
        Issue.record("it was taken for VGG16")
      } catch {
        for part in ["strange.h5", "VGG16", "block1_conv1"] { #expect("\(error)".contains(part), "\(error)") }
      }
    }
  }

  @Test func `weights that fit two architectures name both and what differs`() throws {
    /// One convolution, with an activation that leaves no trace in a file of weights.
    func twin(_ name: String, _ preprocessing: Preprocessing, _ function: Activation) -> Architecture {
      Architecture(
        name: name, paper: "", inputSize: 8, preprocessing: preprocessing,
        parameterCount: .init(withTop: 168, withoutTop: 112)
      ) { image, classes in
        let x = image.convolution("first", 4, 3).activation("\(name)_act", function)
        return classes.map { x.globalAverage().dense("top", $0) } ?? x
      }
    }
    let twins = [twin("Castor", .tf, .relu), twin("Pollux", .caffe, .tanh)]
    try Fixtures.temporary("both.h5") { path in
      try write(try twins[0].build(classes: nil), to: path)
      do {
        _ = try Recognition(try KerasFile.open(path), inputSize: nil).match(among: twins)
        Issue.record("one was chosen")
      } catch {
        #expect(
          "\(error)"
            == "\(path): the weights fit several architectures (Castor (preprocessing tf, has Activation 'Castor_act' of "
            + "8×8×4), Pollux (preprocessing caffe, has Activation 'Pollux_act' of 8×8×4)); choose one with --architecture"
        )
      }
      #expect(try Recognition(try KerasFile.open(path), inputSize: nil).match(twins[1]).architecture.name == "Pollux")
    }
  }

  @Test func `the transferable layer is found by the published rules`() throws {
    func feature(_ name: String, classes: Int?) throws -> String {
      var graph = try #require(Architecture.named(name)).build(classes: classes).graph
      let node = graph.defaultFeatureNode()
      return graph.nodes[node].name
    }
    #expect(try feature("VGG16", classes: 1000) == "fc2")
    #expect(try feature("ResNet50", classes: 1000) == "avg_pool")
    #expect(try feature("ResNet50", classes: nil) == "conv5_block3_out:average")
    #expect(try feature("MobileNet", classes: 1000) == "global_average_pooling2d:average")
    #expect(try feature("SqueezeNet", classes: 1000) == "fire9/concat:average")
    #expect(try feature("mini-Xception", classes: 7) == "add_3:average")
    #expect(try feature("EfficientNetB0", classes: 1000) == "avg_pool")
    #expect(try feature("nn4.small2", classes: 128) == "norm_layer")
  }
}
