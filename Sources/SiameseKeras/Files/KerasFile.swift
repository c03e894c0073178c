import Foundation
import SiameseHDF5
import SiameseTensors

/// A file in which Keras left weights, and perhaps the model they belong to.
///
/// ```swift
/// let file = try KerasFile.open("weights.h5")
/// switch file.weights {
/// case .layers(let layers): layers[1].weights[0].shape            // in the order the file names them
/// case .tree(let tree): try tree.weights(at: "layers/conv2d_3")   // Keras 3: by place
/// }
/// ```
///
/// The layout is recognised by what the file holds, never by its name. Weights are fetched one at a time, when asked
/// for; the file stays open as long as this object or one of its weights lives.
package final class KerasFile: Sendable {
  /// How a file is laid out, in words for people.
  package enum Layout: String, Sendable, CaseIterable {
    /// Weights alone under `layer_names` and `weight_names`, as Keras 1 and 2 save them.
    case legacyWeights = "legacy weights (.h5)"
    /// `model_config` beside `model_weights`, as Keras 1 and 2 save a whole model.
    case legacyModel = "legacy whole model (.h5)"
    /// Weights alone under `layers/<class>_<n>/vars/<i>`, as Keras 3 saves them.
    case weights = "Keras 3 weights (.weights.h5)"
    /// A zip of configuration and weights, as Keras 3 saves a whole model.
    case archive = "Keras 3 model (.keras)"
  }

  /// Where the weights are.
  package enum Weights: Sendable {
    /// Legacy layouts: layers in model order, each with its weights in the order of its `weight_names`.
    case layers([KerasLayerWeights])
    /// Keras 3 layouts: groups by place in the model.
    case tree(KerasWeightTree)
  }

  /// The file as it was given.
  package let path: String
  /// How it is laid out.
  package let layout: Layout
  /// As the file says; Keras 1 files of the first months say nothing.
  package let kerasVersion: String?
  /// `tensorflow`, `theano`, …, where the file says.
  package let backend: String?
  /// The model's configuration, JSON, in layouts that hold one.
  package let configuration: Data?
  /// The weights, each read when asked for.
  package let weights: Weights
  /// The HDF5 file underneath (of a `.keras` archive, the weights inside).
  package let hdf5: HDF5File

  private init(
    path: String, layout: Layout, kerasVersion: String?, backend: String?, configuration: Data?, weights: Weights,
    hdf5: HDF5File
  ) {
    self.path = path
    self.layout = layout
    self.kerasVersion = kerasVersion
    self.backend = backend
    self.configuration = configuration
    self.weights = weights
    self.hdf5 = hdf5
  }

  /// Opens the file at `path`, whatever its layout.
  /// - Throws: `HDF5Error` or `KerasError`.
  package static func open(_ path: String) throws -> KerasFile {
    var isFolder: ObjCBool = false
    if FileManager.default.fileExists(atPath: path, isDirectory: &isFolder), isFolder.boolValue {
      throw KerasError.folder(path)
    }
    if ZipArchive.isZip(path) { return try openArchive(path) }
    let hdf5 = try HDF5File(path)
    let root = hdf5.root
    if try root.kind(of: "model_weights") == .group, try !root.hasStrings("layer_names") {
      return try openLegacy(path, hdf5, root.group("model_weights"), layout: .legacyModel)
    }
    if try root.hasStrings("layer_names") { return try openLegacy(path, hdf5, root, layout: .legacyWeights) }
    if try root.attribute("nb_layers") != nil { throw KerasError.beforeKeras1(file: path) }
    guard let tree = try KerasWeightTree(root: root) else {
      throw KerasError.notKeras(file: path, holds: try root.childNames, attributes: try root.attributeNames)
    }
    return KerasFile(
      path: path, layout: .weights, kerasVersion: try root.string("keras_version"), backend: try root.string("backend"),
      configuration: nil, weights: .tree(tree), hdf5: hdf5)
  }

  private static func openLegacy(
    _ path: String, _ hdf5: HDF5File, _ group: HDF5Group, layout: Layout
  ) throws -> KerasFile {
    let layers = try group.strings("layer_names").map { try KerasLayerWeights(name: $0, group: group.group($0)) }
    // Keras 1 wrote its version beside the configuration, Keras 2 beside the weights as well.
    func stated(_ name: String) throws -> String? { try group.string(name) ?? hdf5.root.string(name) }
    return KerasFile(
      path: path, layout: layout, kerasVersion: try stated("keras_version"), backend: try stated("backend"),
      configuration: try hdf5.root.string("model_config").map { Data($0.utf8) }, weights: .layers(layers), hdf5: hdf5)
  }

  private static func openArchive(_ path: String) throws -> KerasFile {
    struct Metadata: Decodable { var keras_version: String? }
    let archive = try ZipArchive(path)
    guard archive.contains("config.json"), archive.contains("model.weights.h5") else {
      throw KerasError.archiveLacks(
        file: path, member: archive.contains("config.json") ? "model.weights.h5" : "config.json",
        holds: archive.memberNames)
    }
    let configuration = try archive.data("config.json", limit: 256 << 20)
    let metadata =
      archive.contains("metadata.json")
      ? try? JSONDecoder().decode(Metadata.self, from: archive.data("metadata.json", limit: 1 << 20)) : nil
    let hdf5 = try archive.withTemporaryCopy("model.weights.h5") { descriptor, copy in
      try HDF5File(descriptor: descriptor, name: "\(path) (model.weights.h5)", path: copy)
    }
    guard let tree = try KerasWeightTree(root: hdf5.root) else {
      throw KerasError.notKeras(
        file: hdf5.name, holds: try hdf5.root.childNames, attributes: try hdf5.root.attributeNames)
    }
    return KerasFile(
      path: path, layout: .archive, kerasVersion: metadata?.keras_version, backend: nil, configuration: configuration,
      weights: .tree(tree), hdf5: hdf5)
  }
}

/// One weight of a Keras file; its numbers are read when asked for.
package struct KerasWeight: Sendable {
  /// As the file names it: `kernel:0`, `block1_conv1/kernel:0`, `uniform1`, or `0`, `1`, … in Keras 3 layouts.
  package let name: String
  /// Where the numbers lie.
  package let dataSet: HDF5DataSet
  /// The extents of its axes.
  package var shape: [Int] { dataSet.shape }

  /// Reads it; half precision and bfloat16 come as `Float`.
  /// - Throws: `HDF5Error` where the file is damaged.
  package func read() throws -> Tensor { Tensor(shape: shape, elements: try dataSet.read()) }
}

/// The weights of one layer of a legacy file, in the order of its `weight_names`.
package struct KerasLayerWeights: Sendable {
  /// The layer's name.
  package let name: String
  /// Its weights, in Keras' order.
  package let weights: [KerasWeight]

  init(name: String, group: HDF5Group) throws {
    self.name = name
    weights = try group.strings("weight_names").map { KerasWeight(name: $0, dataSet: try group.dataSet($0)) }
  }
}
