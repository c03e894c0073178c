import SiameseFiles

/// Files that are written piece by piece, so that memory holds one piece of the numbers however many there are.
extension Features {
  /// Hands rows over to the file that is being written.
  package typealias Appending = (_ piece: Features) throws -> Void

  /// Writes what `produce` hands over, piece after piece, as one features file of the kind that the extension names;
  /// nothing appears under `path` before it is whole.
  ///
  /// - Parameters:
  ///   - mostRows: How many rows may come.
  ///   - classes: The distinct labels that may come, in order: LIBSVM's format numbers them by their place here.
  ///   - attributes: How the rows are made, kept by `.h5` files.
  ///   - produce: Calls its argument once or more; all pieces have the same width.
  /// - Throws: `TaskError` for an unknown extension, `FileError.unwritable`, and what `produce` throws.
  package static func write(
    to path: String, mostRows: Int, classes: [String], attributes: [String: String] = [:],
    produce: (_ append: Appending) throws -> Void
  ) throws {
    switch try FeatureFormat(path: path) {
    case .hdf5: try writeHDF5(to: path, mostRows: mostRows, attributes: attributes, produce: produce)
    case .npy: try writeNPY(to: path, produce: produce)
    case .csv: try writeCSV(to: path, produce: produce)
    case .libsvm: try writeLIBSVM(to: path, classes: classes, produce: produce)
    }
  }

  /// Writes a features file of the kind that the extension names; nothing appears under `path` before it is whole.
  /// - Throws: `TaskError`, or the error of the room concerned, saying what does not fit or cannot be read.
  public func write(to path: String) throws {
    try Features.write(to: path, mostRows: count, classes: indexedLabels().classes, attributes: attributes) {
      try $0(self)
    }
  }
}
