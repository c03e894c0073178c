/// An object's notes, as its header lists them.
struct ObjectNotes {
  var space: Dataspace?
  var type: Datatype?
  var fillBytes: Int?
  var layout: ByteCursor?
  var filters: [Int]?
  var table: (tree: UInt64, heap: UInt64)?
  var links: (heap: UInt64, names: UInt64, order: UInt64?)?
  var attributes: (heap: UInt64, names: UInt64, order: UInt64?)?
}

extension StructureCheck {
  /// Walks one object: its header, and what that leads to.
  mutating func object(at address: UInt64, path: String, depth: Int) throws {
    var notes = ObjectNotes()
    func child(_ name: String) -> String { path == "/" ? "/\(name)" : "\(path)/\(name)" }
    var children: [(name: String, address: UInt64)] = []
    try forEachMessage(at: address) { check, kind, flags, message in
      if let link = try check.note(kind, flags, message, in: &notes) { children.append(link) }
    }
    // The note stays behind when a group's table gives way to links of the newer make.
    if let cached = cachedTables[address], let table = notes.table, table != cached {
      throw StructureFailure.damaged("its name's note of its table differs from its own")
    }
    if let table = notes.table { children += try symbolTable(table.tree, heap: table.heap) }
    if let links = notes.links, links.heap != Self.undefined {
      for message in try denseObjects(links.heap, links.names, links.order, kind: .links) {
        if let link = try linkMessage(message) { children.append(link) }
      }
    }
    if let attributes = notes.attributes, attributes.heap != Self.undefined {
      for message in try denseObjects(attributes.heap, attributes.names, attributes.order, kind: .attributes) {
        try attributeMessage(message)
      }
    }
    if notes.layout != nil { try dataSet(notes) }
    for (name, address) in children { pending.append((child(name), address, depth + 1)) }
  }

  /// Calls `body` with every message of a header and of its continuations.
  private mutating func forEachMessage(
    at address: UInt64, _ body: (inout StructureCheck, Int, Int, ByteCursor) throws -> Void
  ) throws {
    let what = "an object header"
    var start = try block(address, min(28, max(0, end - base - Int(clamping: min(address, 1 << 62)))), what)
    let isNew = start.remaining >= 4 && start.bytes.prefix(4).elementsEqual("OHDR".utf8)
    var pieces: [(address: UInt64, count: Int)] = []
    var tracksOrder = false
    if isNew {
      try start.take(4)
      _ = try start.expectVersion(2...2)
      let flags = try start.byte()
      tracksOrder = flags & 4 != 0
      if flags & 0x20 != 0 { try start.take(16) }
      if flags & 0x10 != 0 { try start.take(4) }
      // The length of the first piece may lie beyond the bytes read so far.
      var rest = try block(address, start.consumed + (1 << (flags & 3)), what)
      try rest.take(start.consumed)
      let count = try rest.number(1 << (flags & 3))
      guard count <= byteCount else { throw StructureFailure.damaged("\(what) of \(count) bytes") }
      // A checksum follows the messages.
      var whole = try ownedBlock(address, rest.consumed + Int(count) + 4, what)
      try whole.take(rest.consumed + Int(count))
      try whole.expectChecksum()
      pieces = [(address + UInt64(rest.consumed), Int(count))]
    } else {
      _ = try start.expectVersion(1...1)
      try start.take(7)
      let count = try start.word()
      _ = try ownedBlock(address, 16, what)
      pieces = [(address + 16, count)]
    }
    var messageCount = 0
    while let piece = pieces.popLast() {
      var cursor = try block(piece.address, piece.count, what)
      let headerBytes = isNew ? (tracksOrder ? 6 : 4) : 8
      while cursor.remaining >= headerBytes {
        let kind = try isNew ? cursor.byte() : cursor.short()
        let count = try cursor.short()
        let flags = try cursor.byte()
        try cursor.take(isNew ? (tracksOrder ? 2 : 0) : 3)
        guard isNew || count % 8 == 0 else { throw StructureFailure.damaged("a message of \(count) bytes") }
        let message = ByteCursor(try cursor.take(count), "a message of kind \(kind)")
        messageCount += 1
        guard messageCount <= 65_536 else { throw StructureFailure.damaged("it has more than 65536 messages") }
        if kind == 0x10 {
          var message = message
          let next = try message.long()
          let length = try message.long()
          guard length >= 16, length <= byteCount else {
            throw StructureFailure.damaged("a continuation of \(length) bytes")
          }
          var block = try ownedBlock(next, Int(length), "a continuation")
          if isNew {
            try block.expect("OCHK")
            try block.take(Int(length) - 8)
            try block.expectChecksum()
            pieces.append((next + 4, Int(length) - 8))
          } else {
            pieces.append((next, Int(length)))
          }
        } else {
          try body(&self, kind, flags, message)
        }
      }
    }
  }

