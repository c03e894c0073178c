extension StructureCheck {
  /// Checks that a data set's bytes are where its layout says, and are as many as its shape and type need.
  mutating func dataSet(_ notes: ObjectNotes) throws {
    guard let space = notes.space, let type = notes.type, var layout = notes.layout else {
      throw StructureFailure.damaged("a data set without shape or type")
    }
    let (bytes, overflow) = space.count.multipliedReportingOverflow(by: type.byteCount)
    guard !overflow else { throw StructureFailure.damaged("its shape is beyond any file") }
    if let fill = notes.fillBytes, fill != type.byteCount {
      throw StructureFailure.damaged("a fill value of \(fill) bytes for elements of \(type.byteCount)")
    }
    let version = try layout.byte()
    guard version == 3 || version == 4 else { throw StructureFailure.unsupported("a layout of version \(version)") }
    switch try layout.byte() {
    case 0:
      let count = try layout.short()
      guard count == bytes else {
        throw StructureFailure.damaged("its shape needs \(bytes) bytes, its header holds \(count)")
      }
      try strings(in: &layout, space, type)
    case 1:
      let address = try layout.long()
      let count = try layout.long()
      guard address != Self.undefined else { break }
      guard count >= UInt64(bytes) else {
        throw StructureFailure.damaged("its shape needs \(bytes) bytes, the file stores \(count) for it")
      }
      guard contains(address, Int(clamping: count)) else {
        throw StructureFailure.damaged("its \(count) bytes at \(address) lie outside the file")
      }
      try claimData(Int(count))
      if type.isVariableString {
        var values = try block(address, bytes, "a list of strings")
        try strings(in: &values, space, type)
      }
    case 2:
      guard version == 3 else { throw StructureFailure.unsupported("the newest kind of chunks") }
      guard let extents = space.extents, !extents.isEmpty else {
        throw StructureFailure.damaged("chunks without a shape")
      }
      let rank = try layout.byte() - 1
      let tree = try layout.long()
      guard rank == extents.count else {
        throw StructureFailure.damaged("chunks of rank \(rank) in a shape of rank \(extents.count)")
      }
      let chunk = try (0..<rank).map { _ in try layout.word() }
      let elementBytes = try layout.word()
      var chunkBytes = elementBytes
      for extent in chunk {
        let (product, overflow) = chunkBytes.multipliedReportingOverflow(by: extent)
        guard !overflow, product > 0, product <= UInt32.max else {
          throw StructureFailure.damaged("chunks of shape \(chunk)")
        }
        chunkBytes = product
      }
      guard elementBytes == type.byteCount else {
        throw StructureFailure.damaged("chunks of \(elementBytes)-byte elements for elements of \(type.byteCount)")
      }
      if tree != Self.undefined {
        try chunkTree(
          tree, chunk: chunk, chunkBytes: notes.filters == nil ? chunkBytes : nil,
          strings: type.isVariableString ? type.byteCount : nil)
      }
      if type.isVariableString, notes.filters != nil {
        throw StructureFailure.unsupported("compressed variable strings")
      }
    case let kind: throw StructureFailure.unsupported("a layout of kind \(kind)")
    }
  }

  private mutating func strings(in values: inout ByteCursor, _ space: Dataspace, _ type: Datatype) throws {
    guard type.isVariableString else { return }
    for _ in 0..<space.count { try variableString(&values) }
  }

  /// Walks the tree of a data set's chunks; `chunkBytes` is how long each must be where nothing is compressed.
  private mutating func chunkTree(_ root: UInt64, chunk: [Int], chunkBytes: Int?, strings: Int?) throws {
    let keyBytes = 8 + 8 * (chunk.count + 1)
    let nodeBytes = 24 + (2 * chunkK + 1) * keyBytes + 2 * chunkK * 8
    var nodes: [(address: UInt64, level: Int?)] = [(root, nil)]
    while let node = nodes.popLast() {
      var cursor = try ownedBlock(node.address, nodeBytes, "a tree of chunks")
      let (level, count) = try treeHead(&cursor, kind: 1, level: node.level, limit: 2 * chunkK)
      for _ in 0..<count {
        let length = try cursor.word()
        let mask = try cursor.word()
        for extent in chunk {
          guard try cursor.long() % UInt64(extent) == 0 else { throw StructureFailure.damaged("a chunk off the grid") }
        }
        guard try cursor.long() == 0 else { throw StructureFailure.damaged("a chunk off the grid") }
        let address = try cursor.long()
        if level > 0 {
          nodes.append((address, level - 1))
          continue
        }
        guard length > 0, contains(address, length) else {
          throw StructureFailure.damaged("a chunk of \(length) bytes at \(address) lies outside the file")
        }
        try claimData(length)
        if let chunkBytes {
          guard length == chunkBytes, mask == 0 else {
            throw StructureFailure.damaged("a chunk of \(length) bytes, expected \(chunkBytes)")
          }
          if let strings {
            var values = try block(address, length, "a chunk of strings")
            for _ in 0..<length / strings { try variableString(&values) }
          }
        }
      }
    }
  }

  /// Reads the head of a node of an old-style tree; children are one level below their parent.
  func treeHead(_ cursor: inout ByteCursor, kind: Int, level: Int?, limit: Int) throws -> (level: Int, count: Int) {
    try cursor.expect("TREE")
    guard try cursor.byte() == kind else { throw StructureFailure.damaged("\(cursor.what) is a tree of another kind") }
    let found = try cursor.byte()
    guard found < 32, level == nil || found == level else {
      throw StructureFailure.damaged("\(cursor.what) has a node of level \(found)")
    }
    let count = try cursor.short()
    guard count <= limit else { throw StructureFailure.damaged("\(cursor.what) has a node of \(count) entries") }
    for _ in 0..<2 {
      let sibling = try cursor.long()
      guard sibling == Self.undefined || contains(sibling, 24) else {
        throw StructureFailure.damaged("\(cursor.what) has a sibling outside the file")
      }
    }
    return (found, count)
  }
}
