import CSiameseZip
import Foundation
import Glibc

/// A zip archive open for reading, which believes no length that it has not checked.
final class ZipArchive {
  private let path: String
  private let archive: OpaquePointer
  private let byteCount: Int

  /// Whether the file at `path` begins as a zip does.
  static func isZip(_ path: String) -> Bool {
    guard let file = FileHandle(forReadingAtPath: path) else { return false }
    defer { try? file.close() }
    let start = (try? file.read(upToCount: 4)) ?? Data()
    return start.elementsEqual([0x50, 0x4B, 3, 4]) || start.elementsEqual([0x50, 0x4B, 5, 6])
  }

  init(_ path: String) throws {
    self.path = path
    byteCount = (try? FileManager.default.attributesOfItem(atPath: path)[.size] as? Int) ?? 0
    var code: Int32 = 0
    guard let archive = zip_open(path, ZIP_RDONLY, &code) else {
      var error = zip_error_t()
      zip_error_init_with_code(&error, code)
      defer { zip_error_fini(&error) }
      throw KerasError.damagedArchive(file: path, reason: String(cString: zip_error_strerror(&error)))
    }
    self.archive = archive
  }

  deinit { zip_discard(archive) }

  var memberNames: [String] {
    (0..<max(0, zip_get_num_entries(archive, 0))).prefix(1000).compactMap { index in
      zip_get_name(archive, zip_uint64_t(index), 0).map { String(cString: $0) }
    }
  }

  func contains(_ member: String) -> Bool { zip_name_locate(archive, member, 0) >= 0 }

  /// The bytes of a member of at most `limit` bytes.
  func data(_ member: String, limit: Int) throws -> Data {
    let size = try size(of: member)
    guard size <= limit else { throw lie(member, size, "at most \(limit) are allowed here") }
    var result = Data(capacity: size)
    try forEachBlock(of: member, size: size) { result.append(contentsOf: $0) }
    return result
  }

  /// Calls `body` with the descriptor and the path of a temporary copy of the member, whose name is gone afterwards.
  ///
  /// The file has no name while it is written, and one only as long as `body` runs: libhdf5 opens by name.
  func withTemporaryCopy<Result>(_ member: String, _ body: (Int32, String) throws -> Result) throws -> Result {
    let size = try size(of: member)
    let folder = FileManager.default.temporaryDirectory
    let name = folder.appending(path: "siamese-\(getpid())-\(UInt32.random(in: 0...UInt32.max)).h5").path
    let nameless: Int32 = 0o20000000 | O_DIRECTORY  // O_TMPFILE, a macro that Swift does not import
    var isNamed = false
    var descriptor = Glibc.open(folder.path, nameless | O_RDWR | O_CLOEXEC, 0o600)
    if descriptor < 0 {
      descriptor = Glibc.open(name, O_CREAT | O_EXCL | O_RDWR | O_CLOEXEC, 0o600)
      isNamed = descriptor >= 0
    }
    func refusal(_ what: String) -> KerasError {
      .damagedArchive(file: path, reason: "\(what) in \(folder.path): \(String(cString: strerror(errno)))")
    }
    guard descriptor >= 0 else { throw refusal("no temporary file for its weights") }
    defer { if isNamed { unlink(name) } }
    do {
      try forEachBlock(of: member, size: size) { block in
        var rest = block
        while !rest.isEmpty {
          let written = write(descriptor, rest.baseAddress, rest.count)
          if written < 0 && errno == EINTR { continue }
          guard written > 0 else {
            throw refusal("no room for a copy of its weights")
          }
          rest = UnsafeRawBufferPointer(rebasing: rest[written...])
        }
      }
      if !isNamed {
        guard linkat(AT_FDCWD, "/proc/self/fd/\(descriptor)", AT_FDCWD, name, AT_SYMLINK_FOLLOW) == 0 else {
          throw refusal("no name for a copy of its weights")
        }
        isNamed = true
      }
    } catch {
      close(descriptor)
      throw error
    }
    return try body(descriptor, name)
  }

  /// The declared length of a member, once it is plausible: deflate cannot shrink below 1 : 1032.
  private func size(of member: String) throws -> Int {
    var status = zip_stat_t()
    zip_stat_init(&status)
    guard zip_stat(archive, member, 0, &status) == 0 else { throw damaged() }
    let size = Int(clamping: status.size)
    let stored = Int(clamping: status.comp_size)
    guard status.encryption_method == 0 else {
      throw KerasError.damagedArchive(file: path, reason: "its member '\(member)' is encrypted")
    }
    guard stored <= byteCount else { throw lie(member, size, "the archive has only \(byteCount)") }
    switch Int32(status.comp_method) {
    case ZIP_CM_STORE where size != stored: throw lie(member, size, "it stores \(stored) uncompressed")
    case ZIP_CM_STORE: break
    case ZIP_CM_DEFLATE where size / 1032 > stored:
      throw lie(member, size, "\(stored) compressed bytes cannot hold them")
    case ZIP_CM_DEFLATE: break
    default:
      throw KerasError.damagedArchive(
        file: path, reason: "its member '\(member)' is compressed with method \(status.comp_method), expected 0 or 8")
    }
    return size
  }

  /// Reads a member block by block; it must yield exactly `size` bytes, and libzip checks its sum.
  private func forEachBlock(of member: String, size: Int, _ body: (UnsafeRawBufferPointer) throws -> Void) throws {
    guard let file = zip_fopen(archive, member, 0) else { throw damaged() }
    defer { zip_fclose(file) }
    let block = UnsafeMutableRawBufferPointer.allocate(byteCount: 1 << 20, alignment: 16)
    defer { block.deallocate() }
    var total = 0
    while true {
      let count = Int(zip_fread(file, block.baseAddress, zip_uint64_t(block.count)))
      guard count >= 0 else {
        throw KerasError.damagedArchive(
          file: path, reason: "'\(member)': \(String(cString: zip_file_strerror(file)))")
      }
      if count == 0 { break }
      total += count
      guard total <= size else { throw lie(member, size, "it goes on beyond them") }
      try body(UnsafeRawBufferPointer(rebasing: block[..<count]))
    }
    guard total == size else { throw lie(member, size, "it ends after \(total)") }
  }

  private func damaged() -> KerasError {
    .damagedArchive(file: path, reason: String(cString: zip_strerror(archive)))
  }

  private func lie(_ member: String, _ declared: Int, _ reason: String) -> KerasError {
    .memberLies(file: path, member: member, declaredBytes: declared, reason: reason)
  }
}
