import Foundation

/// A walk over everything in an HDF5 file that libhdf5 would follow, before libhdf5 sees it.
///
/// libhdf5 1.10 believes a file: a changed byte in a heap's free list, a name's length, a variable string's heap entry or
/// a chunk's size makes it read or write beyond its buffers, or go round in circles. So every address, length and count
/// is compared here with the file's length and with its neighbours, every list and tree must end, and every piece has
/// one owner. What passes is safe to open; what does not gets a sentence. The numbers themselves are not read, so that
/// the walk takes milliseconds however large the file.
///
/// The format is *HDF5 File Format Specification, version 3.0*
/// (https://docs.hdfgroup.org/documentation/hdf5/latest/_f_m_t3.html).
struct StructureCheck {
  static let signature: [UInt8] = [0x89, 0x48, 0x44, 0x46, 0x0D, 0x0A, 0x1A, 0x0A]
  static let undefined = UInt64.max

  let descriptor: Int32
  let byteCount: Int
  let file: String
  /// Where the file ends by its own account, which libhdf5 holds to even where the file is longer.
  private(set) var end: Int
  /// Where addresses count from: the length of the user block.
  private(set) var base = 0
  /// How many entries the nodes of each kind of tree have at most, halved (the format's K).
  var groupLeafK = 4
  var groupInternalK = 16
  var chunkK = 32

  /// Where pieces begin that something already owns.
  private var owned = Set<UInt64>()
  /// The bytes that data sets and variable strings have laid claim to so far: no more than the file has, so that reading
  /// everything cannot take more memory than the file is long.
  private var claimed = (data: 0, strings: 0)
  /// The objects found in global heaps: collection → index → length.
  var globalHeaps: [UInt64: [Int: Int]] = [:]
  /// Where the entries that name groups say their tables are: header → tree and heap.
  var cachedTables: [UInt64: (tree: UInt64, heap: UInt64)] = [:]
  /// Objects still to be walked.
  var pending: [(path: String, address: UInt64, depth: Int)] = []
  /// The object being walked.
  private var path = "superblock"
  private var seenObjects = Set<UInt64>()

  /// Checks the file behind `descriptor`; `name` is for messages.
  /// - Throws: `HDF5Error`.
  static func run(descriptor: Int32, byteCount: Int, file name: String) throws {
    var check = StructureCheck(descriptor: descriptor, byteCount: byteCount, file: name)
    do { try check.walk() } catch StructureFailure.damaged(let reason) {
      throw HDF5Error.damaged(file: name, path: check.path, reason: reason)
    } catch StructureFailure.unsupported(let feature) {
      throw HDF5Error.unsupported(file: name, path: check.path, feature: feature)
    }
  }

  private init(descriptor: Int32, byteCount: Int, file: String) {
    self.descriptor = descriptor
    self.byteCount = byteCount
    self.file = file
    end = byteCount
  }

  private mutating func walk() throws {
    let root = try superblock()
    pending = [("/", root, 0)]
    while let next = pending.popLast() {
      path = next.path
      guard next.depth <= 64 else { throw StructureFailure.damaged("groups are nested more than 64 deep") }
      guard seenObjects.insert(next.address).inserted else {
        throw StructureFailure.unsupported("a second name for what has one already")
      }
      try object(at: next.address, path: next.path, depth: next.depth)
    }
  }

  /// The bytes at an address, which must lie inside the file.
  func block(_ address: UInt64, _ count: Int, _ what: String) throws -> ByteCursor {
    guard contains(address, count) else {
      throw StructureFailure.damaged("\(what) at \(address) lies outside the file")
    }
    let bytes = [UInt8](unsafeUninitializedCapacity: count) { buffer, initialized in
      while initialized < count {
        let got = pread(
          descriptor, buffer.baseAddress! + initialized, count - initialized, off_t(base + Int(address) + initialized))
        if got < 0 && errno == EINTR { continue }
        if got <= 0 { break }
        initialized += got
      }
    }
    guard bytes.count == count else { throw StructureFailure.damaged("\(what) at \(address) cannot be read") }
    return ByteCursor(bytes[...], what)
  }

  /// The same for a piece that may have one owner only, so that nothing goes round in circles or is walked twice.
  mutating func ownedBlock(_ address: UInt64, _ count: Int, _ what: String) throws -> ByteCursor {
    let block = try block(address, count, what)
    guard owned.insert(address).inserted else {
      throw StructureFailure.damaged("\(what) at \(address) is used twice")
    }
    return block
  }

