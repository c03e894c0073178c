import SiameseTensors
import Testing

@testable import SiameseKeras

@Suite struct RMSNormalizationTests {
  private let input = Tensor(shape: [2, 4], elements: [1, -2, 0.5, 3, 0.25, 0.75, -1.5, 2])

  /// The numbers are Keras 3.15's.
  @Test(arguments: [#""axis": [-1], "epsilon": 0.01"#, #""axis": -1, "epsilon": 0.01"#, #""axis": 1, "epsilon": 0.01"#])
  func `a root mean square normalisation computes what Keras computes`(config: String) throws {
    let example = OperationExample(
      className: "RMSNormalization", config: config,
      weights: ["scale": Tensor(shape: [4], elements: [1.5, -0.5, 2, 0.25])], input: input,
      output: Tensor(
        shape: [2, 4],
        elements: [
          0.7936064, 0.5290709, 0.5290709, 0.3968032, 0.28521028, -0.28521028, -2.2816823, 0.38028038,
        ]))
    try example.check()
  }

  @Test(arguments: [0, 2, -2]) func `another axis than the last is refused`(axis: Int) {
    let example = OperationExample(
      className: "RMSNormalization", config: #""axis": \#(axis)"#,
      weights: ["scale": Tensor(shape: [4], repeating: 1)], input: input, output: input)
    let text = sentence { _ = try example.network() }
    #expect(text == "m.keras: layer 'layer': normalises along axis \(axis); the last axis is supported")
  }

  @Test func `its epsilon is a millionth where the file states none`() throws {
    let example = OperationExample(
      className: "RMSNormalization", weights: ["scale": Tensor(shape: [4], repeating: 1)], input: input, output: input)
    #expect(try example.network().graph.nodes[1].operation == .rmsNormalization(epsilon: 1e-6))
  }
}
