import Foundation
import SiameseHDF5

/// Files that are written piece by piece, so that memory holds one piece of the numbers however many there are.
extension Features {
  /// Hands rows over to the file that is being written.
  public typealias Appending = (_ piece: Features) throws -> Void

  /// Writes what `produce` hands over, piece after piece, as one features file of the kind that the extension names;
  /// nothing appears under `path` before it is whole.
  ///
  /// - Parameters:
  ///   - mostRows: How many rows may come.
  ///   - classes: The distinct labels that may come, in order: LIBSVM's format numbers them by their place here.
  ///   - attributes: How the rows are made, kept by `.h5` files.
  ///   - produce: Calls its argument once or more; all pieces have the same width.
  /// - Throws: `TaskError` for an unknown extension, `HDF5Error.unwritable`, and what `produce` throws.
  public static func write(
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
  public func write(to path: String) throws {
    try Features.write(to: path, mostRows: count, classes: indexedLabels().classes, attributes: attributes) { try $0(self) }
  }
}

/// A file under a temporary name that grows at its end.
struct GrowingFile {
  private let descriptor: Int32
  /// The final name, for messages.
  private let path: String

  /// Calls `body` with the file that will take the name `path`, and gives it that name.
  static func write(to path: String, _ body: (GrowingFile) throws -> Void) throws {
    try AtomicFile.write(to: path) { temporary in
      let descriptor = open(temporary, O_WRONLY | O_CLOEXEC)
      defer { if descriptor >= 0 { close(descriptor) } }
      try body(GrowingFile(descriptor: descriptor, path: path))
    }
  }

  func append(_ text: String) throws {
    var text = text
    try text.withUTF8 { try AtomicFile.append(UnsafeRawBufferPointer($0), to: descriptor, of: path) }
  }

  func append(_ bytes: UnsafeRawBufferPointer) throws { try AtomicFile.append(bytes, to: descriptor, of: path) }

  /// Puts what is written next at the file's beginning, over what stands there.
  func rewind() throws {
    guard lseek(descriptor, 0, SEEK_SET) == 0 else {
      throw HDF5Error.unwritable(file: path, reason: String(cString: strerror(errno)))
    }
  }
}
