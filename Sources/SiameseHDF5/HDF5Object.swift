import CSiameseHDF5
import Foundation

/// What groups and data sets have in common: a place in a file, and attributes.
package protocol HDF5Object: Sendable {
  /// The file that it is in.
  var file: HDF5File { get }
  /// From the root, beginning with `/`.
  var path: String { get }
}

/// The value of an attribute: a list, of one element where the attribute is a scalar.
package enum HDF5Value: Equatable, Sendable {
  case strings([String])
  case integers([Int])
  case floats([Double])

  /// In words, for messages.
  var kind: String {
    switch self {
    case .strings(let list): "\(list.count) strings"
    case .integers(let list): "\(list.count) integers"
    case .floats(let list): "\(list.count) floating-point numbers"
    }
  }
}

extension HDF5Object {
  /// The attribute of that name, or nil.
  package func attribute(_ name: String) throws -> HDF5Value? {
    try HDF5Library.reading(file.name, "\(path)@\(name)") {
      let object = try Handle(H5Oopen(file.id, path, hid_t(H5P_DEFAULT)))
      guard try LibraryFailure.check(H5Aexists(object.id, name)) > 0 else { return nil }
      let attribute = try Handle(H5Aopen(object.id, name, hid_t(H5P_DEFAULT)))
      let space = try Handle(H5Aget_space(attribute.id))
      let type = try Handle(H5Aget_type(attribute.id))
      let count = try Int(LibraryFailure.check(H5Sget_simple_extent_npoints(space.id)))
      let element = try ElementType(type: type.id)
      if count == 0 { return .strings([]) }
      try refuse(count: count, of: element, at: "\(path)@\(name)")
      return try decode(count: count, element, type.id, at: "\(path)@\(name)") { memoryType, buffer in
        try LibraryFailure.check(H5Aread(attribute.id, memoryType, buffer))
      }
    }
  }

  /// The list of strings in an attribute, or in its numbered parts (`name0`, `name1`, …) where it was too long for one.
  package func strings(_ name: String) throws -> [String] {
    if let value = try attribute(name) { return try strings(in: value, name) }
    var result: [String] = []
    var part = 0
    while let value = try attribute("\(name)\(part)") {
      result += try strings(in: value, "\(name)\(part)")
      part += 1
    }
    guard part > 0 else {
      throw HDF5Error.absent(file: file.name, path: "\(path)@\(name)", kind: "attribute", holds: try attributeNames)
    }
    return result
  }

  /// The one string in an attribute, or nil where there is no such attribute.
  package func string(_ name: String) throws -> String? {
    guard let value = try attribute(name) else { return nil }
    guard case .strings(let list) = value, list.count == 1 else {
      throw HDF5Error.wrongKind(
        file: file.name, path: "\(path)@\(name)", expected: "one string", found: value.kind)
    }
    return list[0]
  }

  /// The one integer in an attribute, or nil where there is no such attribute.
  package func integer(_ name: String) throws -> Int? {
    guard let value = try attribute(name) else { return nil }
    guard case .integers(let list) = value, list.count == 1 else {
      throw HDF5Error.wrongKind(
        file: file.name, path: "\(path)@\(name)", expected: "one integer", found: value.kind)
    }
    return list[0]
  }

  /// The numbers in an attribute, or nil where there is no such attribute.
  package func numbers(_ name: String) throws -> [Double]? {
    switch try attribute(name) {
    case nil: return nil
    case .floats(let list): return list
    case .integers(let list): return list.map(Double.init)
    case .strings([]): return []
    case let value?:
      throw HDF5Error.wrongKind(file: file.name, path: "\(path)@\(name)", expected: "numbers", found: value.kind)
    }
  }

  /// Whether there is a string attribute of that name or a first numbered part of one.
  package func hasStrings(_ name: String) throws -> Bool {
    try HDF5Library.reading(file.name, path) {
      let object = try Handle(H5Oopen(file.id, path, hid_t(H5P_DEFAULT)))
      return H5Aexists(object.id, name) > 0 || H5Aexists(object.id, "\(name)0") > 0
    }
  }

