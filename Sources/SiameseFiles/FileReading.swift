import Foundation

/// The bytes of a file, mapped where the file system can.
/// - Throws: `FileError.missing` or `.unreadable`.
package func readFile(_ path: String) throws(FileError) -> Data {
  try readable(path) { try Data(contentsOf: URL(fileURLWithPath: path), options: .mappedIfSafe) }
}

/// A file opened to be read piece by piece, and its size in bytes.
/// - Throws: `FileError.missing` or `.unreadable`.
package func openFile(_ path: String) throws(FileError) -> (file: FileHandle, size: Int) {
  try readable(path) {
    let file = try FileHandle(forReadingFrom: URL(fileURLWithPath: path))
    let size = try Int(file.seekToEnd())
    try file.seek(toOffset: 0)
    return (file, size)
  }
}

private func readable<Result>(_ path: String, _ read: () throws -> Result) throws(FileError) -> Result {
  var isFolder: ObjCBool = false
  guard FileManager.default.fileExists(atPath: path, isDirectory: &isFolder) else { throw .missing(file: path) }
  // Said here, since Foundation has no words of its own for it.
  if isFolder.boolValue { throw .unreadable(file: path, reason: systemMessage(EISDIR)) }
  do { return try read() } catch {
    let error = error as NSError
    if let underlying = error.userInfo[NSUnderlyingErrorKey] as? NSError, underlying.domain == NSPOSIXErrorDomain {
      throw .unreadable(file: path, reason: systemMessage(Int32(underlying.code)))
    }
    throw .unreadable(file: path, reason: error.localizedDescription)
  }
}