  /// Counts `count` bytes that belong to one data set alone.
  mutating func claimData(_ count: Int) throws {
    claimed.data += count
    guard claimed.data <= end else { throw StructureFailure.damaged("data sets that share their bytes") }
  }

  /// Counts `count` bytes that belong to one string alone.
  mutating func claimString(_ count: Int) throws {
    claimed.strings += count
    guard claimed.strings <= end else { throw StructureFailure.damaged("strings that share their bytes") }
  }

  /// Whether `count` bytes at `address` lie inside the file.
  func contains(_ address: UInt64, _ count: Int) -> Bool {
    count >= 0 && count <= end && address <= UInt64(end) && base + Int(address) <= end - count
  }
}

extension StructureCheck {
  /// Finds and checks the superblock; gives the address of the root group's header.
  private mutating func superblock() throws -> UInt64 {
    var head = [UInt8](repeating: 0, count: 8)
    var start = 0
    while start + 8 <= byteCount {
      if pread(descriptor, &head, 8, off_t(start)) == 8, head == Self.signature { break }
      start = start == 0 ? 512 : start * 2
    }
    guard start + 8 <= byteCount else {
      let count = max(0, pread(descriptor, &head, 8, 0))
      throw HDF5Error.notHDF5(file: file, start: Self.describe(head[..<count]))
    }
    func short(_ needed: Int) -> HDF5Error {
      .truncated(file: file, expectedBytes: start + needed, foundBytes: byteCount)
    }
    guard byteCount >= start + 48 else { throw short(48) }
    var cursor = try block(UInt64(start), min(100, byteCount - start), "the superblock")
    try cursor.take(8)
    let version = try cursor.expectVersion(0...3)
    if version < 2 {
      guard byteCount >= start + (version == 0 ? 96 : 100) else { throw short(version == 0 ? 96 : 100) }
      try cursor.take(4)
    }
    let (addressSize, lengthSize) = (try cursor.byte(), try cursor.byte())
    guard addressSize == 8, lengthSize == 8 else {
      throw StructureFailure.damaged("addresses of \(addressSize) and lengths of \(lengthSize) bytes, expected 8 and 8")
    }
    try cursor.take(1)
    if version < 2 {
      groupLeafK = try cursor.short()
      groupInternalK = try cursor.short()
      try cursor.take(4)
      if version == 1 {
        chunkK = try cursor.short()
        try cursor.take(2)
      }
    }
    let declaredBase = try cursor.long()
    guard declaredBase == UInt64(start) else {
      throw StructureFailure.damaged("base address \(declaredBase), expected \(start)")
    }
    let extensionAddress = try cursor.long()
    // Unlike all other addresses it counts from the file's beginning.
    let declaredEnd = try cursor.long()
    guard declaredEnd <= UInt64(byteCount) else {
      throw HDF5Error.truncated(file: file, expectedBytes: Int(clamping: declaredEnd), foundBytes: byteCount)
    }
    guard declaredEnd >= UInt64(start + 48) else {
      throw StructureFailure.damaged("it declares an end at \(declaredEnd)")
    }
    end = Int(declaredEnd)
    base = start
    guard (1...4096).contains(groupLeafK), (1...4096).contains(groupInternalK), (1...4096).contains(chunkK) else {
      throw StructureFailure.damaged("tree nodes of \(groupLeafK), \(groupInternalK) and \(chunkK) entries")
    }
    if version < 2 {
      let driver = try cursor.long()
      guard driver == Self.undefined else { throw StructureFailure.unsupported("a driver of its own") }
      try cursor.take(8)
      let root = try cursor.long()
      let cacheType = try cursor.word()
      try cursor.take(4)
      let (tree, heap) = (try cursor.long(), try cursor.long())
      if cacheType == 1 {
        cachedTables[root] = (tree, heap)
      } else if cacheType != 0 {
        throw StructureFailure.damaged("its root is noted as kind \(cacheType)")
      }
      return root
    }
    guard extensionAddress == Self.undefined else { throw StructureFailure.unsupported("an extended superblock") }
    let root = try cursor.long()
    try cursor.expectChecksum()
    return root
  }

  /// Bytes as text where they are text, else in hexadecimal.
  private static func describe(_ bytes: ArraySlice<UInt8>) -> String {
    if bytes.isEmpty { return "nothing" }
    if bytes.allSatisfy({ (32..<127).contains($0) }) { return "'\(String(decoding: bytes, as: UTF8.self))'" }
    return bytes.map { String($0 >> 4, radix: 16) + String($0 & 15, radix: 16) }.joined(separator: " ")
  }
}
