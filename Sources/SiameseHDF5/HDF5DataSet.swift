import CSiameseHDF5
import Foundation

/// A data set: shape and element type are known, the elements are read when asked for.
package struct HDF5DataSet: HDF5Object {
  /// The file it lies in.
  package let file: HDF5File
  /// Its path inside the file, from the root.
  package let path: String
  /// The extent of each axis; empty for a scalar.
  package let shape: [Int]
  /// What its elements are.
  package let element: ElementType
  let storage: Storage

  /// Where the elements lie.
  enum Storage: Equatable, Sendable {
    /// In one piece, at this offset of the file.
    case contiguous(offset: Int)
    /// In blocks of this shape, each perhaps compressed.
    case chunked([Int], ChunkFilters)
    /// Inside the object's own header, or nowhere yet.
    case other
  }

  /// The number of elements.
  package var count: Int { shape.reduce(1, *) }

  /// The elements as `Float`s, row-major.
  ///
  /// Contiguous single-precision data goes straight from the file into the result.
  /// - Throws: `HDF5Error.wrongKind` for strings and the like, `.damaged` where the bytes are not there.
  package func read() throws -> [Float] {
    try [Float](unsafeUninitializedCapacity: count) { buffer, initialized in
      try read(into: UnsafeMutableBufferPointer(rebasing: buffer[..<count]))
      initialized = count
    }
  }

  /// The same into memory of the caller's, which need not be initialised and must hold exactly `count` elements.
  package func read(into buffer: UnsafeMutableBufferPointer<Float>) throws {
    precondition(buffer.count == count, "a data set of shape \(shape) needs room for \(count) elements")
    guard let target = buffer.baseAddress, count > 0 else { return }
    let format = try floatFormat
    if case .contiguous(let offset) = storage, format.isNativeFloat {
      return try readBytes(at: offset, count: count * 4, into: UnsafeMutableRawPointer(target))
    }
    if format.size <= 4 {
      // Narrow numbers are read into the end of the room and widened from its start: each is read before its place is
      // written.
      let raw = UnsafeMutableRawPointer(target) + count * (4 - format.size)
      try readRaw(into: raw)
      format.decode(raw, count: count, into: target)
    } else {
      let raw = UnsafeMutableRawPointer.allocate(byteCount: count * format.size, alignment: 8)
      defer { raw.deallocate() }
      try readRaw(into: raw)
      format.decode(raw, count: count, into: target)
    }
  }

  /// The elements as integers.
  package func readIntegers() throws -> [Int] {
    guard case .integers(let list) = try readValue() else { throw wrongKind("integers") }
    return list
  }

  /// The elements as numbers of double precision.
  package func readDoubles() throws -> [Double] {
    switch try readValue() {
    case .floats(let list): return list
    case .integers(let list): return list.map(Double.init)
    case .strings: throw wrongKind("numbers")
    }
  }

  /// The elements as strings.
  package func readStrings() throws -> [String] {
    guard case .strings(let list) = try readValue() else { throw wrongKind("strings") }
    return list
  }

  /// Checks the shape.
  @discardableResult
  package func requireShape(_ expected: [Int]) throws -> HDF5DataSet {
    guard shape == expected else {
      throw HDF5Error.wrongShape(file: file.name, path: path, expected: expected, found: shape)
    }
    return self
  }
}

