import Foundation
import SiameseHDF5
import SiameseTensors

/// HDF5: data sets `embeddings` [N, D], `labels` and `paths` [N], and string attributes at the root.
extension Features {
  init(hdf5 path: String) throws {
    let root = try HDF5File(path).root
    let data = try root.dataSet("embeddings")
    let shape = data.shape
    guard shape.count == 2 else {
      throw TaskError(.badInput, "\(path): 'embeddings' should be a matrix of one row a picture, found shape \(shape)")
    }
    func names(_ name: String) throws -> [String] {
      guard try root.contains(name) else { return [String](repeating: "", count: shape[0]) }
      let names = try root.dataSet(name).readStrings()
      guard names.count == shape[0] else {
        throw TaskError(
          .badInput, "\(path): '\(name)' should name the \(shape[0]) rows of 'embeddings', found \(names.count)")
      }
      return names
    }
    var attributes: [String: String] = [:]
    for name in try root.attributeNames { attributes[name] = try root.string(name) }
    self.init(
      embeddings: Tensor(shape: shape, elements: try data.read()), labels: try names("labels"),
      paths: try names("paths"),
      attributes: attributes)
  }

  static func writeHDF5(
    to path: String, mostRows: Int, attributes: [String: String], produce: (Appending) throws -> Void
  ) throws {
    try HDF5Writer.create(path) { root in
      var names = RowNames(labels: [], paths: [])
      try produce { piece in
        if names.paths.isEmpty { try root.makeRows("embeddings", width: piece.width, mostRows: mostRows) }
        try root.append(piece.embeddings.elements, toRows: "embeddings", from: names.paths.count, width: piece.width)
        names.append(piece)
      }
      try root.write("labels", strings: names.labels)
      try root.write("paths", strings: names.paths)
      for (name, value) in attributes.sorted(by: { $0.key < $1.key }) { try root.setAttribute(name, value) }
    }
  }
}
