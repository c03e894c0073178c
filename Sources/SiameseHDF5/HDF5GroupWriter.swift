import CSiameseHDF5
import Foundation

/// A group of a file that is being written.
package struct HDF5GroupWriter {
  let file: hid_t
  /// The target's name, for messages.
  let name: String
  let path: String

  /// The most bytes one attribute may take in an object's header, as Keras counts them.
  static let attributeLimit = 64512

  /// The group of that name (or path of names), made where it is missing.
  @discardableResult
  package func group(_ name: String) throws -> HDF5GroupWriter {
    var made = self
    for step in name.split(separator: "/") {
      made = HDF5GroupWriter(file: file, name: self.name, path: made.join(String(step)))
      try writing(made.path) {
        if try LibraryFailure.check(H5Lexists(file, made.path, hid_t(H5P_DEFAULT))) > 0 {
          _ = try Handle(H5Gopen2(file, made.path, hid_t(H5P_DEFAULT)))
          return
        }
        let creation = try Handle(H5Pcreate(siamese_h5_group_creation()))
        H5Pset_obj_track_times(creation.id, false)
        _ = try Handle(H5Gcreate2(file, made.path, hid_t(H5P_DEFAULT), creation.id, hid_t(H5P_DEFAULT)))
      }
    }
    return made
  }

  /// Takes away the group or data set of that name, if there is one.
  package func remove(_ name: String) throws {
    let target = join(name)
    try writing(target) {
      guard try LibraryFailure.check(H5Lexists(file, target, hid_t(H5P_DEFAULT))) > 0 else { return }
      try LibraryFailure.check(H5Ldelete(file, target, hid_t(H5P_DEFAULT)))
    }
  }

  /// Writes single-precision numbers, row-major; `gzip` stores them compressed.
  package func write(_ name: String, shape: [Int], _ elements: [Float], gzip: Bool = false) throws {
    try elements.withUnsafeBytes {
      try write(name, shape: shape, elements.count, $0, siamese_h5_ieee_float(), gzip: gzip)
    }
  }

  /// Writes 64-bit integers.
  package func write(_ name: String, shape: [Int]? = nil, integers: [Int], gzip: Bool = false) throws {
    try integers.withUnsafeBytes {
      try write(name, shape: shape ?? [integers.count], integers.count, $0, siamese_h5_int64(), gzip: gzip)
    }
  }

  /// Writes double-precision numbers.
  package func write(_ name: String, shape: [Int]? = nil, doubles: [Double], gzip: Bool = false) throws {
    try doubles.withUnsafeBytes {
      try write(name, shape: shape ?? [doubles.count], doubles.count, $0, siamese_h5_double(), gzip: gzip)
    }
  }

  /// Writes a list of strings, each padded to the longest one's length.
  package func write(_ name: String, strings: [String], gzip: Bool = false) throws {
    let padded = PaddedStrings(strings)
    let type = try writing(join(name)) { try padded.type() }
    defer { HDF5Library.alone { _ = H5Tclose(type) } }
    try padded.bytes.withUnsafeBytes {
      try write(name, shape: [strings.count], strings.count, $0, type, gzip: gzip)
    }
  }

  /// Makes a matrix of single-precision numbers without rows yet, for `append`.
  package func makeRows(_ name: String, width: Int, mostRows: Int) throws {
    let target = join(name)
    try writing(target) {
      let space = try Handle(H5Screate_simple(2, [0, hsize_t(width)], [hsize_t(mostRows), hsize_t(width)]))
      let creation = try Handle(H5Pcreate(siamese_h5_data_creation()))
      H5Pset_obj_track_times(creation.id, false)
      let chunk = [Self.chunkRows(of: mostRows, rowBytes: 4 * width), hsize_t(max(1, width))]
      try LibraryFailure.check(H5Pset_chunk(creation.id, 2, chunk))
      _ = try Handle(
        H5Dcreate2(
          file, target, siamese_h5_ieee_float(), space.id, hid_t(H5P_DEFAULT), creation.id, hid_t(H5P_DEFAULT)))
    }
  }

  /// Adds rows to a matrix that has `first` of them.
  package func append(_ elements: [Float], toRows name: String, from first: Int, width: Int) throws {
    let target = join(name)
    let rows = hsize_t(width == 0 ? 0 : elements.count / width)
    guard rows > 0 else { return }
    try writing(target) {
      let data = try Handle(H5Dopen2(file, target, hid_t(H5P_DEFAULT)))
      try LibraryFailure.check(H5Dset_extent(data.id, [hsize_t(first) + rows, hsize_t(width)]))
      let place = try Handle(H5Dget_space(data.id)),
        memory = try Handle(H5Screate_simple(2, [rows, hsize_t(width)], nil))
      try LibraryFailure.check(
        H5Sselect_hyperslab(place.id, H5S_SELECT_SET, [hsize_t(first), 0], nil, [rows, hsize_t(width)], nil))
      try LibraryFailure.check(
        H5Dwrite(data.id, siamese_h5_ieee_float(), memory.id, place.id, hid_t(H5P_DEFAULT), elements))
    }
  }

  private func write(
    _ name: String, shape: [Int], _ count: Int, _ bytes: UnsafeRawBufferPointer, _ type: hid_t, gzip: Bool
  ) throws {
    precondition(shape.reduce(1, *) == count, "a data set of shape \(shape) cannot hold \(count) elements")
    let steps = name.split(separator: "/")
    if steps.count > 1 { try group(steps.dropLast().joined(separator: "/")) }
    let target = join(name)
    try writing(target) {
      let space = try Self.space(shape)
      let creation = try Handle(H5Pcreate(siamese_h5_data_creation()))
      H5Pset_obj_track_times(creation.id, false)
      if gzip, count > 0, !shape.isEmpty {
        var chunk = shape.map { hsize_t($0) }
        chunk[0] = Self.chunkRows(of: shape[0], rowBytes: bytes.count / shape[0])
        try LibraryFailure.check(H5Pset_chunk(creation.id, Int32(chunk.count), chunk))
        try LibraryFailure.check(H5Pset_shuffle(creation.id))
        try LibraryFailure.check(H5Pset_deflate(creation.id, 4))
      }
      let data = try Handle(
        H5Dcreate2(file, target, type, space.id, hid_t(H5P_DEFAULT), creation.id, hid_t(H5P_DEFAULT)))
      if count > 0 {
        let whole = siamese_h5_whole_space()
        try LibraryFailure.check(H5Dwrite(data.id, type, whole, whole, hid_t(H5P_DEFAULT), bytes.baseAddress))
      }
    }
  }

  /// Rows of a chunk of some 256 KiB.
  private static func chunkRows(of rows: Int, rowBytes: Int) -> hsize_t {
    hsize_t(max(1, min(rows, (256 << 10) / max(1, rowBytes))))
  }

  /// The extents of a data set or attribute; a scalar has none.
  static func space(_ shape: [Int]) throws -> Handle {
    shape.isEmpty
      ? try Handle(H5Screate(H5S_SCALAR))
      : try Handle(H5Screate_simple(Int32(shape.count), shape.map { hsize_t($0) }, nil))
  }

  /// Runs `body` alone in the library; errors name the file and `path`.
  func writing<Result>(_ path: String, _ body: () throws -> Result) throws -> Result {
    try HDF5Library.writing(name, at: path, body)
  }

  private func join(_ name: String) -> String {
    let steps = name.split(separator: "/").joined(separator: "/")
    return path == "/" ? "/\(steps)" : "\(path)/\(steps)"
  }
}