  /// Checks one message and keeps what later checks need; gives the link where it is one.
  private mutating func note(
    _ kind: Int, _ flags: Int, _ message: ByteCursor, in notes: inout ObjectNotes
  ) throws -> (name: String, address: UInt64)? {
    var message = message
    guard flags & 2 == 0 || kind == 0 else { throw StructureFailure.unsupported("parts shared between objects") }
    func once(_ isFirst: Bool) throws {
      guard isFirst else { throw StructureFailure.damaged("its header notes kind \(kind) twice") }
    }
    switch kind {
    case 0x00, 0x0D: break
    case 0x01:
      try once(notes.space == nil)
      notes.space = try Dataspace(&message)
    case 0x02:
      try once(notes.links == nil)
      _ = try message.expectVersion(0...0)
      notes.links = try dense(&message, orderBytes: 8)
    case 0x03:
      try once(notes.type == nil)
      notes.type = try Datatype(&message)
    case 0x04:
      let count = try message.word()
      try message.take(count)
      if notes.fillBytes == nil { notes.fillBytes = count }
    case 0x05: notes.fillBytes = try fillValue(&message)
    case 0x06: return try linkMessage(message)
    case 0x08:
      try once(notes.layout == nil)
      notes.layout = message
    case 0x0A:
      _ = try message.expectVersion(0...0)
      let flags = try message.byte()
      try message.take((flags & 1 != 0 ? 4 : 0) + (flags & 2 != 0 ? 4 : 0))
    case 0x0B:
      try once(notes.filters == nil)
      notes.filters = try filterPipeline(&message)
    case 0x0C: try attributeMessage(message)
    case 0x0E: try message.take(16)
    case 0x11:
      try once(notes.table == nil)
      notes.table = (try message.long(), try message.long())
    case 0x12: try message.take(8)
    case 0x15:
      try once(notes.attributes == nil)
      _ = try message.expectVersion(0...0)
      notes.attributes = try dense(&message, orderBytes: 2)
    case 0x16:
      _ = try message.expectVersion(0...0)
      try message.take(4)
    case 0x07: throw StructureFailure.unsupported("numbers kept in other files")
    default: throw StructureFailure.unsupported("header messages of kind \(kind)")
    }
    return nil
  }

  private func dense(
    _ message: inout ByteCursor, orderBytes: Int
  ) throws -> (heap: UInt64, names: UInt64, order: UInt64?) {
    let flags = try message.byte()
    if flags & 1 != 0 { try message.take(orderBytes) }
    let (heap, names) = (try message.long(), try message.long())
    return (heap, names, flags & 2 != 0 ? try message.long() : nil)
  }

  /// A hard link's name and target; nil for links to elsewhere, which are not followed.
  func linkMessage(_ message: ByteCursor) throws -> (name: String, address: UInt64)? {
    var message = message
    _ = try message.expectVersion(1...1)
    let flags = try message.byte()
    let kind = flags & 8 != 0 ? try message.byte() : 0
    if flags & 4 != 0 { try message.take(8) }
    if flags & 0x10 != 0 { try message.take(1) }
    let length = try message.number(1 << (flags & 3))
    guard length > 0, length <= UInt64(message.remaining) else {
      throw StructureFailure.damaged("a name of \(length) bytes")
    }
    let name = try message.take(Int(length))
    guard !name.contains(0), !name.contains(UInt8(ascii: "/")) else {
      throw StructureFailure.damaged("a name with a zero or a slash in it")
    }
    switch kind {
    case 0: return (String(decoding: name, as: UTF8.self), try message.long())
    case 1, 64...255:
      try message.take(try message.short())
      return nil
    default: throw StructureFailure.damaged("a link of kind \(kind)")
    }
  }

  /// The bytes of a fill value; nil where there is none.
  private func fillValue(_ message: inout ByteCursor) throws -> Int? {
    let version = try message.expectVersion(1...3)
    if version == 3 {
      let flags = try message.byte()
      guard flags & 0x20 != 0 else { return nil }
    } else {
      try message.take(2)
      guard try message.byte() != 0 || version == 1 else { return nil }
    }
    let count = Int(Int32(truncatingIfNeeded: try message.number(4)))
    guard count >= -1 else { throw StructureFailure.damaged("a fill value of \(count) bytes") }
    guard count > 0 else { return nil }
    try message.take(count)
    return count
  }

  private func filterPipeline(_ message: inout ByteCursor) throws -> [Int] {
    let version = try message.expectVersion(1...2)
    let count = try message.byte()
    guard (1...32).contains(count) else { throw StructureFailure.damaged("\(count) filters") }
    if version == 1 { try message.take(6) }
    return try (0..<count).map { _ in
      let filter = try message.short()
      let nameLength = version == 1 || filter >= 256 ? try message.short() : 0
      try message.take(2)
      let valueCount = try message.short()
      guard version == 2 || nameLength % 8 == 0 else { throw StructureFailure.damaged("a filter's name is uneven") }
      if nameLength > 0 { _ = try message.terminatedText(within: nameLength) }
      try message.take(4 * valueCount + (version == 1 && valueCount % 2 == 1 ? 4 : 0))
      return filter
    }
  }
}
