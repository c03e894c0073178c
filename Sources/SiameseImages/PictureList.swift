import Foundation
import SiameseFiles

extension LabelledPictures {
  /// The pictures of a list with one `identity,path` in a line, as re-identification data sets use.
  ///
  /// Fields may be quoted (a doubled quote stands for one); empty lines and lines that start with `#` are skipped; a
  /// first line `identity,path` (or `label`, `class`, `pid` with `path`, `file`, `image`, `fid`) is a heading. Relative
  /// paths start at `root`, which is the list's own folder unless given. Order is that of the list.
  ///
  /// - Throws: `ImageError` where the list is missing, names no picture, or a line has other than two fields. Whether
  ///   the pictures exist shows when they are read.
  public init(list path: String, root: String? = nil) throws(ImageError) {
    let root = root ?? path.pathFolder
    var paths: [String] = [], labels: [String] = []
    for (number, line) in try FileBytes.lines(of: path) {
      if line.allSatisfy(\.isWhitespace) || line.hasPrefix("#") { continue }
      guard let fields = Self.fields(line) else {
        throw .malformedList(path: path, line: number, reason: "a quoted field does not end")
      }
      guard fields.count == 2 else {
        throw .malformedList(
          path: path, line: number, reason: "expected two fields, identity,path, found \(fields.count)")
      }
      let isHeading =
        paths.isEmpty && ["identity", "label", "class", "pid"].contains(fields[0].lowercased())
        && ["path", "file", "image", "fid"].contains(fields[1].lowercased())
      if isHeading { continue }
      guard !fields[1].isEmpty else {
        throw .malformedList(path: path, line: number, reason: "the path is empty")
      }
      labels.append(fields[0])
      paths.append(fields[1].hasPrefix("/") || root.isEmpty ? fields[1] : "\(root)/\(fields[1])")
    }
    guard !paths.isEmpty else { throw .listEmpty(path: path) }
    self.init(paths: paths, labels: labels)
  }

  /// The fields of a line, without the white space around them; `nil` where a quote is left open.
  private static func fields(_ line: Substring) -> [String]? {
    var fields: [String] = [], field = ""
    var isQuoted = false, wasQuoted = false
    var rest = line[...]
    while let next = rest.popFirst() {
      if isQuoted {
        if next != "\"" {
          field.append(next)
        } else if rest.first == "\"" {
          field.append(rest.removeFirst())
        } else {
          isQuoted = false
        }
      } else if next == "\"", field.allSatisfy(\.isWhitespace), !wasQuoted {
        (isQuoted, wasQuoted, field) = (true, true, "")
      } else if next == "," {
        fields.append(wasQuoted ? field : field.trimmingCharacters(in: .whitespaces))
        (field, wasQuoted) = ("", false)
      } else if !(wasQuoted && next.isWhitespace) {
        field.append(next)
      }
    }
    fields.append(wasQuoted ? field : field.trimmingCharacters(in: .whitespaces))
    return isQuoted ? nil : fields
  }
}
