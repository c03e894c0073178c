/// Why a gallery cannot be used, and what to do about it.
public enum GalleryError: Error, Equatable, CustomStringConvertible {
  /// There is no file at that path.
  case missing(path: String)
  /// The file is something else.
  case notAGallery(path: String, found: String)
  /// A later version of this package made it.
  case newerFormat(path: String, found: Int, known: Int)
  /// Another model made it than the one given.
  case otherModel(path: String, expected: Gallery.Model, found: Gallery.Model)
  /// It compares by another distance than the model does.
  case otherDistance(path: String, expected: String, found: String)
  /// An embedding has another number of columns.
  case width(path: String, expected: Int, found: Int)
  /// An embedding holds NaN or an infinite value.
  case notFinite(picture: String)
  /// Nobody is called that.
  case unknownIdentity(path: String, name: String)
  /// Something inside contradicts itself.
  case damaged(path: String, place: String, expected: String, found: String)
  /// Another process kept it locked for too long.
  case busy(path: String, seconds: Int)
  /// SQLite refused; the message is its own.
  case database(path: String, message: String)

  /// What happened to which gallery, and what to do, in one sentence.
  public var description: String {
    switch self {
    case .missing(let path):
      "there is no gallery at '\(path)'; make one with siamese enroll --gallery \(path)"
    case .notAGallery(let path, let found):
      "'\(path)' is no gallery: expected a file made by siamese enroll, found \(found)"
    case .newerFormat(let path, let found, let known):
      "gallery '\(path)' has format \(found), this version reads up to \(known); use a newer version of siamese"
    case .otherModel(let path, let expected, let found):
      "gallery '\(path)' was made with another model (\(found.name), \(found.hash.prefix(12))…) than the one given "
        + "(\(expected.name), \(expected.hash.prefix(12))…); embed its pictures anew with siamese gallery re-embed "
        + "--gallery \(path) --model \(expected.name)"
    case .otherDistance(let path, let expected, let found):
      "gallery '\(path)' compares by \(found), the model by \(expected); embed its pictures anew with siamese gallery "
        + "re-embed --gallery \(path)"
    case .width(let path, let expected, let found):
      "gallery '\(path)' holds embeddings of \(expected) numbers, found one of \(found)"
    case .notFinite(let picture):
      "the embedding of '\(picture)' holds NaN or an infinite value; look at the picture or at the model"
    case .unknownIdentity(let path, let name):
      "gallery '\(path)' knows nobody called '\(name)'; siamese gallery list --gallery \(path) shows who is there"
    case .damaged(let path, let place, let expected, let found):
      "gallery '\(path)' is damaged at \(place): expected \(expected), found \(found); restore it from a copy"
    case .busy(let path, let seconds):
      "gallery '\(path)' was kept busy by another process for \(seconds) seconds; try again when that has finished"
    case .database(let path, let message):
      "gallery '\(path)': \(message)"
    }
  }
}
