import Foundation
import SiameseTensors
import Testing

@testable import SiameseKeras

@Suite struct WeightBindingTests {
  /// Writes a whole model of one convolution whose kernel has another shape than its configuration says.
  private func message(kernel: [Int], weights: Int = 2) throws -> String {
    try Fixtures.temporary("model.h5") { path in
      let configuration = """
        {"class_name": "Sequential", "config": {"name": "m", "layers": [{"class_name": "Conv2D", "config":
        {"name": "c", "batch_input_shape": [null, 8, 8, 3], "filters": 2, "kernel_size": 3}}]}}
        """
      let all: [(name: String, read: () throws -> Tensor)] = [
        ("kernel", { Tensor(shape: kernel) }), ("bias", { Tensor(shape: [2]) }),
      ]
      try KerasFileWriter.writeLegacyModel(
        to: path, configuration: Data(configuration.utf8),
        layers: [KerasLayerToWrite(name: "c", className: "Conv2D", weights: Array(all.prefix(weights)))])
      do {
        _ = try ImportedNetwork.open(path)
        return ""
      } catch { return "\(error)" }
    }
  }

  @Test func `a shape that does not fit names layer, both shapes and file`() throws {
    let text = try message(kernel: [3, 3, 4, 2])
    for part in ["model.h5", "'c'", "[3, 3, 3, 2]", "[3, 3, 4, 2]"] { #expect(text.contains(part), "\(text)") }
  }

  @Test func `missing weights name the layer`() throws {
    #expect(try message(kernel: [3, 3, 3, 2]) == "")
    let text = try message(kernel: [3, 3, 3, 2], weights: 1)
    for part in ["model.h5", "'c'", "2 weights", "found 1"] { #expect(text.contains(part), "\(text)") }
  }

  @Test func `turning a kernel reverses rows and columns`() {
    let kernel = Tensor(shape: [2, 2, 1, 2], elements: [1, 2, 3, 4, 5, 6, 7, 8])
    #expect(WeightBinding.turned(kernel).elements == [7, 8, 5, 6, 3, 4, 1, 2])
  }
}
