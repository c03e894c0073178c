import CZip
import Foundation

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
      throw KerasFileError.damagedArchive(file: path, reason: String(cString: zip_error_strerror(&error)))
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

  /// A descriptor of a temporary file without a name that holds a copy of the member.
  func unlinkedCopy(_ member: String) throws -> Int32 {
    let size = try size(of: member)
    var template = Array(FileManager.default.temporaryDirectory.appending(path: "keras-XXXXXX").path.utf8CString)
    let descriptor = mkstemp(&template)
    guard descriptor >= 0 else {
      throw KerasFileError.damagedArchive(
        file: path, reason: "no temporary file for its weights: \(String(cString: strerror(errno)))")
    }
    unlink(template)
    _ = fcntl(descriptor, F_SETFD, FD_CLOEXEC)
    do {
      try forEachBlock(of: member, size: size) { block in
        var rest = block
        while !rest.isEmpty {
          let written = write(descriptor, rest.baseAddress, rest.count)
          if written < 0 && errno == EINTR { continue }
          guard written > 0 else {
            throw KerasFileError.damagedArchive(
              file: path, reason: "no room for a temporary copy of its weights: \(String(cString: strerror(errno)))")
          }
          rest = UnsafeRawBufferPointer(rebasing: rest[written...])
        }
      }
    } catch {
      close(descriptor)
      throw error
    }
    return descriptor
  }

  /// The declared length of a member, once it is plausible: deflate cannot shrink below 1 : 1032.
  private func size(of member: String) throws -> Int {
    var status = zip_stat_t()
    zip_stat_init(&status)
    guard zip_stat(archive, member, 0, &status) == 0 else { throw damaged() }
    let size = Int(clamping: status.size)
    let stored = Int(clamping: status.comp_size)
    guard status.encryption_method == 0 else {
      throw KerasFileError.damagedArchive(file: path, reason: "its member '\(member)' is encrypted")
    }
    guard stored <= byteCount else { throw lie(member, size, "the archive has only \(byteCount)") }
    switch Int32(status.comp_method) {
    case ZIP_CM_STORE where size != stored: throw lie(member, size, "it stores \(stored) uncompressed")
    case ZIP_CM_STORE: break
    case ZIP_CM_DEFLATE where size / 1032 > stored: throw lie(member, size, "\(stored) compressed bytes cannot hold them")
    case ZIP_CM_DEFLATE: break
    default:
      throw KerasFileError.damagedArchive(
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
        throw KerasFileError.damagedArchive(
          file: path, reason: "'\(member)': \(String(cString: zip_file_strerror(file)))")
      }
      if count == 0 { break }
      total += count
      guard total <= size else { throw lie(member, size, "it goes on beyond them") }
      try body(UnsafeRawBufferPointer(rebasing: block[..<count]))
    }
    guard total == size else { throw lie(member, size, "it ends after \(total)") }
  }

  private func damaged() -> KerasFileError {
    .damagedArchive(file: path, reason: String(cString: zip_strerror(archive)))
  }

  private func lie(_ member: String, _ declared: Int, _ reason: String) -> KerasFileError {
    .memberLies(file: path, member: member, declaredBytes: declared, reason: reason)
  }
}
