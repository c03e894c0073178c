import Foundation

/// Runs `body` with the path of a fresh folder that is removed afterwards.
package func withTemporaryFolder<Result>(_ body: (String) throws -> Result) throws -> Result {
  let folder = FileManager.default.temporaryDirectory.appending(path: "siamese-test-\(UUID().uuidString)")
  try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
  defer { try? FileManager.default.removeItem(at: folder) }
  return try body(folder.resolvingSymlinksInPath().path)
}

/// The same with the folder's address.
package func withTemporaryFolderURL<Result>(_ body: (URL) throws -> Result) throws -> Result {
  try withTemporaryFolder { try body(URL(filePath: $0)) }
}

/// The text of the error that `body` throws, or the empty string where it throws none.
package func message(_ body: () throws -> Void) -> String {
  do { try body() } catch { return "\(error)" }
  return ""
}
