import Foundation
import SiameseFiles

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

  /// Puts bytes under `path` whole or not at all.
  /// - Throws: `ImageError.unwritable`.
  static func write(_ data: Data, to path: String) throws(ImageError) {
    do { try AtomicFile.write(data, to: path) } catch {
      if case FileError.unwritable(_, let reason) = error { throw .unwritable(path: path, reason: reason) }
      throw .unwritable(path: path, reason: "\(error)")
    }
  }

  /// The lines of a text file, numbered from 1.
  /// - Throws: `ImageError` as `read` does, or `.malformedList` where it does not hold UTF-8.
  static func lines(of path: String) throws(ImageError) -> some Sequence<(number: Int, text: Substring)> {
    let bytes = try read(path, limit: 1 << 30)
    do {
      return try TextLines(bytes, file: path).lazy.enumerated().map { (number: $0 + 1, text: $1) }
    } catch {
      guard case .notText(_, let found) = error else { throw .unreadable(path: path, reason: "\(error)") }
      throw .malformedList(path: path, line: 1, reason: "the file is not text in UTF-8 (\(found)); save it as UTF-8")
    }
  }

  private static var lastError: String { systemMessage() }
}
