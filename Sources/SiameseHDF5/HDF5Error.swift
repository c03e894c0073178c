/// Why an HDF5 file could not be read or written.
///
/// Every case names the file; where it matters also the path inside it, what was expected and what was found.
public enum HDF5Error: Error, Equatable, CustomStringConvertible, Sendable {
  /// There is nothing under that name.
  case missingFile(String)
  /// The system would not let us read it.
  case unreadable(file: String, reason: String)
  /// It does not begin as an HDF5 file does.
  case notHDF5(file: String, start: String)
  /// The file ends before its own superblock says.
  case truncated(file: String, expectedBytes: Int, foundBytes: Int)
  /// Something inside contradicts itself, the file's length, or the format.
  case damaged(file: String, path: String, reason: String)
  /// What was asked for is not there; `holds` is what is.
  case absent(file: String, path: String, kind: String, holds: [String])
  /// It is there but is another kind of thing.
  case wrongKind(file: String, path: String, expected: String, found: String)
  /// A data set has another shape than the asker needs.
  case wrongShape(file: String, path: String, expected: [Int], found: [Int])
  /// A part of the format that this package does not read.
  case unsupported(file: String, path: String, feature: String)
  /// The file could not be written; nothing has changed under its name.
  case unwritable(file: String, reason: String)

  /// The file, what is wrong with it and what to do, in one sentence.
  public var description: String {
    switch self {
    case .missingFile(let file): "\(file): there is no such file; check the path"
    case .unreadable(let file, let reason): "\(file): cannot be read (\(reason)); check its permissions"
    case .notHDF5(let file, let start):
      "\(file): is not an HDF5 file (it starts with \(start), expected the HDF5 signature); give a file that Keras or "
        + "h5py has saved"
    case .truncated(let file, let expected, let found):
      "\(file): is truncated (its superblock declares \(expected) bytes, found \(found)); copy or download it again"
    case .damaged(let file, let path, let reason):
      "\(file): is damaged at '\(path)' (\(reason)); copy or download it again"
    case .absent(let file, let path, let kind, let holds):
      "\(file): has no \(kind) '\(path)'; "
        + (holds.isEmpty ? "nothing is there" : "what is there: \(HDF5Error.list(holds))")
    case .wrongKind(let file, let path, let expected, let found):
      "\(file): '\(path)' should be \(expected), found \(found); check that this is the file you mean"
    case .wrongShape(let file, let path, let expected, let found):
      "\(file): '\(path)' should have shape \(expected), found \(found); check that this is the file you mean"
    case .unsupported(let file, let path, let feature):
      "\(file): '\(path)' uses \(feature), which is not read here; save it again with h5py's default settings"
    case .unwritable(let file, let reason):
      "\(file): could not be written (\(reason)); what was there before is unchanged"
    }
  }

  /// At most eight names, and how many more.
  private static func list(_ names: [String]) -> String {
    let shown = names.prefix(8).map { "'\($0)'" }.joined(separator: ", ")
    return names.count > 8 ? "\(shown) and \(names.count - 8) more" : shown
  }
}
