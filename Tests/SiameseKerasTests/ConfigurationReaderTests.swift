import SiameseGraph
import SiameseTestSupport
import Testing

@testable import SiameseKeras

@Suite struct ConfigurationReaderTests {
  /// A functional model of layers given as JSON members, each fed by the one before.
  private func chain(_ layers: [(className: String, config: String)], version: Int = 3) throws -> NetworkBuilder {
    var members = [
      #"{"class_name": "InputLayer", "name": "image", "config": {"batch_shape": [null, 8, 8, 4]}, "inbound_nodes": []}"#
    ]
    var previous = "image"
    for (index, layer) in layers.enumerated() {
      let name = "layer\(index)"
      members.append(
        """
        {"class_name": "\(layer.className)", "name": "\(name)", "config": {\(layer.config)}, \
        "inbound_nodes": [[["\(previous)", 0, 0, {}]]]}
        """)
      previous = name
    }
    let text = """
      {"class_name": "Functional", "config": {"name": "m", "layers": [\(members.joined(separator: ", "))], \
      "input_layers": [["image", 0, 0]], "output_layers": [["\(previous)", 0, 0]]}}
      """
    var reader = ConfigurationReader(file: "m.h5", version: version, inputSize: nil)
    try reader.read(try ModelConfiguration(JSON(parsing: text)))
    return reader.builder
  }

  private func message(_ layers: [(className: String, config: String)]) -> String {
    do {
      _ = try chain(layers)
      return ""
    } catch { return "\(error)" }
  }

