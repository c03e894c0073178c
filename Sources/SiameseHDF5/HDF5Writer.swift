import CSiameseHDF5
import Foundation
import SiameseFiles

/// Making and changing HDF5 files.
///
/// ```swift
/// try HDF5Writer.create("features.h5") { root in
///   try root.write("embeddings", shape: [2, 3], [1, 2, 3, 4, 5, 6])
///   try root.setAttribute("distance", "cosine")
/// }
/// ```
///
/// Both functions write to a temporary name and rename (see `AtomicFile`). The same calls give the same bytes: no times
/// are noted.
package enum HDF5Writer {
  /// Makes the file at `path`, or replaces it, with what `body` writes.
  /// - Throws: `FileError.unwritable`, `HDF5Error.unwritable`, or what `body` throws.
  package static func create(_ path: String, _ body: (HDF5GroupWriter) throws -> Void) throws {
    try AtomicFile.write(to: path) { temporary in
      try write(path, body) { H5Fcreate(temporary, siamese_h5_exclusive(), hid_t(H5P_DEFAULT), $0) }
    }
  }

  /// Changes a copy of the file at `path`, which then takes its place.
  /// - Throws: `HDF5Error` where the file cannot be read; otherwise as `create`.
  package static func update(_ path: String, _ body: (HDF5GroupWriter) throws -> Void) throws {
    _ = try HDF5File(path)  // refuses what is damaged
    try AtomicFile.write(to: path) { temporary in
      try AtomicFile.copy(path, over: temporary, of: path)
      try write(path, body) { H5Fopen(temporary, siamese_h5_read_write(), $0) }
    }
  }

  private static func write(
    _ path: String, _ body: (HDF5GroupWriter) throws -> Void, _ open: (hid_t) -> hid_t
  ) throws {
    let file = try HDF5Library.writing(path) {
      let access = try Handle(H5Pcreate(siamese_h5_file_access()))
      H5Pset_file_locking(access.id, false, true)
      H5Pset_fclose_degree(access.id, H5F_CLOSE_STRONG)
      return try LibraryFailure.check(open(access.id))
    }
    do { try body(HDF5GroupWriter(file: file, name: path, path: "/")) } catch {
      HDF5Library.alone { _ = H5Fclose(file) }
      throw error
    }
    // Closing writes what is still in the library's cache: it may fail for want of room.
    try HDF5Library.writing(path) { _ = try LibraryFailure.check(H5Fclose(file)) }
  }
}

extension HDF5Library {
  /// Runs `body` alone in the library; what it refuses becomes an error that names `file`.
  static func writing<Result>(_ file: String, at path: String? = nil, _ body: () throws -> Result) throws -> Result {
    do { return try alone(body) } catch let failure as LibraryFailure {
      throw HDF5Error.unwritable(file: file, reason: path.map { "'\($0)': \(failure.reason)" } ?? failure.reason)
    }
  }
}
