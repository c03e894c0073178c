import SiameseTensors
import Testing

@testable import SiameseKeras

@Suite struct LogSoftmaxTests {
  private let input = Tensor(shape: [2, 4], elements: [1, -2, 0.5, 3, 0.25, 0.75, -1.5, 2])
  /// The numbers are Keras 3.15's.
  private let output = Tensor(
    shape: [2, 4],
    elements: [
      -2.2022536, -5.2022533, -2.7022536, -0.20225349, -2.1490955, -1.6490957, -3.8990955, -0.39909562,
    ])

  @Test func `the activation log_softmax computes what Keras computes`() throws {
    let config = #""activation": "log_softmax""#
    try OperationExample(className: "Activation", config: config, input: input, output: output).check()
  }

  @Test func `so does the operator`() throws {
    try OperationExample(
      className: "LogSoftmax", config: #""axis": -1"#, module: "keras.src.ops.nn", input: input, output: output
    ).check()
  }

  /// A kernel that is the identity leaves the input to the activation.
  @Test func `a dense layer may end in it`() throws {
    let identity = Tensor(shape: [4, 4], elements: (0..<16).map { $0 % 5 == 0 ? 1 : 0 })
    try OperationExample(
      className: "Dense", config: #""units": 4, "use_bias": false, "activation": "log_softmax""#,
      weights: ["kernel": identity], input: input, output: output
    ).check()
  }

  @Test func `where softmax rounds to zero its logarithm does not`() throws {
    let large = Tensor(shape: [1, 3], elements: [1000, 0, -1000])
    let network = try OperationExample(
      className: "Activation", config: #""activation": "log_softmax""#, input: large, output: large
    ).network()
    let operation = network.graph.nodes[1].operation
    #expect(operation.plainForward([large], [:], mode: .inference).elements == [0, -1000, -2000])
  }
}