extension HDF5DataSet {
  /// Describes the open data set `id`, and refuses sizes that the file cannot hold.
  init(file: HDF5File, path: String, open id: hid_t) throws {
    self.file = file
    self.path = path
    func damaged(_ reason: String) -> HDF5Error { .damaged(file: file.name, path: path, reason: reason) }
    let space = try Handle(H5Dget_space(id))
    let type = try Handle(H5Dget_type(id))
    let creation = try Handle(H5Dget_create_plist(id))
    element = try ElementType(type: type.id)
    switch H5Sget_simple_extent_type(space.id) {
    case H5S_SCALAR: shape = []
    case H5S_NULL: shape = [0]
    default:
      let rank = try LibraryFailure.check(H5Sget_simple_extent_ndims(space.id))
      var extents = [hsize_t](repeating: 0, count: Int(max(1, rank)))
      try LibraryFailure.check(H5Sget_simple_extent_dims(space.id, &extents, nil))
      shape = extents.prefix(Int(rank)).map { Int(clamping: $0) }
    }
    let elementBytes = Int(H5Tget_size(type.id))
    var bytes = elementBytes
    for extent in shape {
      let (product, overflow) = bytes.multipliedReportingOverflow(by: extent)
      guard !overflow else { throw damaged("its shape \(shape) is beyond any file") }
      bytes = product
    }
    let layout = H5Pget_layout(creation.id)
    let offset = H5Dget_offset(id)
    let filterCount = Int(max(0, H5Pget_nfilters(creation.id)))
    let stored = Int(clamping: H5Dget_storage_size(id))
    let limit = stored.multipliedReportingOverflow(by: filterCount > 0 ? 1032 : 1)
    guard limit.overflow || bytes <= limit.partialValue, stored <= file.byteCount else {
      throw damaged("its shape \(shape) needs \(bytes) bytes, the file stores \(stored) for it")
    }
    if layout == H5D_CONTIGUOUS, offset != siamese_h5_no_address(), bytes > 0 {
      guard let start = Int(exactly: offset), start <= file.byteCount - bytes else {
        throw damaged("its \(bytes) bytes should begin at \(offset), the file has \(file.byteCount)")
      }
      storage = .contiguous(offset: start)
    } else if layout == H5D_CHUNKED {
      var extents = [hsize_t](repeating: 0, count: shape.count)
      try LibraryFailure.check(H5Pget_chunk(creation.id, Int32(shape.count), &extents))
      let chunk = extents.map { Int(clamping: $0) }
      let chunkBytes = try chunk.reduce(elementBytes) { total, extent in
        let (product, overflow) = total.multipliedReportingOverflow(by: extent)
        guard !overflow, product > 0 else { throw damaged("its chunks \(chunk) are beyond any file") }
        return product
      }
      // A stored chunk has at least 40 bytes of index; far more chunks than that would take for ever to look up.
      let chunkCount = zip(shape, chunk).reduce(1.0) { $0 * (Double($1.0) / Double($1.1)).rounded(.up) }
      guard chunkCount <= Double(file.byteCount) / 16 else { throw damaged("more chunks than the file can hold") }
      do {
        storage = .chunked(chunk, try ChunkFilters(creation.id, chunkBytes: chunkBytes, elementBytes: elementBytes))
      } catch let failure as ChunkFilters.Failure {
        throw HDF5Error.unsupported(file: file.name, path: path, feature: failure.reason)
      }
    } else {
      storage = .other
    }
  }

  /// How the elements become `Float`s.
  private var floatFormat: NumberFormat {
    get throws {
      switch element {
      case .number(let format), .enumeration(let format): return format
      case .opaque(byteCount: 2) where try string("dtype") == "bfloat16":
        return NumberFormat(kind: .bfloat16, size: 2, isBigEndian: false)
      default: throw wrongKind("numbers")
      }
    }
  }

  private func wrongKind(_ expected: String) -> HDF5Error {
    .wrongKind(file: file.name, path: path, expected: expected, found: element.name)
  }

  /// Every element, unconverted.
  private func readRaw(into raw: UnsafeMutableRawPointer) throws {
    switch storage {
    case .contiguous(let offset): try readBytes(at: offset, count: count * element.byteCount, into: raw)
    case .chunked(let chunk, let filters): try readChunks(of: chunk, filters, into: raw)
    case .other:
      let whole = siamese_h5_whole_space()
      try opened { id, type in _ = try LibraryFailure.check(H5Dread(id, type, whole, whole, hid_t(H5P_DEFAULT), raw)) }
    }
  }

  private func readValue() throws -> HDF5Value {
    if count == 0 {
      if case .number(let format) = element { return format.isInteger ? .integers([]) : .floats([]) }
      return .strings([])
    }
    return try opened { id, type in
      try decode(count: count, element, type, at: path) { memoryType, buffer in
        if case .variableString = element {
          let whole = siamese_h5_whole_space()
          try LibraryFailure.check(H5Dread(id, memoryType, whole, whole, hid_t(H5P_DEFAULT), buffer))
        } else {
          try readRaw(into: buffer)
        }
      }
    }
  }

  /// Calls `body` with the data set and its type open.
  func opened<Result>(_ body: (hid_t, hid_t) throws -> Result) throws -> Result {
    try HDF5Library.reading(file.name, path) {
      let id = try Handle(H5Dopen2(file.id, path, hid_t(H5P_DEFAULT)))
      let type = try Handle(H5Dget_type(id.id))
      return try body(id.id, type.id)
    }
  }

  /// Fills `target` from the file itself, without libhdf5 and its lock.
  private func readBytes(at offset: Int, count: Int, into target: UnsafeMutableRawPointer) throws {
    var done = 0
    while done < count {
      let got = pread(file.descriptor, target + done, min(count - done, 1 << 30), off_t(offset + done))
      if got < 0 && errno == EINTR { continue }
      guard got > 0 else {
        throw got == 0
          ? HDF5Error.truncated(file: file.name, expectedBytes: offset + count, foundBytes: offset + done)
          : HDF5Error.unreadable(file: file.name, reason: String(cString: strerror(errno)))
      }
      done += got
    }
  }
}
