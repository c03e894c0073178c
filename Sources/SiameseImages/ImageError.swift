/// Why a picture, a folder of pictures or a list of them could not be read or written.
public enum ImageError: Error, Equatable, Sendable, CustomStringConvertible {
  /// There is nothing at that path.
  case missing(path: String)
  /// The operating system refused to read it.
  case unreadable(path: String, reason: String)
  /// The operating system refused to write it.
  case unwritable(path: String, reason: String)
  /// Readable, but not a picture of a known format; `found` says what it looks like.
  case unknownFormat(path: String, found: String)
  /// A picture file that is damaged, cut short or of a kind its format's library does not decode.
  case damaged(path: String, format: String, reason: String)
  /// More pixels than the limit allows, found in the header before anything was allocated.
  case tooLarge(path: String, width: Int, height: Int, limit: Int)
  /// The folder of pictures does not exist.
  case folderMissing(path: String)
  /// The path of a folder of pictures leads to something else.
  case notAFolder(path: String)
  /// The folder holds no picture.
  case folderEmpty(path: String)
  /// A list of pictures is malformed at one line.
  case malformedList(path: String, line: Int, reason: String)
  /// A list of pictures names none.
  case listEmpty(path: String)
  /// An augmentation's description is wrong at one item.
  case badAugmentation(item: String, reason: String)
  /// The pictures of a contact sheet cannot be laid out.
  case badSheet(reason: String)

  /// What happened to which file, and what to do, in one sentence.
  public var description: String {
    switch self {
    case .missing(let path): "'\(path)' does not exist; check the path"
    case .unreadable(let path, let reason): "'\(path)' cannot be read: \(reason)"
    case .unwritable(let path, let reason): "'\(path)' cannot be written: \(reason)"
    case .unknownFormat(let path, let found):
      "'\(path)' is not a picture this program reads: expected PNG, JPEG or PGM/PPM, found \(found); "
        + "convert it or take it out"
    case .damaged(let path, let format, let reason):
      "'\(path)' is a damaged or unsupported \(format) picture: \(reason); replace it or take it out"
    case .tooLarge(let path, let width, let height, let limit):
      "'\(path)' is \(width)×\(height) pixels, more than the limit of \(limit) pixels; "
        + "scale it down or raise the limit"
    case .folderMissing(let path):
      "the picture folder '\(path)' does not exist; give a folder with one sub-folder of pictures per class"
    case .notAFolder(let path):
      "'\(path)' is not a folder; give a folder with one sub-folder of pictures per class"
    case .folderEmpty(let path):
      "the folder '\(path)' holds no pictures; expected files ending in "
        + LabelledPictures.extensions.joined(separator: ", ") + ", one sub-folder per class"
    case .malformedList(let path, let line, let reason): "'\(path)', line \(line): \(reason)"
    case .listEmpty(let path): "the list '\(path)' names no pictures"
    case .badAugmentation(let item, let reason): "augmentation '\(item)': \(reason)"
    case .badSheet(let reason): reason
    }
  }

  /// The file or folder it is about, if any.
  public var path: String? {
    switch self {
    case .missing(let path), .unreadable(let path, _), .unwritable(let path, _), .unknownFormat(let path, _),
      .damaged(let path, _, _), .tooLarge(let path, _, _, _), .folderMissing(let path), .notAFolder(let path),
      .folderEmpty(let path), .malformedList(let path, _, _), .listEmpty(let path):
      path
    case .badAugmentation, .badSheet: nil
    }
  }
}
