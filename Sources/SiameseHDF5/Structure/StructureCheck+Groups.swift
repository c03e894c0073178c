extension StructureCheck {
  /// Walks a group of the older make: a tree of nodes of entries, whose names lie in a heap.
  mutating func symbolTable(_ tree: UInt64, heap: UInt64) throws -> [(name: String, address: UInt64)] {
    let names = try localHeap(heap)
    // Each name is read for its entry and perhaps for two keys of the tree; names that overlap would be read for ever.
    var allowance = 8 * names.count + 4096
    func name(_ offset: UInt64) throws -> String {
      guard offset < UInt64(names.count), let end = names[Int(offset)...].firstIndex(of: 0) else {
        throw StructureFailure.damaged("a name outside its heap")
      }
      allowance -= end - Int(offset)
      guard allowance >= 0 else { throw StructureFailure.damaged("names that overlap in their heap") }
      return String(decoding: names[Int(offset)..<end], as: UTF8.self)
    }
    let nodeBytes = 24 + (2 * groupInternalK + 1) * 8 + 2 * groupInternalK * 8
    var entries: [(name: String, address: UInt64)] = []
    var nodes: [(address: UInt64, level: Int?)] = [(tree, nil)]
    while let node = nodes.popLast() {
      var cursor = try ownedBlock(node.address, nodeBytes, "a group's tree")
      let (level, count) = try treeHead(&cursor, kind: 0, level: node.level, limit: 2 * groupInternalK)
      _ = try name(cursor.long())
      for _ in 0..<count {
        let child = try cursor.long()
        _ = try name(cursor.long())
        if level > 0 { nodes.append((child, level - 1)) } else { entries += try symbolNode(child, name) }
      }
    }
    return entries
  }

  private mutating func symbolNode(
    _ address: UInt64, _ name: (UInt64) throws -> String
  ) throws -> [(name: String, address: UInt64)] {
    var cursor = try ownedBlock(address, 8 + 2 * groupLeafK * 40, "a group's node")
    try cursor.expect("SNOD")
    _ = try cursor.expectVersion(1...1)
    try cursor.take(1)
    let count = try cursor.short()
    guard count <= 2 * groupLeafK else { throw StructureFailure.damaged("a group's node of \(count) entries") }
    return try (0..<count).compactMap { _ in
      let text = try name(cursor.long())
      let header = try cursor.long()
      let cacheType = try cursor.word()
      try cursor.take(4)
      var scratch = ByteCursor(try cursor.take(16), "an entry")
      guard !text.isEmpty, !text.contains("/") else { throw StructureFailure.damaged("an entry named '\(text)'") }
      switch cacheType {
      case 0: break
      case 1: cachedTables[header] = (try scratch.long(), try scratch.long())
      case 2:
        _ = try name(scratch.number(4))
        return nil  // a soft link, which is not followed
      default: throw StructureFailure.damaged("an entry of kind \(cacheType)")
      }
      return (text, header)
    }
  }

  /// The bytes of a local heap, whose free list must end.
  private mutating func localHeap(_ address: UInt64) throws -> [UInt8] {
    var cursor = try ownedBlock(address, 32, "a group's heap")
    try cursor.expect("HEAP")
    _ = try cursor.expectVersion(0...0)
    try cursor.take(3)
    let size = try cursor.long()
    var free = try cursor.long()
    let data = try cursor.long()
    guard size <= UInt64(byteCount) else { throw StructureFailure.damaged("a heap of \(size) bytes") }
    // The data may follow the head at once, or lie anywhere.
    let bytes = Array(try block(data, Int(size), "a group's heap").bytes)
    var seen = Set<UInt64>()
    while free != 1 {
      guard free % 8 == 0, free + 16 <= size, seen.insert(free).inserted else {
        throw StructureFailure.damaged("a heap's list of free space goes astray")
      }
      var block = ByteCursor(bytes[Int(free)..<Int(free) + 16], "a heap's free space")
      let next = try block.long()
      let length = try block.long()
      guard length >= 16, length <= size - free else {
        throw StructureFailure.damaged("\(length) bytes of free space in a heap of \(size)")
      }
      free = next
    }
    return bytes
  }
}
