import Foundation
import SiameseGraph
import SiameseInference
import SiameseTensors
import Testing

@testable import SiameseKeras

/// Configurations whose numbers no array can have, and graphs that are small in a file and large to walk.
@Suite struct HostileNumberTests {
  private func message(_ layers: String...) -> String {
    sentence { _ = try network(layers.map { "{\($0)}" }) }
  }

  /// A sequential model over pictures of 8×8×4.
  private func network(_ layers: [String]) throws -> NetworkBuilder {
    let text = """
      {"class_name": "Sequential", "config": {"name": "m", "layers": [
      {"class_name": "InputLayer", "config": {"name": "x", "batch_shape": [null, 8, 8, 4]}},
      \(layers.joined(separator: ", "))]}}
      """
    var reader = ConfigurationReader(file: "m.h5", version: 3, inputSize: nil)
    try reader.read(try ModelConfiguration(JSON(parsing: text)))
    return reader.builder
  }

  @Test(arguments: [
    (#""class_name": "ZeroPadding2D", "config": {"name": "a", "padding": -1}"#, "padding of -1 rows"),
    (#""class_name": "ZeroPadding2D", "config": {"name": "a", "padding": [[0, 0], [-3, 3]]}"#, "padding of -3 rows"),
    (#""class_name": "Cropping2D", "config": {"name": "a", "cropping": [-2, 0]}"#, "cropping of -2 rows"),
    (
      #""class_name": "Reshape", "config": {"name": "a", "target_shape": [2147483647, 2147483647, 2147483647]}"#,
      "more than 2147483647 elements"
    ),
    (
      #""class_name": "MaxPooling2D", "config": {"name": "a", "pool_size": 2147483647, "padding": "same"}"#,
      "windows of more than 65536"
    ),
    (
      #""class_name": "MaxPooling2D", "config": {"name": "a", "pool_size": [3, 0]}"#, "must be positive"
    ),
    (
      #""class_name": "DepthwiseConv2D", "config": {"name": "a", "kernel_size": 3, "depth_multiplier": 4e18}"#,
      "'depth_multiplier' is not a whole number"
    ),
    (
      #""class_name": "SeparableConv2D", "config": {"name": "a", "filters": 2, "kernel_size": 3, "#
        + #""depth_multiplier": 0}"#,
      "depth_multiplier must be between"
    ),
    (
      #""class_name": "CenterCrop", "config": {"name": "a", "height": -9223372036854775808, "width": 3}"#,
      "'height' is not a whole number"
    ),
    (
      #""class_name": "DepthwiseConv2D", "config": {"name": "a", "kernel_size": 3, "depth_multiplier": 1048577}"#,
      "depth_multiplier must be between"
    ),
    (#""class_name": "CenterCrop", "config": {"name": "a", "height": -3, "width": 3}"#, "it makes -3×3"),
    (#""class_name": "Dense", "config": {"name": "a", "units": 16777217}"#, "has 16777217 units"),
    (#""class_name": "GroupNormalization", "config": {"name": "a", "groups": 0}"#, "into 0 groups"),
  ])
  func `a number that makes no sense is refused in one sentence`(layer: String, words: String) {
    let text = message(layer)
    #expect(text.hasPrefix("m.h5: layer 'a'"), "\(text)")
    #expect(text.contains(words), "\(text)")
    #expect(!text.contains("\n"))
  }

  @Test func `maps that grow from layer to layer are refused where they are too large`() {
    let layers = (0..<6).map { #""class_name": "UpSampling2D", "config": {"name": "u\#($0)", "size": 64}"# }
    let text = sentence { _ = try network(layers.map { "{\($0)}" }) }
    #expect(text.contains("layer 'u1'") && text.contains("more than 2147483647 elements"), "\(text)")
  }

  /// Each model has four inputs and holds the next: 4¹⁸ paths, if every input were followed by itself.
  @Test(.timeLimit(.minutes(1))) func `models nested in each other are walked through once`() throws {
    func model(_ depth: Int) -> String {
      let names = ["a", "b", "c", "d"]
      let calls = names.map { #"["\#($0)", 0, 0]"# }.joined(separator: ", ")
      let inputs = names.map {
        #"{"class_name": "InputLayer", "name": "\#($0)", "config": {"batch_shape": [null, 8, 8, 4]}, "#
          + #""inbound_nodes": []}"#
      }
      let inner =
        depth == 0
        ? #"{"class_name": "Add", "name": "n", "config": {}, "inbound_nodes": [[\#(calls)]]}"#
        : #"{"class_name": "Functional", "name": "n", "config": \#(model(depth - 1)), "#
          + #""inbound_nodes": [[\#(calls)]]}"#
      return #"{"name": "m", "layers": [\#(inputs.joined(separator: ", ")), \#(inner)], "#
        + #""input_layers": [\#(calls)], "output_layers": [["n", 0, 0]]}"#
    }
    var reader = ConfigurationReader(file: "m.h5", version: 3, inputSize: nil)
    let text = #"{"class_name": "Functional", "config": \#(model(18))}"#
    try reader.read(try ModelConfiguration(JSON(parsing: text)))
    #expect(reader.builder.graph.outputs.count == 1)
  }

  static let files = [
    "negative-padding-depthwise-segv.h5", "np_conv.h5", "reshape-overflow.h5", "upsampling-overflow.h5",
    "pool-window-2e31.h5", "input-1e6x1e6.h5", "adds25.h5", "channels-first-exponential.h5",
  ]

  /// Files that once trapped or hung, beside the repository.
  @Test(
    .enabled(if: Fixtures.shared("cases/hostile/adds25.h5") != nil, "needs ../shared/cases/hostile"),
    .timeLimit(.minutes(1)), arguments: files)
  func `a hostile file is read or refused in one sentence`(name: String) throws {
    let path = try #require(Fixtures.shared("cases/hostile/\(name)"))
    let text = sentence {
      let network = try ImportedNetwork.open(path)
      _ = try InferenceGraph(network.embedding(), parameters: network.parameters)
    }
    #expect(text.isEmpty || text.hasPrefix("\(path): "), "\(text)")
    #expect(!text.contains("\n"))
    #expect(text.isEmpty == ["adds25.h5", "channels-first-exponential.h5"].contains(name), "\(text)")
  }
}
