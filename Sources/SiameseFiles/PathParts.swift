/// The parts of a path, taken as plain text. An empty path has empty parts.
///
/// Foundation's `NSString` offers the same, but its `deletingLastPathComponent` traps on a path of one character.
///
///     "faces/anna/1.JPG".pathFolder      // "faces/anna"
///     "faces/anna/1.JPG".pathName        // "1.JPG"
///     "faces/anna/1.JPG".pathExtension   // "jpg"
extension String {
  /// The folder that holds the file or folder: `a` for `a/b`, the empty string for `b`, `/` for `/b` and for `/` itself.
  package var pathFolder: String {
    let path = withoutTrailingSlashes
    guard path != "/", let slash = path.lastIndex(of: "/") else { return path == "/" ? "/" : "" }
    let folder = String(path[..<slash]).withoutTrailingSlashes
    return folder.isEmpty ? "/" : folder
  }

  /// The last part: `b` for `a/b` and for `a/b/`.
  package var pathName: String {
    let path = withoutTrailingSlashes
    guard path != "/", let slash = path.lastIndex(of: "/") else { return path }
    return String(path[path.index(after: slash)...])
  }

  /// What follows the last dot of the last part, in lower case, so that formats are told regardless of case; the empty
  /// string where there is no dot, or only one that begins a hidden file's name.
  package var pathExtension: String {
    guard let dot = extensionDot else { return "" }
    return pathName[pathName.index(after: dot)...].lowercased()
  }

  /// Whether the extension is that of an HDF5 file: `.h5` or `.hdf5`, in capitals or not.
  package var isHDF5Path: Bool { ["h5", "hdf5"].contains(pathExtension) }

  /// The path without its extension and the dot before it.
  package var pathWithoutExtension: String {
    guard let dot = extensionDot else { return self }
    let path = withoutTrailingSlashes
    return String(path.dropLast(pathName[dot...].count))
  }

  /// The dot before the extension, as an index of `pathName`.
  private var extensionDot: String.Index? {
    let name = pathName
    guard let dot = name.lastIndex(of: "."), dot > name.startIndex, name.index(after: dot) < name.endIndex else {
      return nil
    }
    return dot
  }

  private var withoutTrailingSlashes: String {
    var end = endIndex
    while end > startIndex, self[index(before: end)] == "/" { end = index(before: end) }
    return end == startIndex && !isEmpty ? "/" : String(self[..<end])
  }
}
