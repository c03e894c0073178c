import CSiameseZip
import Foundation
import SiameseFiles
import SiameseHDF5
import SiameseTensors

/// One layer to be written: its weights are fetched one at a time.
struct KerasLayerToWrite {
  var name: String
  /// `Conv2D`, `Dense`, …: the `.keras` layout counts layers by class.
  var className: String
  /// In the layer's own order. The legacy layout wants names such as `conv1/kernel:0`; `.keras` does without.
  var weights: [(name: String, read: () throws -> Tensor)]

  init(name: String, className: String, weights: [(name: String, read: () throws -> Tensor)]) {
    self.name = name
    self.className = className
    self.weights = weights
  }
}

/// Writes models as Keras does, so that Keras opens them.
///
/// Files are made under a temporary name and renamed, and the same model gives the same bytes.
enum KerasFileWriter {
  /// Writes a legacy whole model: `model_config` beside `model_weights`.
  ///
  /// - Parameters:
  ///   - configuration: the model's configuration, JSON: `{"class_name": "Functional", "config": {…}}`.
  ///   - layers: every layer that the configuration names, in its order, those without weights too.
  ///   - beside: adds what else belongs in the file, at its root.
  static func writeLegacyModel(
    to path: String, configuration: Data, layers: [KerasLayerToWrite], kerasVersion: String = "3.0.0",
    backend: String = "tensorflow", beside: (HDF5GroupWriter) throws -> Void = { _ in }
  ) throws {
    try HDF5Writer.create(path) { root in
      try root.setAttribute("keras_version", kerasVersion)
      try root.setAttribute("backend", backend)
      try root.setAttribute("model_config", String(decoding: configuration, as: UTF8.self))
      try writeLegacyLayers(layers, into: root.group("model_weights"), kerasVersion: kerasVersion, backend: backend)
      try beside(root)
    }
  }

  /// Writes legacy weights alone.
  static func writeLegacyWeights(
    to path: String, layers: [KerasLayerToWrite], kerasVersion: String = "3.0.0", backend: String = "tensorflow"
  ) throws {
    try HDF5Writer.create(path) { root in
      try writeLegacyLayers(layers, into: root, kerasVersion: kerasVersion, backend: backend)
    }
  }

  /// Writes a Keras 3 model: a zip of `metadata.json`, `config.json` and `model.weights.h5`.
  ///
  /// `layers` are all layers of the configuration in its order, those without weights too, for they count; `beside`
  /// adds what else belongs at the root of the weights.
  static func writeArchive(
    to path: String, configuration: Data, layers: [KerasLayerToWrite], kerasVersion: String = "3.0.0",
    beside: (HDF5GroupWriter) throws -> Void = { _ in }
  ) throws {
    try AtomicFile.write(to: path) { temporary in
      let weights = temporary + ".weights"
      defer { try? FileManager.default.removeItem(atPath: weights) }
      try HDF5Writer.create(weights) { root in
        // A model without weights has the group all the same.
        if layers.allSatisfy({ $0.weights.isEmpty }) { _ = try root.group("layers") }
        var counts: [String: Int] = [:]
        for layer in layers {
          let index = counts[layer.className, default: 0]
          counts[layer.className] = index + 1
          guard !layer.weights.isEmpty else { continue }
          let place = "layers/\(KerasWeightTree.groupName(className: layer.className, index: index))/vars"
          let group = try root.group(place)
          try group.setAttribute("name", layer.name)
          for (number, weight) in layer.weights.enumerated() {
            let tensor = try weight.read()
            try group.write(String(number), shape: tensor.shape, tensor.elements)
          }
        }
        try beside(root)
      }
      try zip(
        [
          ("metadata.json", .bytes(Data("{\"keras_version\": \"\(kerasVersion)\"}".utf8))),
          ("config.json", .bytes(configuration)), ("model.weights.h5", .file(weights)),
        ], into: temporary, of: path)
    }
  }

  private static func writeLegacyLayers(
    _ layers: [KerasLayerToWrite], into group: HDF5GroupWriter, kerasVersion: String, backend: String
  ) throws {
    try group.setAttribute("layer_names", layers.map(\.name))
    try group.setAttribute("backend", backend)
    try group.setAttribute("keras_version", kerasVersion)
    for layer in layers {
      let inner = try group.group(layer.name)
      try inner.setAttribute("weight_names", layer.weights.map(\.name))
      for weight in layer.weights {
        let tensor = try weight.read()
        try inner.write(weight.name, shape: tensor.shape, tensor.elements)
      }
    }
  }

  private enum Member {
    case bytes(Data)
    case file(String)
  }

  /// Makes a zip of stored, undated members over the empty file at `temporary`.
  private static func zip(_ members: [(String, Member)], into temporary: String, of path: String) throws {
    var code: Int32 = 0
    guard let archive = zip_open(temporary, ZIP_CREATE | ZIP_TRUNCATE, &code) else {
      throw KerasError.unwritableFile(file: path, reason: "libzip error \(code)")
    }
    func failure() -> KerasError {
      .unwritableFile(file: path, reason: String(cString: zip_strerror(archive)))
    }
    do {
      for (name, member) in members {
        let source: OpaquePointer?
        switch member {
        case .bytes(let data):
          guard let copy = malloc(max(1, data.count)) else { throw failure() }
          data.copyBytes(to: copy.assumingMemoryBound(to: UInt8.self), count: data.count)
          source = zip_source_buffer(archive, copy, zip_uint64_t(data.count), 1)
        case .file(let file): source = zip_source_file(archive, file, 0, -1)
        }
        guard let source else { throw failure() }
        let index = zip_file_add(archive, name, source, zip_flags_t(ZIP_FL_ENC_UTF_8))
        guard index >= 0 else {
          zip_source_free(source)
          throw failure()
        }
        guard zip_set_file_compression(archive, zip_uint64_t(index), ZIP_CM_STORE, 0) == 0,
          zip_file_set_dostime(archive, zip_uint64_t(index), 0, 0x21, 0) == 0  // 1 January 1980
        else { throw failure() }
      }
      guard zip_close(archive) == 0 else { throw failure() }
    } catch {
      zip_discard(archive)
      throw error
    }
  }
}
