import Foundation
import SiameseFiles
import SiameseGraph
import SiameseHDF5

extension ImportedNetwork {
  /// Writes a graph as a model that Keras opens, with `keras.models.load_model` and without custom code.
  ///
  /// The extension chooses the layout: `.keras` is Keras 3's archive, anything else a legacy whole model, which Keras 2
  /// opens too. Layers keep their names, `/` and `:` in them become `_`. The file appears under its name when it is
  /// complete.
  ///
  /// - Parameters:
  ///   - name: The model's name.
  ///   - extras: Adds what else belongs in the file, at its root (of an archive, of the weights inside).
  /// - Throws: `KerasError.unwritable` for an operation that Keras' layers cannot express, what reading a parameter
  ///   throws, or `HDF5Error` and `KerasError` of writing.
  package static func write(
    _ graph: Graph, parameters: ParameterStore, name: String = "model", to path: String,
    extras: (HDF5GroupWriter) throws -> Void = { _ in }
  ) throws {
    let model = try KerasModel(graph, parameters: parameters, name: name)
    let isArchive = path.pathExtension == "keras"
    let configuration = Data(model.configuration(isArchive ? .keras3 : .legacy).description.utf8)
    if isArchive {
      try KerasFileWriter.writeArchive(
        to: path, configuration: configuration, layers: model.layersToWrite, beside: extras)
    } else {
      try KerasFileWriter.writeLegacyModel(
        to: path, configuration: configuration, layers: model.layersToWrite, beside: extras)
    }
  }
}
