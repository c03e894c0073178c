/// Where a fractal heap keeps its objects.
private struct FractalHeap {
  let address: UInt64
  let offsetBytes: Int
  let lengthBytes: Int
  /// Of the direct blocks: where each begins in the heap's own space, its length, and its address in the file.
  var blocks: [(start: UInt64, count: Int, address: UInt64)] = []
  /// The bytes of a direct block's own head, in which no object lies.
  let headBytes: Int
  let hasChecksums: Bool

  /// The last block that begins at or before `offset`.
  func block(holding offset: UInt64) -> (start: UInt64, count: Int, address: UInt64)? {
    var (low, high) = (0, blocks.count)
    while low < high {
      let middle = (low + high) / 2
      if blocks[middle].start <= offset { low = middle + 1 } else { high = middle }
    }
    return low == 0 ? nil : blocks[low - 1]
  }
}

extension StructureCheck {
  enum DenseKind { case links, attributes }

  /// The messages of the newer make of groups with many links, and of objects with many attributes: a fractal heap holds
  /// them, one tree lists them by name and another, where there is one, by order of creation.
  mutating func denseObjects(
    _ heap: UInt64, _ names: UInt64, _ order: UInt64?, kind: DenseKind
  ) throws -> [ByteCursor] {
    let heap = try fractalHeap(heap)
    func message(_ id: ByteCursor) throws -> ByteCursor {
      var id = id
      guard try id.byte() == 0 else { throw StructureFailure.unsupported("huge or tiny objects in a heap") }
      let offset = try id.number(heap.offsetBytes)
      let length = Int(clamping: try id.number(heap.lengthBytes))
      guard let holder = heap.block(holding: offset), case let inside = Int(clamping: offset - holder.start),
        inside >= heap.headBytes, length <= holder.count - inside
      else { throw StructureFailure.damaged("an object outside its heap") }
      return ByteCursor(
        try block(holder.address + UInt64(inside), length, "an object in a heap").bytes, "an object in a heap")
    }
    let (nameKind, nameIDAt, orderKind, orderIDAt, idBytes) =
      kind == .links ? (5, 4, 6, 8, 7) : (8, 0, 9, 0, 8)
    let listed = try denseTree(names, kind: nameKind).map { record in
      var record = record
      try record.take(nameIDAt)
      return ByteCursor(try record.take(idBytes), "a heap's key")
    }
    if let order, order != Self.undefined {
      let ordered = try denseTree(order, kind: orderKind)
      guard ordered.count == listed.count else {
        throw StructureFailure.damaged("its lists by name and by order differ")
      }
      for record in ordered {
        var record = record
        try record.take(orderIDAt)
        _ = try message(ByteCursor(try record.take(idBytes), "a heap's key"))
      }
    }
    return try listed.map(message)
  }

