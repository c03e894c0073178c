import Foundation

/// The lines of a text, whatever ends them: `\n`, `\r\n` or `\r`, in any mixture. What ends a line is not part of it, and
/// nothing after the last line's end is no line.
///
/// A byte-order mark before the text is left out. Lines are found as they are asked for, so that a long text is not held
/// twice.
///
///     for line in TextLines("1 2\r\n3 4\n") { … }   // "1 2", "3 4"
///
/// Splitting a `String` at the character `"\n"` does not do this: `"\r\n"` is one `Character` of its own.
package struct TextLines: Sequence, Sendable {
  /// The whole text, without a byte-order mark.
  package let text: String

  /// The lines of `text`.
  package init(_ text: String) {
    self.text = text.unicodeScalars.first == "\u{FEFF}" ? String(text.unicodeScalars.dropFirst()) : text
  }

  /// The lines of a file's bytes; `file` is its name, for messages.
  /// - Throws: `FileError.notText` where the bytes are not UTF-8.
  package init(_ bytes: some Collection<UInt8>, file: String) throws(FileError) {
    try self.init(String(utf8: bytes, file: file))
  }

  /// The lines of the file at `path`.
  /// - Throws: `FileError` where the file is missing, cannot be read or does not hold UTF-8.
  package init(contentsOf path: String) throws(FileError) {
    try self.init(readFile(path), file: path)
  }

  /// Whether the last line has an end of its own; true for an empty text.
  package var endsWithLineEnd: Bool { text.utf8.last.map(isLineEnd) ?? true }

  /// Gives the lines one after the other.
  package struct Iterator: IteratorProtocol {
    private let text: String
    private var position: String.Index

    fileprivate init(_ text: String) {
      self.text = text
      position = text.startIndex
    }

    /// The next line, or nil after the last.
    package mutating func next() -> Substring? {
      guard position < text.endIndex else { return nil }
      let utf8 = text.utf8
      let start = position
      let end = utf8[start...].firstIndex(where: isLineEnd) ?? text.endIndex
      position = end
      if end < text.endIndex {
        position = utf8.index(after: end)
        if utf8[end] == UInt8(ascii: "\r"), position < text.endIndex, utf8[position] == UInt8(ascii: "\n") {
          position = utf8.index(after: position)
        }
      }
      return text[start..<end]
    }
  }

  /// Begins at the first line.
  package func makeIterator() -> Iterator { Iterator(text) }
}

private func isLineEnd(_ byte: UInt8) -> Bool { byte == UInt8(ascii: "\n") || byte == UInt8(ascii: "\r") }

extension String {
  /// The text of a file's bytes without a byte-order mark; `file` is its name, for messages.
  /// - Throws: `FileError.notText` where the bytes are not UTF-8.
  package init(utf8 bytes: some Collection<UInt8>, file: String) throws(FileError) {
    let start = Array(bytes.prefix(3))
    if start.starts(with: [0xFF, 0xFE]) || start.starts(with: [0xFE, 0xFF]) {
      throw .notText(file: file, found: "it begins as UTF-16 does")
    }
    let content = bytes.dropFirst(start == [0xEF, 0xBB, 0xBF] ? 3 : 0)
    guard let text = String(validating: content, as: UTF8.self) else {
      // Up to the first byte that is out of place, the repaired text is the bytes themselves.
      let valid = zip(content, String(decoding: content, as: UTF8.self).utf8).prefix { $0 == $1 }
      let line = TextLines(String(decoding: valid.map(\.0), as: UTF8.self) + "?").reduce(0) { count, _ in count + 1 }
      throw .notText(file: file, found: "line \(line) holds bytes of another encoding")
    }
    self = text
  }
}