  /// The names of all attributes, sorted.
  package var attributeNames: [String] {
    get throws {
      try HDF5Library.reading(file.name, path) {
        let object = try Handle(H5Oopen(file.id, path, hid_t(H5P_DEFAULT)))
        var names: [String] = []
        try withUnsafeMutablePointer(to: &names) { pointer in
          _ = try LibraryFailure.check(
            H5Aiterate2(
              object.id, H5_INDEX_NAME, H5_ITER_INC, nil,
              { _, name, _, context in
                if let name, let list = context?.assumingMemoryBound(to: [String].self) {
                  list.pointee.append(String(cString: name))
                }
                return 0
              }, pointer))
        }
        return names.sorted()
      }
    }
  }

  private func strings(in value: HDF5Value, _ name: String) throws -> [String] {
    guard case .strings(let list) = value else {
      throw HDF5Error.wrongKind(file: file.name, path: "\(path)@\(name)", expected: "strings", found: value.kind)
    }
    return list
  }
}

extension HDF5Object {
  /// Reads `count` elements through `read(memory type, buffer)` and understands them.
  func decode(
    count: Int, _ element: ElementType, _ type: hid_t, at place: String,
    _ read: (hid_t, UnsafeMutableRawPointer) throws -> Void
  ) throws -> HDF5Value {
    switch element {
    case .number(let format), .enumeration(let format):
      return try withRaw(count: count, size: format.size, type, read) { raw in
        format.isInteger
          ? .integers(format.decodeIntegers(raw, count: count)) : .floats(format.decode(raw, count: count))
      }
    case .fixedString(let size, _):
      let isPadded = H5Tget_strpad(type) == H5T_STR_SPACEPAD
      return try withRaw(count: count, size: size, type, read) { raw in
        .strings(
          (0..<count).map { index in
            var bytes = UnsafeRawBufferPointer(start: raw + index * size, count: size)[...]
            if let end = bytes.firstIndex(of: 0) { bytes = bytes[..<end] }
            if isPadded { while bytes.last == UInt8(ascii: " ") { bytes.removeLast() } }
            return String(decoding: bytes, as: UTF8.self)
          })
      }
    case .variableString(let isUTF8):
      let memoryType = try Handle(H5Tcopy(siamese_h5_string()))
      H5Tset_size(memoryType.id, siamese_h5_variable())
      H5Tset_cset(memoryType.id, isUTF8 ? H5T_CSET_UTF8 : H5T_CSET_ASCII)
      var pointers = [UnsafeMutablePointer<CChar>?](repeating: nil, count: count)
      defer { for pointer in pointers { H5free_memory(pointer) } }
      try pointers.withUnsafeMutableBytes { try read(memoryType.id, $0.baseAddress!) }
      return .strings(pointers.map { $0.map { String(cString: $0) } ?? "" })
    case .opaque, .other:
      throw HDF5Error.wrongKind(file: file.name, path: place, expected: "numbers or strings", found: element.name)
    }
  }

  private func withRaw(
    count: Int, size: Int, _ type: hid_t, _ read: (hid_t, UnsafeMutableRawPointer) throws -> Void,
    _ decode: (UnsafeRawPointer) -> HDF5Value
  ) throws -> HDF5Value {
    let raw = UnsafeMutableRawPointer.allocate(byteCount: max(1, count * size), alignment: 8)
    defer { raw.deallocate() }
    try read(type, raw)
    return decode(raw)
  }

  /// Refuses what could not possibly lie in the file, before anything is allocated for it.
  func refuse(count: Int, of element: ElementType, at place: String) throws {
    let (bytes, overflow) = count.multipliedReportingOverflow(by: max(1, element.byteCount))
    guard !overflow, bytes <= file.byteCount else {
      throw HDF5Error.damaged(
        file: file.name, path: place, reason: "it declares \(count) elements, more than the file's length can hold")
    }
  }
}
