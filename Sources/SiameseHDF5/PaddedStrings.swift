import CSiameseHDF5

/// Strings as one block of bytes, each padded with zeros to the same width.
struct PaddedStrings {
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