  private mutating func fractalHeap(_ address: UInt64) throws -> FractalHeap {
    var head = try ownedBlock(address, 146, "a fractal heap")
    try head.expect("FRHP")
    _ = try head.expectVersion(0...0)
    let idBytes = try head.short()
    guard try head.short() == 0 else { throw StructureFailure.unsupported("a compressed heap") }
    let flags = try head.byte()
    let objectLimit = try head.word()
    try head.take(8)
    let hugeTree = try head.long()
    try head.take(8)
    let spaces = try head.long()
    try head.take(64)
    let width = try head.short()
    let startBytes = try head.long()
    let directLimit = try head.long()
    let bits = try head.short()
    try head.take(2)
    let root = try head.long()
    let rows = try head.short()
    try head.expectChecksum()
    func isPower(_ value: UInt64) -> Bool { value > 0 && value & (value - 1) == 0 }
    guard isPower(UInt64(width)), width <= 64, isPower(startBytes), isPower(directLimit), startBytes >= 64,
      startBytes <= directLimit, directLimit <= 1 << 31, (8...64).contains(bits), idBytes >= 4, idBytes <= 64,
      UInt64(objectLimit) <= directLimit, rows <= 64
    else { throw StructureFailure.damaged("a fractal heap of impossible measures") }
    guard hugeTree == Self.undefined else { throw StructureFailure.unsupported("huge objects in a heap") }
    if spaces != Self.undefined, !contains(spaces, 32) {
      throw StructureFailure.damaged("a heap's free space lies outside")
    }
    let offsetBytes = (bits + 7) / 8
    func bytesFor(_ limit: UInt64) -> Int { (64 - limit.leadingZeroBitCount + 7) / 8 }
    let lengthBytes = min(bytesFor(directLimit), bytesFor(UInt64(objectLimit)))
    guard 1 + offsetBytes + lengthBytes <= idBytes else {
      throw StructureFailure.damaged("a heap's keys are too short")
    }
    var heap = FractalHeap(
      address: address, offsetBytes: offsetBytes, lengthBytes: lengthBytes,
      headBytes: 13 + offsetBytes + (flags & 2 != 0 ? 4 : 0),
      hasChecksums: flags & 2 != 0)
    guard root != Self.undefined else { return heap }
    if rows == 0 {
      try directBlock(root, startBytes, at: 0, of: &heap)
    } else {
      try indirectBlock(root, rows: rows, width: width, startBytes, directLimit, at: 0, of: &heap, depth: 0)
    }
    heap.blocks.sort { $0.start < $1.start }
    return heap
  }

  private mutating func directBlock(_ address: UInt64, _ count: UInt64, at start: UInt64, of heap: inout FractalHeap)
    throws
  {
    var cursor = try ownedBlock(address, Int(count), "a heap's block")
    try cursor.expect("FHDB")
    _ = try cursor.expectVersion(0...0)
    guard try cursor.long() == heap.address, try cursor.number(heap.offsetBytes) == start else {
      throw StructureFailure.damaged("a heap's block belongs elsewhere")
    }
    if heap.hasChecksums {
      // It counts as zero in its own sum.
      var bytes = Array(cursor.bytes)
      let at = cursor.consumed
      let stored = try cursor.number(4)
      bytes.replaceSubrange(at..<at + 4, with: [0, 0, 0, 0])
      guard stored == lookup3(bytes[...]) else {
        throw StructureFailure.damaged("the checksum of a heap's block is wrong")
      }
    }
    heap.blocks.append((start, Int(count), address))
  }

  /// Row 0 and row 1 have blocks of the starting length, each further row of twice that; rows beyond the limit of direct
  /// blocks hold indirect ones.
  private mutating func indirectBlock(
    _ address: UInt64, rows: Int, width: Int, _ startBytes: UInt64, _ directLimit: UInt64, at start: UInt64,
    of heap: inout FractalHeap, depth: Int
  ) throws {
    guard depth < 8 else { throw StructureFailure.damaged("a heap is too deep") }
    let directRows = directLimit.trailingZeroBitCount - startBytes.trailingZeroBitCount + 2
    var cursor = try ownedBlock(address, 17 + heap.offsetBytes + rows * width * 8, "a heap's index")
    try cursor.expect("FHIB")
    _ = try cursor.expectVersion(0...0)
    guard try cursor.long() == heap.address, try cursor.number(heap.offsetBytes) == start else {
      throw StructureFailure.damaged("a heap's index belongs elsewhere")
    }
    var place = start
    for row in 0..<rows {
      let shift = max(0, row - 1) + startBytes.trailingZeroBitCount
      guard shift < 48 else { throw StructureFailure.damaged("a heap is too large") }
      let count = UInt64(1) << UInt64(shift)
      for _ in 0..<width {
        let child = try cursor.long()
        if child != Self.undefined {
          if row < directRows {
            try directBlock(child, count, at: place, of: &heap)
          } else {
            let below = shift - startBytes.trailingZeroBitCount - width.trailingZeroBitCount + 1
            guard below > 0 else { throw StructureFailure.damaged("a heap's index has no rows") }
            try indirectBlock(
              child, rows: below, width: width, startBytes, directLimit, at: place, of: &heap, depth: depth + 1)
          }
        }
        place += count
      }
    }
    try cursor.expectChecksum()
  }

