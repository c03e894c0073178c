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
}

extension HDF5GroupWriter {
  /// Notes one string, of any length.
  package func setAttribute(_ attribute: String, _ value: String) throws {
    try withAttributeOwner(attribute) { owner in
      let type = try Handle(H5Tcopy(siamese_h5_string()))
      H5Tset_size(type.id, siamese_h5_variable())
      H5Tset_cset(type.id, H5T_CSET_UTF8)
      let space = try Handle(H5Screate(H5S_SCALAR))
      let made = try Handle(H5Acreate2(owner, attribute, type.id, space.id, hid_t(H5P_DEFAULT), hid_t(H5P_DEFAULT)))
      try value.withCString { text in
        var pointer: UnsafePointer<CChar>? = text
        try LibraryFailure.check(H5Awrite(made.id, type.id, &pointer))
      }
    }
  }

  /// Notes a list of strings; one too long for an object's header is split over `name0`, `name1`, … as Keras does.
  package func setAttribute(_ attribute: String, _ values: [String]) throws {
    let width = max(1, values.map(\.utf8.count).max() ?? 1)
    guard width <= Self.attributeLimit else {
      throw HDF5Error.unwritable(file: name, reason: "a string of '\(path)@\(attribute)' has \(width) bytes")
    }
    let partCount = Self.partCount(values.count, width: width)
    guard partCount > 1 else {
      let padded = PaddedStrings(values)
      return try writeList(attribute, shape: [values.count], padded.bytes) { try padded.type() }
    }
    // Parts as numpy's array_split makes them: the first ones longer by one.
    var start = 0
    for part in 0..<partCount {
      let count = values.count / partCount + (part < values.count % partCount ? 1 : 0)
      let padded = PaddedStrings(Array(values[start..<start + count]), width: width)
      try writeList("\(attribute)\(part)", shape: [count], padded.bytes) { try padded.type() }
      start += count
    }
  }

  /// Sets an attribute to a 64-bit integer.
  /// - Throws: `HDF5Error.unwritable`.
  package func setAttribute(_ attribute: String, _ value: Int) throws {
    try writeList(attribute, shape: [], [value]) { H5Tcopy(siamese_h5_int64()) }
  }

  /// Sets an attribute to a list of 64-bit integers.
  /// - Throws: `HDF5Error.unwritable`.
  package func setAttribute(_ attribute: String, _ values: [Int]) throws {
    try writeList(attribute, shape: [values.count], values) { H5Tcopy(siamese_h5_int64()) }
  }

  /// Sets an attribute to a double-precision number.
  /// - Throws: `HDF5Error.unwritable`.
  package func setAttribute(_ attribute: String, _ value: Double) throws {
    try writeList(attribute, shape: [], [value]) { H5Tcopy(siamese_h5_double()) }
  }

  /// Sets an attribute to a list of double-precision numbers.
  /// - Throws: `HDF5Error.unwritable`.
  package func setAttribute(_ attribute: String, _ values: [Double]) throws {
    try writeList(attribute, shape: [values.count], values) { H5Tcopy(siamese_h5_double()) }
  }

  /// Into how many parts a list goes so that each fits.
  static func partCount(_ count: Int, width: Int) -> Int {
    var parts = 1
    while (count + parts - 1) / parts * width > attributeLimit { parts += 1 }
    return parts
  }

  private func writeList<Element>(
    _ attribute: String, shape: [Int], _ elements: [Element], _ type: () throws -> hid_t
  ) throws {
    guard elements.count * MemoryLayout<Element>.stride <= Self.attributeLimit + 1024 else {
      throw HDF5Error.unwritable(
        file: name, reason: "'\(path)@\(attribute)' has \(elements.count) values, too many for an attribute")
    }
    try withAttributeOwner(attribute) { owner in
      let type = try Handle(type())
      let space = try Self.space(shape)
      let made = try Handle(H5Acreate2(owner, attribute, type.id, space.id, hid_t(H5P_DEFAULT), hid_t(H5P_DEFAULT)))
      if !elements.isEmpty {
        try elements.withUnsafeBytes { _ = try LibraryFailure.check(H5Awrite(made.id, type.id, $0.baseAddress)) }
      }
    }
  }

  /// Opens this group for an attribute that is not there (any more).
  private func withAttributeOwner(_ attribute: String, _ body: (hid_t) throws -> Void) throws {
    try writing("\(path)@\(attribute)") {
      let owner = try Handle(H5Oopen(file, path, hid_t(H5P_DEFAULT)))
      if try LibraryFailure.check(H5Aexists(owner.id, attribute)) > 0 {
        try LibraryFailure.check(H5Adelete(owner.id, attribute))
      }
      try body(owner.id)
    }
  }

  /// Rows of a chunk of some 256 KiB.
  private static func chunkRows(of rows: Int, rowBytes: Int) -> hsize_t {
    hsize_t(max(1, min(rows, (256 << 10) / max(1, rowBytes))))
  }

  private static func space(_ shape: [Int]) throws -> Handle {
    shape.isEmpty
      ? try Handle(H5Screate(H5S_SCALAR))
      : try Handle(H5Screate_simple(Int32(shape.count), shape.map { hsize_t($0) }, nil))
  }

  private func writing<Result>(_ path: String, _ body: () throws -> Result) throws -> Result {
    try HDF5Library.writing(name, at: path, body)
  }

  private func join(_ name: String) -> String {
    let steps = name.split(separator: "/").joined(separator: "/")
    return path == "/" ? "/\(steps)" : "\(path)/\(steps)"
  }
}

/// Strings as one block of bytes, each padded with zeros to the same width.
private struct PaddedStrings {
  let bytes: [UInt8]
  let width: Int
  let isASCII: Bool

  init(_ strings: [String], width: Int? = nil) {
    let width = max(1, width ?? strings.map(\.utf8.count).max() ?? 1)
    var bytes = [UInt8](repeating: 0, count: width * strings.count)
    for (index, string) in strings.enumerated() {
      for (place, byte) in string.utf8.enumerated() { bytes[index * width + place] = byte }
    }
    self.bytes = bytes
    self.width = width
    isASCII = bytes.allSatisfy { $0 < 128 }
  }

  /// The matching type of libhdf5, to be closed by the caller.
  func type() throws -> hid_t {
    let type = try LibraryFailure.check(H5Tcopy(siamese_h5_string()))
    H5Tset_size(type, width)
    H5Tset_strpad(type, H5T_STR_NULLPAD)
    H5Tset_cset(type, isASCII ? H5T_CSET_ASCII : H5T_CSET_UTF8)
    return type
  }
}
