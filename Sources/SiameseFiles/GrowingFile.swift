import Glibc

/// A file under a temporary name that grows at its end, for what is made piece by piece.
package struct GrowingFile {
  private let descriptor: Int32
  /// The final name, for messages.
  private let path: String

  /// Calls `body` with the file that will take the name `path`, and gives it that name.
  /// - Throws: what `body` throws, or `FileError.unwritable`; nothing changes under `path` then.
  package static func write(to path: String, _ body: (GrowingFile) throws -> Void) throws {
    try AtomicFile.write(to: path) { temporary in
      let descriptor = open(temporary, O_WRONLY | O_CLOEXEC)
      defer { if descriptor >= 0 { close(descriptor) } }
      try body(GrowingFile(descriptor: descriptor, path: path))
    }
  }

  /// Appends a text's UTF-8.
  /// - Throws: `FileError.unwritable`.
  package func append(_ text: String) throws {
    var text = text
    try text.withUTF8 { try append(UnsafeRawBufferPointer($0)) }
  }

  /// Appends bytes.
  /// - Throws: `FileError.unwritable`.
  package func append(_ bytes: UnsafeRawBufferPointer) throws(FileError) {
    try AtomicFile.append(bytes, to: descriptor, of: path)
  }

  /// Puts what is written next at the file's beginning, over what stands there.
  /// - Throws: `FileError.unwritable`.
  package func rewind() throws(FileError) {
    guard lseek(descriptor, 0, SEEK_SET) == 0 else { throw .unwritable(file: path, reason: systemMessage()) }
  }
}
