import CSiameseHDF5
import Foundation

/// An HDF5 file open for reading.
///
/// ```swift
/// let file = try HDF5File("weights.h5")
/// let names = try file.root.strings("layer_names")            // ["conv1", "relu1", …]
/// let kernel = try file.root.dataSet("conv1/conv1_W:0")
/// kernel.shape                                                // [3, 3, 3, 64]
/// let elements = try kernel.read()                            // [Float]
/// ```
///
/// Nothing is read before it is asked for. All calls may come from any thread; libhdf5's own are made one at a time.
package final class HDF5File: Sendable {
  /// The name messages use.
  package let name: String
  /// The length of the file.
  package let byteCount: Int
  let id: hid_t
  /// A descriptor of our own, for reading contiguous data past libhdf5 and its lock.
  let descriptor: Int32

  /// Opens the file at `path`.
  /// - Throws: `HDF5Error` where it is missing, is not HDF5, is cut short or contradicts itself.
  package convenience init(_ path: String) throws {
    let descriptor = open(path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else {
      throw errno == ENOENT
        ? HDF5Error.missingFile(path) : HDF5Error.unreadable(file: path, reason: String(cString: strerror(errno)))
    }
    try self.init(descriptor: descriptor, name: path, path: "/proc/self/fd/\(descriptor)")
  }

  /// Takes over an open descriptor; `name` is what messages call it, `path` where libhdf5 finds the same file.
  package init(descriptor: Int32, name: String, path: String) throws {
    self.name = name
    self.descriptor = descriptor
    var opened: hid_t = -1
    do {
      var status = stat()
      guard fstat(descriptor, &status) == 0, status.st_mode & S_IFMT == S_IFREG else {
        throw HDF5Error.unreadable(file: name, reason: "it is not a plain file")
      }
      byteCount = Int(status.st_size)
      try StructureCheck.run(descriptor: descriptor, byteCount: byteCount, file: name)
      opened = try HDF5Library.reading(name, "/") {
        let access = try Handle(H5Pcreate(siamese_h5_file_access()))
        // Readers need no lock, and many network file systems have none to give.
        H5Pset_file_locking(access.id, false, true)
        H5Pset_fclose_degree(access.id, H5F_CLOSE_STRONG)
        return try LibraryFailure.check(H5Fopen(path, siamese_h5_read_only(), access.id))
      }
    } catch {
      close(descriptor)
      throw error
    }
    id = opened
  }

  deinit {
    HDF5Library.alone { _ = H5Fclose(id) }
    close(descriptor)
  }

  /// The group that holds all others.
  package var root: HDF5Group { HDF5Group(file: self, path: "/") }
}
