import Glibc

/// Why a file could not be read or written, whatever it holds.
public enum FileError: Error, Equatable, Sendable, CustomStringConvertible {
  /// There is nothing under that name.
  case missing(file: String)
  /// The system would not let us read it.
  case unreadable(file: String, reason: String)
  /// Reading began and then failed.
  case interrupted(file: String, reason: String)
  /// It should be text in UTF-8; `found` says what shows that it is not.
  case notText(file: String, found: String)
  /// It could not be written; nothing has changed under its name.
  case unwritable(file: String, reason: String)

  /// What happened to which file, and what to do, in one sentence.
  public var description: String {
    switch self {
    case .missing(let file): "\(file): there is no such file"
    case .unreadable(let file, let reason):
      "\(file): cannot be read (\(reason)); check that it is a file and its permissions"
    case .interrupted(let file, let reason): "\(file): reading failed underway (\(reason))"
    case .notText(let file, let found): "\(file): is not text in UTF-8 (\(found)); save it as UTF-8"
    case .unwritable(let file, let reason):
      "\(file): could not be written (\(reason)); what was there before is unchanged"
    }
  }
}

/// The system's words for an error number, by default for the last error of this thread.
package func systemMessage(_ code: Int32 = errno) -> String { String(cString: strerror(code)) }