  /// The records of a newer-style tree, in order.
  private mutating func denseTree(_ address: UInt64, kind: Int) throws -> [ByteCursor] {
    var head = try ownedBlock(address, 38, "a tree of names")
    try head.expect("BTHD")
    _ = try head.expectVersion(0...0)
    guard try head.byte() == kind else { throw StructureFailure.damaged("a tree of another kind") }
    let nodeBytes = try head.word()
    let recordBytes = try head.short()
    let depth = try head.short()
    try head.take(2)
    let root = try head.long()
    let rootCount = try head.short()
    let total = try head.long()
    try head.expectChecksum()
    let expected = [5: 11, 6: 15, 8: 17, 9: 13][kind]
    guard recordBytes == expected, nodeBytes >= 64, nodeBytes <= 1 << 20, depth <= 8 else {
      throw StructureFailure.damaged("a tree of records of \(recordBytes) bytes in nodes of \(nodeBytes)")
    }
    guard root != Self.undefined else {
      guard total == 0 else { throw StructureFailure.damaged("a tree without a root") }
      return []
    }
    // How many records fit a node of each level, and the bytes that count them.
    func bytesFor(_ limit: Int) -> Int { max(1, (Int.bitWidth - limit.leadingZeroBitCount + 7) / 8) }
    var limits = [(nodeBytes - 10) / recordBytes]
    var totals = [limits[0]]
    let countBytes = bytesFor(limits[0])
    for level in stride(from: 1, through: depth, by: 1) {
      let pointer = 8 + countBytes + (level > 1 ? bytesFor(totals[level - 1]) : 0)
      let limit = (nodeBytes - 10 - pointer) / (recordBytes + pointer)
      guard limit > 0 else { throw StructureFailure.damaged("a tree's nodes are too small") }
      limits.append(limit)
      let (product, overflow) = totals[level - 1].multipliedReportingOverflow(by: limit + 1)
      guard !overflow, product < 1 << 48 else { throw StructureFailure.damaged("a tree is too large") }
      totals.append(product + limit)
    }
    let records = try denseNode(
      root, count: rootCount, level: depth, kind: kind, (nodeBytes, recordBytes, countBytes), limits, totals, bytesFor)
    guard UInt64(records.count) == total else {
      throw StructureFailure.damaged("a tree holds fewer records than it says")
    }
    return records
  }

  private mutating func denseNode(
    _ address: UInt64, count: Int, level: Int, kind: Int, _ sizes: (node: Int, record: Int, count: Int),
    _ limits: [Int],
    _ totals: [Int], _ bytesFor: (Int) -> Int
  ) throws -> [ByteCursor] {
    guard count <= limits[level] else { throw StructureFailure.damaged("a tree's node of \(count) records") }
    var cursor = try ownedBlock(address, sizes.node, "a tree of names")
    try cursor.expect(level == 0 ? "BTLF" : "BTIN")
    _ = try cursor.expectVersion(0...0)
    guard try cursor.byte() == kind else { throw StructureFailure.damaged("a tree's node of another kind") }
    let own = try (0..<count).map { _ in ByteCursor(try cursor.take(sizes.record), "a record") }
    guard level > 0 else {
      try cursor.expectChecksum()
      return own
    }
    var records = own
    for _ in 0...count {
      let child = try cursor.long()
      let childCount = Int(try cursor.number(sizes.count))
      if level > 1 { try cursor.take(bytesFor(totals[level - 1])) }
      records += try denseNode(
        child, count: childCount, level: level - 1, kind: kind, sizes, limits, totals, bytesFor)
    }
    try cursor.expectChecksum()
    return records
  }
}
