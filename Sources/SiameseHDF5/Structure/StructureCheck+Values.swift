/// The extents of a data set or attribute.
struct Dataspace {
  /// Nil for the space that holds nothing.
  let extents: [Int]?
  let count: Int

  init(_ message: inout ByteCursor) throws {
    let version = try message.expectVersion(1...2)
    let rank = try message.byte()
    let flags = try message.byte()
    var isNull = false
    if version == 1 {
      try message.take(5)
    } else {
      let kind = try message.byte()
      guard kind <= 2, (kind == 1) == (rank > 0) else {
        throw StructureFailure.damaged("a space of kind \(kind), rank \(rank)")
      }
      isNull = kind == 2
    }
    guard rank <= 32, flags & ~1 == 0 else { throw StructureFailure.damaged("a space of rank \(rank), flags \(flags)") }
    let extents = try (0..<rank).map { _ in try message.long() }
    if flags & 1 != 0 {
      for extent in extents {
        guard try message.long() >= extent else { throw StructureFailure.damaged("an extent beyond its own limit") }
      }
    }
    var count = 1
    for extent in extents {
      guard let extent = Int(exactly: extent) else { throw StructureFailure.damaged("an extent of \(extent)") }
      let (product, overflow) = count.multipliedReportingOverflow(by: extent)
      guard !overflow else { throw StructureFailure.damaged("its shape \(extents) is beyond any file") }
      count = product
    }
    self.extents = isNull ? nil : extents.map { Int($0) }
    self.count = isNull ? 0 : count
  }
}

/// The type of an element: only what Keras, h5py and this package write.
struct Datatype {
  let byteCount: Int
  let isVariableString: Bool

  init(_ message: inout ByteCursor, depth: Int = 0) throws {
    let head = try message.byte()
    let (kind, version) = (head & 15, head >> 4)
    guard (1...3).contains(version) else { throw StructureFailure.damaged("a type of version \(version)") }
    let bits = Int(try message.number(3))
    byteCount = try message.word()
    guard byteCount > 0, byteCount <= 1 << 30 else { throw StructureFailure.damaged("elements of \(byteCount) bytes") }
    var isVariableString = false
    switch kind {
    case 0:
      let (offset, precision) = (try message.short(), try message.short())
      guard precision > 0, offset + precision <= 8 * byteCount, byteCount <= 32 else {
        throw StructureFailure.damaged("integers of \(precision) bits at \(offset) in \(byteCount) bytes")
      }
    case 1:
      let (offset, precision) = (try message.short(), try message.short())
      let fields = try (0..<4).map { _ in try message.byte() }
      let sign = bits >> 8 & 255
      try message.take(4)
      guard precision > 0, offset + precision <= 8 * byteCount, byteCount <= 32, sign < offset + precision,
        fields[1] > 0, fields[3] > 0, fields[0] + fields[1] <= offset + precision,
        fields[2] + fields[3] <= offset + precision
      else { throw StructureFailure.damaged("floating-point numbers whose bits do not fit \(byteCount) bytes") }
    case 3:
      guard bits & 15 <= 2, bits >> 4 & 15 <= 1 else { throw StructureFailure.damaged("strings of an unknown make") }
    case 5: try message.take(bits & 255)
    case 8:
      guard depth == 0 else { throw StructureFailure.unsupported("enumerations inside other types") }
      guard message.bytes[message.position...].first.map({ $0 & 15 == 0 }) ?? false else {
        throw StructureFailure.unsupported("enumerations of other things than integers")
      }
      let base = try Datatype(&message, depth: depth + 1)
      guard base.byteCount == byteCount else {
        throw StructureFailure.damaged("an enumeration wider than its integers")
      }
      let count = bits & 0xFFFF
      for _ in 0..<count {
        guard let end = message.bytes[message.position...].firstIndex(of: 0) else {
          throw StructureFailure.damaged("a name of an enumeration does not end")
        }
        let length = end + 1 - message.position
        try message.take(version < 3 ? (length + 7) / 8 * 8 : length)
      }
      try message.take(count * byteCount)
    case 9:
      guard depth == 0, bits & 15 == 1 else { throw StructureFailure.unsupported("lists of varying length") }
      guard bits >> 4 & 15 <= 2, bits >> 8 & 15 <= 1, byteCount == 16 else {
        throw StructureFailure.damaged("variable strings of an unknown make")
      }
      let base = try Datatype(&message, depth: depth + 1)
      guard base.byteCount == 1, !base.isVariableString else {
        throw StructureFailure.damaged("variable strings of \(base.byteCount)-byte letters")
      }
      isVariableString = true
    default:
      let names = [2: "times", 4: "bit fields", 6: "compound elements", 7: "references", 10: "array elements"]
      guard let name = names[kind] else { throw StructureFailure.damaged("elements of kind \(kind)") }
      throw StructureFailure.unsupported(name)
    }
    self.isVariableString = isVariableString
  }
}

