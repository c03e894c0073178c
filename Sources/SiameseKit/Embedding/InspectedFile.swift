import Foundation
import SiameseGraph
import SiameseKeras
import SiameseMetricLearning

/// What a file of weights or a model holds, for people and for machines.
package struct InspectedFile: Sendable {
  /// Layout, layers, sizes, feature layer, preprocessing.
  package let network: Inspection
  /// What a model says beside its network; nil for plain Keras files.
  package let record: ModelRecord?
  private let drawing: GraphDrawing

  /// - Throws: `TaskError` where there is no such file; what reading a Keras file throws.
  package init(contentsOf path: String, architecture: String? = nil, inputSize: Int? = nil) throws {
    let file = try KerasFile.ofWeights(path)
    let imported = try ImportedNetwork.open(file, architecture: architecture, inputSize: inputSize.map { Size($0) })
    network = Inspection(imported)
    record = try ModelRecord.read(file)
    drawing = GraphDrawing(imported)
  }

  /// Draws the network as SVG.
  /// - Throws: `HDF5Error.unwritable` where the file cannot be written.
  package func writeGraph(to path: String) throws { try writeFile(Data(drawing.svg.utf8), to: path) }
}
