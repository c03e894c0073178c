import Foundation
import Testing

@testable import SiameseKeras

@Suite struct InspectionTests {
  @Test func `an inspection tells layout, layers, features and memory, and survives JSON`() throws {
    let network = try ImportedNetwork.open(Fixtures.path("layers/keras3-sequential.h5"))
    let inspection = Inspection(network)
    #expect(inspection.layout.contains("legacy whole model"))
    #expect(inspection.kerasVersion?.hasPrefix("3.") == true)
    #expect(inspection.parameters == 3 * 3 * 4 * 3 + 3 + 3 * 2 + 2)
    #expect(inspection.parameterBytes == 4 * inspection.parameters)
    #expect(inspection.inputShape == [6, 7, 4])
    #expect(inspection.outputShapes == [[2]])
    #expect(inspection.layers.map(\.kind) == ["InputLayer", "Conv2D", "GlobalAveragePooling2D", "Dense"])
    #expect(inspection.layers[1].outputShape == [4, 5, 3])
    #expect(inspection.mapBytes == 4 * (6 * 7 * 4 + 4 * 5 * 3))
    let data = try JSONEncoder().encode(inspection)
    #expect(try JSONDecoder().decode(Inspection.self, from: data) == inspection)
    #expect(String(decoding: data, as: UTF8.self).contains("\"feature_layer\""))
  }

  @Test func `a drawing has a box for every node and a line for every edge`() throws {
    let network = try ImportedNetwork.open(Fixtures.path("layers/keras3-merges.h5"))
    let svg = GraphDrawing(network).svg
    #expect(svg.hasPrefix("<svg"))
    #expect(svg.components(separatedBy: "<rect").count - 2 == network.graph.nodes.count)
    #expect(svg.components(separatedBy: "<path").count - 1 == network.graph.nodes.reduce(0) { $0 + $1.inputs.count })
    #expect(XMLCheck.isBalanced(svg))
  }

  @Test func `lines that pass layers by go beside them`() throws {
    let drawing = GraphDrawing(try ImportedNetwork.open(Fixtures.path("layers/keras3-operators.keras")))
    #expect(!drawing.passages.isEmpty)
    for row in Dictionary(grouping: drawing.boxes.map(\.place) + drawing.passages, by: \.rank).values {
      let sorted = row.sorted { $0.x < $1.x }
      for (left, right) in zip(sorted, sorted.dropFirst()) {
        #expect(left.x + left.width / 2 <= right.x - right.width / 2)
      }
    }
  }
}

/// Counts that every element is closed.
private enum XMLCheck {
  static func isBalanced(_ text: String) -> Bool {
    var open = 0
    for tag in text.components(separatedBy: "<").dropFirst() {
      if tag.hasPrefix("/") { open -= 1 } else if !(tag.prefix { $0 != ">" }.hasSuffix("/")) { open += 1 }
      if open < 0 { return false }
    }
    return open == 0
  }
}