extension StructureCheck {
  /// Checks an attribute: name, type, space, and that its value is as long as they say.
  mutating func attributeMessage(_ message: ByteCursor) throws {
    var message = message
    let version = try message.expectVersion(1...3)
    let flags = try message.byte()
    guard version == 1 || flags & 3 == 0 else { throw StructureFailure.unsupported("types shared between attributes") }
    let (nameLength, typeLength, spaceLength) = (try message.short(), try message.short(), try message.short())
    if version == 3 { try message.take(1) }
    func padded(_ count: Int) -> Int { version == 1 ? (count + 7) / 8 * 8 : count }
    guard nameLength > 1 else { throw StructureFailure.damaged("an attribute without a name") }
    let nameBytes = try message.take(padded(nameLength)).prefix(nameLength)
    // libhdf5 refuses a name that ends early too, but frees it twice.
    guard let nameEnd = nameBytes.firstIndex(of: 0), nameEnd == nameBytes.endIndex - 1 else {
      throw StructureFailure.damaged("an attribute's name does not end where it should")
    }
    let name = String(decoding: nameBytes[..<nameEnd], as: UTF8.self)
    func named(_ body: () throws -> Void) throws {
      do { try body() } catch StructureFailure.damaged(let reason) {
        throw StructureFailure.damaged("attribute '\(name)': \(reason)")
      } catch StructureFailure.unsupported(let feature) {
        throw StructureFailure.unsupported("\(feature) in its attribute '\(name)'")
      }
    }
    try named {
      var typeBytes = ByteCursor(try message.take(padded(typeLength)).prefix(typeLength), "its type")
      let type = try Datatype(&typeBytes)
      var spaceBytes = ByteCursor(try message.take(padded(spaceLength)).prefix(spaceLength), "its space")
      let space = try Dataspace(&spaceBytes)
      let (bytes, overflow) = space.count.multipliedReportingOverflow(by: type.byteCount)
      guard !overflow, bytes <= message.remaining else {
        throw StructureFailure.damaged("it declares \(space.count) elements, more than it holds")
      }
      if type.isVariableString {
        var values = ByteCursor(try message.take(bytes), "its value")
        for _ in 0..<space.count { try variableString(&values) }
      }
    }
  }

  /// Checks that a variable string's heap entry is there and as long as the reference says.
  mutating func variableString(_ reference: inout ByteCursor) throws {
    let length = try reference.word()
    let collection = try reference.long()
    let index = try reference.word()
    // Address 0 stands for no string at all; an empty one has an entry like any other.
    guard collection != 0 else { return }
    guard let found = try globalHeap(collection)[index] else {
      throw StructureFailure.damaged("a string's heap entry is missing")
    }
    guard found == length else {
      throw StructureFailure.damaged("a string of \(length) bytes has a heap entry of \(found)")
    }
    try claimString(length)
  }

  /// The lengths of a global heap collection's objects, by index.
  private mutating func globalHeap(_ address: UInt64) throws -> [Int: Int] {
    if let known = globalHeaps[address] { return known }
    var head = try block(address, 16, "a global heap")
    try head.expect("GCOL")
    _ = try head.expectVersion(1...1)
    try head.take(3)
    let size = try head.long()
    guard size >= 4096, size <= UInt64(byteCount) else {
      throw StructureFailure.damaged("a global heap of \(size) bytes")
    }
    var cursor = try ownedBlock(address, Int(size), "a global heap")
    try cursor.take(16)
    var objects: [Int: Int] = [:]
    // What is too short for another object's head is padding.
    while cursor.remaining >= 16 {
      let index = try cursor.short()
      try cursor.take(6)
      let length = try cursor.long()
      guard length <= UInt64(byteCount) else {
        throw StructureFailure.damaged("a global heap object of \(length) bytes")
      }
      if index == 0 {
        // Free space, whose length counts its own head.
        guard length >= 16, length - 16 <= UInt64(cursor.remaining) else {
          throw StructureFailure.damaged("free space of \(length) bytes in a global heap")
        }
        try cursor.take(Int(length) - 16)
        continue
      }
      guard objects.updateValue(Int(length), forKey: index) == nil else {
        throw StructureFailure.damaged("a global heap has two objects \(index)")
      }
      try cursor.take((Int(length) + 7) / 8 * 8)
    }
    globalHeaps[address] = objects
    return objects
  }
}
