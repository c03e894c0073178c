import Foundation
import SiameseHDF5
import SiameseTestSupport
import Testing

@testable import SiameseKeras

@Suite struct KerasFileTests {
  /// Numbers as `make.py` counts them.
  private func values(_ count: Int, _ start: Int) -> [Float] { (0..<count).map { Float(($0 + start) % 64) / 8 - 2 } }

  @Test(arguments: [
    ("keras1-weights.h5", KerasFile.Layout.legacyWeights, nil as String?, "conv1_W"),
    ("keras1-model.h5", .legacyModel, "1.2.2", "conv1_W"),
    ("keras2-weights.h5", .legacyWeights, "2.1.6", "conv1_1/kernel:0"),
    ("keras2-model.h5", .legacyModel, "2.2.4", "conv1/kernel:0"),
    ("tfkeras-weights.h5", .legacyWeights, "2.6.0", "conv1/kernel:0"),
    ("gzip-weights.h5", .legacyWeights, "2.6.0", "conv1/kernel:0"),
    ("half-weights.h5", .legacyWeights, "2.6.0", "conv1/kernel:0"),
  ])
  func `legacy files give their layers in order with the names they state`(
    name: String, layout: KerasFile.Layout, version: String?, firstWeight: String
  ) throws {
    let file = try KerasFixture.open(name)
    #expect(file.layout == layout)
    #expect(file.kerasVersion == version)
    #expect(file.backend == (version == nil ? nil : "tensorflow"))
    #expect((file.configuration != nil) == (layout == .legacyModel))
    guard case .layers(let layers) = file.weights else { throw HDF5Error.missingFile(name) }
    #expect(layers.map(\.name) == ["input_1", "conv1", "bn1", "relu1", "conv2", "fc/predictions"])
    #expect(layers.map(\.weights.count) == [0, 2, 4, 0, 2, 2])
    #expect(layers[1].weights[0].name == firstWeight)
    #expect(layers[1].weights[0].shape == [3, 3, 3, 4])
    for (index, weight) in layers.flatMap(\.weights).enumerated() {
      let tensor = try weight.read()
      #expect(tensor.shape == weight.shape)
      #expect(tensor.elements == values(tensor.count, 7 * index))
    }
  }

  @Test func `names split over numbered attributes are put together`() throws {
    guard case .layers(let layers) = try KerasFixture.open("chunked-names.h5").weights else {
      throw HDF5Error.missingFile("")
    }
    #expect(layers.map(\.name) == (0..<30).map { "layer_\($0)" })
    #expect(layers[17].weights.map(\.name) == ["a:0", "b:0"])
    #expect(try layers[17].weights[1].read().elements == [17, 17])
  }

  private struct Expected: Decodable {
    var weights: [Weight]
    struct Weight: Decodable {
      var path: String
      var shape: [Int]
      var first: Float
      init(from decoder: any Decoder) throws {
        var list = try decoder.unkeyedContainer()
        path = try list.decode(String.self)
        shape = try list.decode([Int].self)
        first = try list.decode(Float.self)
      }
    }
  }

  @Test(arguments: [
    ("keras3.weights.h5", KerasFile.Layout.weights, nil as String?), ("keras3-model.keras", .archive, "3."),
    ("deflated.keras", .archive, "3."), ("keras213.weights.h5", .weights, nil),
    ("keras3-bfloat16.weights.h5", .weights, nil),
  ])
  func `Keras 3 files are found by place`(name: String, layout: KerasFile.Layout, version: String?) throws {
    let file = try KerasFixture.open(name)
    #expect(file.layout == layout)
    if let version { #expect(file.kerasVersion?.hasPrefix(version) == true) }
    guard case .tree(let tree) = file.weights else { throw HDF5Error.missingFile(name) }
    #expect(
      try tree.children(of: "layers").filter { $0.hasPrefix("conv2d") }
        == ["conv2d"] + (1...11).map { "conv2d_\($0)" })
    // Keras' own list of weights, in model order, against the same order rebuilt from places.
    let json = try Data(contentsOf: URL(filePath: KerasFixture.path("keras3-expected.json")))
    let expected = try JSONDecoder().decode(Expected.self, from: json).weights
    var places = ["layers/conv2d", "layers/batch_normalization", "layers/functional/layers/conv2d"]
    places += (1...11).map { "layers/\(KerasWeightTree.groupName(className: "Conv2D", index: $0))" } + ["layers/dense"]
    let found = try places.flatMap { try tree.weights(at: $0) }
    #expect(found.map(\.shape) == expected.map(\.shape))
    #expect(try found.map { try $0.read().elements[0] } == expected.map(\.first))
    #expect(try tree.weights(at: "layers/nothing").isEmpty)
    #expect(try tree.placesWithWeights().count == 15)
    if name != "keras213.weights.h5" { #expect(try tree.layerName(at: "layers/conv2d_3") == "a_9") }
  }

  @Test func `the configuration of an archive is given as it stands`() throws {
    let file = try KerasFixture.open("keras3-model.keras")
    let json = try JSONSerialization.jsonObject(with: file.configuration ?? Data()) as? [String: Any]
    #expect(json?["class_name"] as? String == "Functional")
  }

  @Test func `what is not a Keras file is refused in a sentence`() throws {
    #expect(
      sentence { _ = try KerasFixture.open("keras0-weights.h5") }.hasSuffix(
        "keras0-weights.h5: was saved by Keras before 1.0 (it has 'nb_layers'), which is not read here; load it with "
          + "that Keras and save it with a newer one"))
    #expect(
      sentence { _ = try KerasFixture.open("no-weights.keras") }.hasSuffix(
        "no-weights.keras: is a zip without 'model.weights.h5' (it holds 'metadata.json', 'config.json'), so it is not "
          + "a .keras file; save the model with model.save(\"name.keras\")"))
    #expect(
      sentence { _ = try KerasFile.open("/tmp") }
        == "/tmp: is a folder (perhaps a TensorFlow SavedModel), expected a file; save the model with "
        + "model.save(\"name.keras\")")
    #expect(sentence { _ = try KerasFile.open("/nowhere.h5") } == "/nowhere.h5: there is no such file; check the path")
    try withTemporaryFolderURL { folder in
      let path = folder.appending(path: "x.h5").path
      try HDF5Writer.create(path) { root in
        try root.group("data")
        try root.setAttribute("title", "x")
      }
      #expect(
        sentence { _ = try KerasFile.open(path) }
          == "\(path): is HDF5, but not a Keras file (expected 'layer_names', 'model_weights' or 'layers' at its root, "
          + "found 'data' and 'title'); save the model with model.save or model.save_weights")
      try HDF5Writer.create(path) { root in
        try root.setAttribute("layer_names", ["conv1"])
        try root.group("conv1").setAttribute("weight_names", ["kernel:0"])
      }
      #expect(
        sentence { _ = try KerasFile.open(path) }
          == "\(path): has no data set '/conv1/kernel:0'; nothing is there")
    }
  }

  @Test func `layouts are recognised by content whatever the name`() throws {
    try withTemporaryFolderURL { folder in
      let path = folder.appending(path: "odd.h5").path
      try FileManager.default.copyItem(atPath: KerasFixture.path("keras3-model.keras"), toPath: path)
      #expect(try KerasFile.open(path).layout == .archive)
    }
  }
}
