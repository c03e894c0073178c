import Foundation

/// A whole file in memory, read with one pass and the operating system's own words when that fails.
enum FileBytes {
  /// - Throws: `ImageError` where there is no such file, it is not a regular file, it has more than `limit` bytes, or
  ///   reading fails.
  static func read(_ path: String, limit: Int) throws(ImageError) -> [UInt8] {
    let file = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
    guard file >= 0 else {
      throw errno == ENOENT || errno == ENOTDIR ? .missing(path: path) : .unreadable(path: path, reason: lastError)
    }
    defer { close(file) }
    var status = stat()
    guard fstat(file, &status) == 0 else { throw .unreadable(path: path, reason: lastError) }
    guard status.st_mode & S_IFMT == S_IFREG else {
      throw .unreadable(
        path: path, reason: status.st_mode & S_IFMT == S_IFDIR ? "it is a folder" : "it is not a regular file")
    }
    let size = Int(status.st_size)
    guard size <= limit else {
      throw .unreadable(path: path, reason: "it has \(size) bytes, more than the \(limit) a picture may take")
    }
    var failure: String?
    let bytes = [UInt8](unsafeUninitializedCapacity: size) { buffer, count in
      count = 0
      while count < size {
        let got = Foundation.read(file, buffer.baseAddress! + count, size - count)
        if got < 0 && errno == EINTR { continue }
        if got < 0 { failure = lastError }
        if got <= 0 { break }
        count += got
      }
    }
    if let failure { throw .unreadable(path: path, reason: failure) }
    return bytes
  }

  /// Writes to a temporary name beside `path`, flushes, and renames: `path` holds the old bytes or the new, never less.
  ///
  /// - Parameter flushes: Waits until the disk has it. Thousands of files that can be made again need not.
  static func write(_ bytes: UnsafeRawBufferPointer, to path: String, flushes: Bool = true) throws(ImageError) {
    let temporary = "\(path).\(getpid()).\(UInt32.random(in: .min ... .max)).part"
    let file = open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o666)
    guard file >= 0 else { throw .unwritable(path: path, reason: lastError) }
    var failure: String?
    var written = 0
    while failure == nil && written < bytes.count {
      let put = Foundation.write(file, bytes.baseAddress! + written, bytes.count - written)
      if put < 0 && errno != EINTR { failure = lastError }
      if put > 0 { written += put }
    }
    if flushes && failure == nil && fsync(file) != 0 && errno != EINVAL { failure = lastError }
    if close(file) != 0 && failure == nil { failure = lastError }
    if failure == nil && rename(temporary, path) != 0 { failure = lastError }
    if let failure {
      unlink(temporary)
      throw .unwritable(path: path, reason: failure)
    }
  }

  private static var lastError: String { String(cString: strerror(errno)) }
}