  @Test func `an unknown layer is refused with its name, class, file and a remedy`() {
    let text = message([("Wavelet", "")])
    for part in ["m.h5", "layer0", "Wavelet", "rebuild"] { #expect(text.contains(part), "\(text)") }
  }

  @Test func `a Lambda is refused and its code never run`() {
    let text = message([("Lambda", #""function": ["4wEAAAABAAAA", null, null]"#)])
    for part in ["m.h5", "layer0", "Lambda", "never run", "--architecture"] { #expect(text.contains(part), "\(text)") }
  }

  @Test func `a transposed convolution is refused by name`() {
    let text = message([("Conv2DTranspose", #""filters": 3, "kernel_size": [3, 3]"#)])
    for part in ["layer0", "Conv2DTranspose", "cut the model"] { #expect(text.contains(part), "\(text)") }
  }

  @Test func `attributes that make no sense name their layer`() {
    #expect(message([("Conv2D", #""filters": "many", "kernel_size": 3"#)]).contains("layer 'layer0'"))
    #expect(message([("Conv2D", #""filters": 3, "kernel_size": 99"#)]).contains("does not fit"))
    #expect(message([("Conv2D", #""filters": 9999999999, "kernel_size": 3"#)]).contains("filters"))
    #expect(message([("Conv2D", #""filters": 3, "kernel_size": 3, "groups": 3"#)]).contains("groups"))
    #expect(message([("Activation", #""activation": "sparkle""#)]).contains("sparkle"))
    #expect(message([("UpSampling2D", #""size": 2, "interpolation": "lanczos3""#)]).contains("lanczos3"))
    #expect(message([("Resizing", #""height": 3, "width": 3"#)]).contains("3×3 of 8×8"))
    #expect(message([("BatchNormalization", #""axis": [1, 2]"#)]).contains("several axes"))
  }

  @Test func `a broken configuration is one sentence`() {
    for text in [
      "[]", "{}", #"{"class_name": "Model"}"#, #"{"class_name": "MyModel", "config": {"layers": []}}"#,
      #"{"class_name": "Functional", "config": {"layers": [], "input_layers": [], "output_layers": []}}"#,
      #"{"class_name": "Sequential", "config": {"layers": [{"class_name": "Dense", "config": {"units": 3}}]}}"#,
    ] {
      #expect(throws: ConfigurationError.self) { _ = try ModelConfiguration(JSON(parsing: text)) }
    }
  }

  @Test func `layers that feed each other in a circle are refused`() throws {
    let text = """
      {"class_name": "Functional", "config": {"name": "m", "layers": [
      {"class_name": "InputLayer", "name": "i", "config": {"batch_shape": [null, 8, 8, 4]}, "inbound_nodes": []},
      {"class_name": "Add", "name": "a", "config": {}, "inbound_nodes": [[["i", 0, 0], ["b", 0, 0]]]},
      {"class_name": "Activation", "name": "b", "config": {"activation": "relu"}, "inbound_nodes": [[["a", 0, 0]]]}],
      "input_layers": [["i", 0, 0]], "output_layers": [["b", 0, 0]]}}
      """
    var reader = ConfigurationReader(file: "m.h5", version: 2, inputSize: nil)
    #expect(throws: KerasError.self) { try reader.read(try ModelConfiguration(JSON(parsing: text))) }
  }

  @Test func `hard sigmoid has the slope of its Keras`() throws {
    for (version, slope) in [(2, Float(0.2)), (3, Float(1) / 6)] {
      let builder = try chain([("Activation", #""activation": "hard_sigmoid""#)], version: version)
      #expect(builder.graph.nodes[1].operation == .activation(.hardSigmoid(slope: slope, offset: 0.5)))
    }
  }

  @Test func `activations are known by each of their names`() throws {
    for (names, expected) in [
      (["linear", "identity"], Activation.linear), (["relu"], .relu), (["relu6"], .relu6), (["sigmoid"], .sigmoid),
      (["tanh"], .tanh), (["silu", "swish"], .silu), (["hard_silu", "hard_swish"], .hardSilu),
      (["gelu"], .gelu(approximate: false)), (["elu"], .elu(alpha: 1)), (["selu"], .selu), (["softplus"], .softplus),
      (["softsign"], .softsign), (["leaky_relu"], .leakyReLU(slope: 0.2)), (["exponential"], .exponential),
      (["mish"], .mish),
    ] {
      for name in names {
        #expect(try LayerActivation(named: name, version: 3) == .function(expected), "\(name)")
        #expect(
          try LayerActivation(["class_name": "function", "config": .string(name)], version: 3) == .function(expected))
      }
    }
    #expect(try LayerActivation(named: "softmax", version: 2) == .softmax)
  }

  @Test func `the three shapes of inbound_nodes give the same calls`() throws {
    let shapes = [
      #"[[["image", 0, 0, {}]]]"#, #"[["image", 0, 0, {}]]"#,
      #"[{"args": [{"class_name": "__keras_tensor__", "config": {"keras_history": ["image", 0, 0]}}], "kwargs": {}}]"#,
    ]
    for shape in shapes {
      let text = """
        {"class_name": "Functional", "config": {"name": "m", "layers": [
        {"class_name": "InputLayer", "name": "image", "config": {"batch_shape": [null, 8, 8, 4]}, "inbound_nodes": []},
        {"class_name": "ReLU", "name": "a", "config": {}, "inbound_nodes": \(shape)}],
        "input_layers": [["image", 0, 0]], "output_layers": [["a", 0, 0]]}}
        """
      let model = try ModelConfiguration(JSON(parsing: text))
      #expect(model.layers[1].calls.map(\.references) == [[.init(layer: "image")]], "\(shape)")
    }
  }

  @Test func `open sizes are filled in, and a given size overrides`() throws {
    let text = """
      {"class_name": "Sequential", "config": {"name": "m", "layers": [{"class_name": "Conv2D", "config":
      {"name": "c", "batch_input_shape": [null, null, null, 3], "filters": 2, "kernel_size": 3}}]}}
      """
    var reader = ConfigurationReader(file: "m.h5", version: 2, inputSize: nil, defaultSize: Size(32, 40))
    try reader.read(try ModelConfiguration(JSON(parsing: text)))
    #expect(reader.builder.graph.nodes[0].shape == [32, 40, 3])
    reader = ConfigurationReader(file: "m.h5", version: 2, inputSize: Size(16))
    try reader.read(try ModelConfiguration(JSON(parsing: text)))
    #expect(reader.builder.graph.nodes[0].shape == [16, 16, 3])
  }

  @Test func `TensorFlow 2.0's operator nodes are read`() throws {
    let builder = try chain([
      (
        "TensorFlowOpLayer",
        #""node_def": {"name": "add", "op": "AddV2", "input": ["x", "add/y"]}, "constants": {"1": 3.0}"#
      ), ("TensorFlowOpLayer", #""node_def": {"op": "Relu6"}, "constants": {}"#),
    ])
    #expect(builder.graph.nodes[1].operation == .linear(scale: 1, offset: 3))
    #expect(builder.graph.nodes[2].operation == .activation(.relu6))
  }
}
