import CSiameseHDF5
import Foundation

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
}
