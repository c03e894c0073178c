import CSiameseHDF5

/// What was done to each chunk of a data set before it was stored, and its undoing.
///
/// libhdf5 could undo it itself, but inflates whatever a stream holds, without limit, and copies a whole chunk out of
/// the result even where the stream was shorter: beyond its buffer. Here every step yields exactly the bytes it should
/// or says why not.
struct ChunkFilters: Equatable, Sendable {
  enum Step: Equatable, Sendable { case shuffle, deflate, checksum }
  /// In the order of writing.
  let steps: [Step]
  /// The bytes of a chunk once all is undone, and of one element.
  let chunkBytes: Int
  let elementBytes: Int

  struct Failure: Error { let reason: String }

  init(steps: [Step], chunkBytes: Int, elementBytes: Int) {
    self.steps = steps
    self.chunkBytes = chunkBytes
    self.elementBytes = elementBytes
  }

  /// Reads the filters of a creation property list.
  init(_ creation: hid_t, chunkBytes: Int, elementBytes: Int) throws {
    self.chunkBytes = chunkBytes
    self.elementBytes = elementBytes
    steps = try (0..<UInt32(max(0, H5Pget_nfilters(creation)))).map { index in
      var (flags, count, settings): (UInt32, Int, UInt32) = (0, 0, 0)
      let filter = H5Pget_filter2(creation, index, &flags, &count, nil, 0, nil, &settings)
      switch Int32(filter) {
      case H5Z_FILTER_DEFLATE: return .deflate
      case H5Z_FILTER_SHUFFLE: return .shuffle
      case H5Z_FILTER_FLETCHER32: return .checksum
      default: throw Failure(reason: "filter \(filter)")
      }
    }
  }

  /// Undoes all steps but those of `mask` (one bit each) on the stored bytes of a chunk.
  func undo(_ stored: [UInt8], mask: UInt32) throws -> [UInt8] {
    // How long the bytes must be after each step of writing: a checksum adds four, inflating gives any length.
    var bytes = stored
    for (index, step) in steps.enumerated().reversed() where mask & (1 << UInt32(index)) == 0 {
      switch step {
      case .checksum: bytes = try checked(bytes)
      case .deflate:
        let checksums = steps[..<index].enumerated().count { $1 == .checksum && mask & (1 << UInt32($0)) == 0 }
        bytes = try inflated(bytes, to: chunkBytes + 4 * checksums)
      case .shuffle: bytes = unshuffled(bytes)
      }
    }
    guard bytes.count == chunkBytes else {
      throw Failure(reason: "a chunk holds \(bytes.count) bytes, expected \(chunkBytes)")
    }
    return bytes
  }

  private func inflated(_ bytes: [UInt8], to count: Int) throws -> [UInt8] {
    guard count / 1032 <= bytes.count else {
      throw Failure(reason: "\(bytes.count) compressed bytes cannot hold a chunk of \(count)")
    }
    var status = Z_OK
    let result = [UInt8](unsafeUninitializedCapacity: max(1, count)) { buffer, initialized in
      var produced = uLongf(count)
      status = uncompress(buffer.baseAddress, &produced, bytes, uLong(bytes.count))
      initialized = status == Z_OK ? Int(produced) : 0
    }
    guard status == Z_OK, result.count == count else {
      throw Failure(reason: "a compressed chunk does not inflate to the \(count) bytes it should")
    }
    return result
  }

  /// Bytes of equal rank in their elements were stored together; what does not fill an element stays at the end.
  private func unshuffled(_ bytes: [UInt8]) -> [UInt8] {
    guard elementBytes > 1 else { return bytes }
    let count = bytes.count / elementBytes
    var result = bytes
    for rank in 0..<elementBytes {
      for index in 0..<count { result[index * elementBytes + rank] = bytes[rank * count + index] }
    }
    return result
  }

  /// Takes off and compares Fletcher's checksum (in either byte order: old libraries differed).
  private func checked(_ bytes: [UInt8]) throws -> [UInt8] {
    guard bytes.count >= 4 else { throw Failure(reason: "a chunk is too short for its checksum") }
    let stored = bytes.suffix(4).reversed().reduce(UInt32(0)) { $0 << 8 | UInt32($1) }
    var (low, high): (UInt32, UInt32) = (0, 0)
    let data = bytes.dropLast(4)
    var index = 0
    while index < data.count {
      let word = UInt32(data[index]) << 8 | (index + 1 < data.count ? UInt32(data[index + 1]) : 0)
      low = (low + word) % 65535
      high = (high + low) % 65535
      index += 2
    }
    let swapped = (high & 0xFF) << 24 | (high >> 8) << 16 | (low & 0xFF) << 8 | low >> 8
    // 0 and 65535 are the same remainder; libhdf5 keeps the latter.
    func same(_ a: UInt32, _ b: UInt32) -> Bool {
      (a & 0xFFFF) % 65535 == (b & 0xFFFF) % 65535 && (a >> 16) % 65535 == (b >> 16) % 65535
    }
    guard same(stored, high << 16 | low) || same(stored, swapped) else {
      throw Failure(reason: "a chunk's checksum is wrong")
    }
    return Array(data)
  }
}
