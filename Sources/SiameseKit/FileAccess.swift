import Foundation
import SiameseFiles
import SiameseHDF5

/// The bytes of a file, mapped where the file system can.
/// - Throws: `TaskError` of kind missing input or input/output.
func readFile(_ path: String) throws -> Data {
  guard FileManager.default.fileExists(atPath: path) else {
    throw TaskError(.missingInput, "\(path): there is no such file")
  }
  do {
    return try Data(contentsOf: URL(fileURLWithPath: path), options: .mappedIfSafe)
  } catch {
    throw TaskError(.missingInput, "\(path): cannot be read (\(reason(error))); check that it is a file and its permissions")
  }
}

/// A file opened to be read piece by piece, and its size in bytes.
/// - Throws: `TaskError` of kind missing input.
func openFile(_ path: String) throws -> (file: FileHandle, size: Int) {
  guard FileManager.default.fileExists(atPath: path) else {
    throw TaskError(.missingInput, "\(path): there is no such file")
  }
  do {
    let file = try FileHandle(forReadingFrom: URL(fileURLWithPath: path))
    let size = try Int(file.seekToEnd())
    try file.seek(toOffset: 0)
    return (file, size)
  } catch {
    throw TaskError(.missingInput, "\(path): cannot be read (\(reason(error))); check that it is a file and its permissions")
  }
}

/// Writes a file whole or not at all: to a temporary name beside it, which then takes the final name.
/// - Throws: `HDF5Error.unwritable` with the path and the reason.
public func writeFile(_ data: Data, to path: String) throws {
  try AtomicFile.write(to: path) { try data.write(to: URL(fileURLWithPath: $0)) }
}

private func reason(_ error: any Error) -> String {
  let error = error as NSError
  if let underlying = error.userInfo[NSUnderlyingErrorKey] as? NSError, underlying.domain == NSPOSIXErrorDomain {
    return String(cString: strerror(Int32(underlying.code)))
  }
  return error.localizedDescription
}

/// The SHA-256 of a file in lower-case hexadecimal, by which models name the backbone they were made from.
public func fileHash(_ path: String) throws -> String {
  guard let file = fopen(path, "rb") else {
    throw TaskError(.missingInput, "\(path): cannot be read (\(String(cString: strerror(errno))))")
  }
  defer { fclose(file) }
  let hash = SHA256()
  var buffer = [UInt8](repeating: 0, count: 1 << 20)
  while true {
    let count = fread(&buffer, 1, buffer.count, file)
    if count == 0 { break }
    buffer.withUnsafeBytes { hash.update(UnsafeRawBufferPointer(rebasing: $0[..<count])) }
  }
  guard ferror(file) == 0 else { throw TaskError(.inputOutput, "\(path): reading failed underway") }
  return hash.hexadecimal()
}
