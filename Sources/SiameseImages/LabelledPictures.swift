import Foundation
import SiameseFiles

/// Paths of pictures and the class of each.
///
/// ```swift
/// let pictures = try LabelledPictures(folder: "faces")    // faces/alice/1.png, faces/bob/1.png …
/// pictures.classes                                         // ["alice", "bob"]
/// ```
public struct LabelledPictures: Sendable, Equatable {
  /// The pictures' paths, each of which can be opened as it stands.
  public private(set) var paths: [String]
  /// The class of each picture; empty where it has none.
  public private(set) var labels: [String]
  /// The classes that occur, in order.
  public private(set) var classes: [String]
  /// The position in `classes` of each picture's class.
  package private(set) var classIndices: [Int]

  /// The number of pictures.
  public var count: Int { paths.count }

  /// Names of files that are taken for pictures end in one of these, in either case.
  public static let extensions = ["png", "jpg", "jpeg", "pgm", "ppm", "pnm"]

  /// Pictures and their classes in the given order.
  public init(paths: [String], labels: [String]) {
    precondition(paths.count == labels.count, "every picture has a label")
    self.paths = paths
    self.labels = labels
    let index = ClassIndex(labels) { $0.utf8.lexicographicallyPrecedes($1.utf8) }
    (classes, classIndices) = (index.classes, index.indices)
  }

  /// The pictures at `indices`, in that order.
  public func selecting(_ indices: some Sequence<Int>) -> LabelledPictures {
    let indices = Array(indices)
    return LabelledPictures(paths: indices.map { paths[$0] }, labels: indices.map { labels[$0] })
  }

  /// The pictures below a folder, in order of their paths, byte by byte.
  ///
  /// A picture's class is the relative path of the folder it lies in; pictures directly in `folder` have an empty
  /// label. Names that start with a dot are skipped; links are followed, and a folder that is reached in several ways
  /// (or from within itself) is read once.
  ///
  /// - Throws: `ImageError` where the folder is missing, unreadable or holds no pictures.
  public init(folder: String) throws(ImageError) {
    var status = stat()
    guard stat(folder, &status) == 0 else {
      throw errno == ENOENT || errno == ENOTDIR
        ? .folderMissing(path: folder) : .unreadable(path: folder, reason: String(cString: strerror(errno)))
    }
    guard status.st_mode & S_IFMT == S_IFDIR else { throw .notAFolder(path: folder) }

    var found: [(relative: String, label: String)] = []
    var visited = Set<[UInt64]>()
    var real = [""]
    // Links to folders wait until all real folders are read, so that a class keeps the name of its real folder.
    var linked: [String] = []
    while let relative = real.popLast() ?? (linked.isEmpty ? nil : linked.removeFirst()) {
      let path = relative.isEmpty ? folder : "\(folder)/\(relative)"
      guard stat(path, &status) == 0 else { continue }
      guard visited.insert([UInt64(status.st_dev), UInt64(status.st_ino)]).inserted else { continue }
      let names: [String]
      do { names = try FileManager.default.contentsOfDirectory(atPath: path) } catch {
        throw .unreadable(path: path, reason: "its list of files was refused; check its permissions")
      }
      for name in names.sorted() where !name.hasPrefix(".") {
        let inner = relative.isEmpty ? name : "\(relative)/\(name)"
        // A dangling link is kept when it is named like a picture: reading it says what is wrong.
        let exists = stat("\(folder)/\(inner)", &status) == 0
        if exists, status.st_mode & S_IFMT == S_IFDIR {
          var link = stat()
          let isLink = lstat("\(folder)/\(inner)", &link) == 0 && link.st_mode & S_IFMT == S_IFLNK
          if isLink { linked.append(inner) } else { real.append(inner) }
        } else if Self.extensions.contains(name.pathExtension) {
          found.append((inner, relative))
        }
      }
    }
    guard !found.isEmpty else { throw .folderEmpty(path: folder) }
    found.sort { $0.relative.utf8.lexicographicallyPrecedes($1.relative.utf8) }
    let prefix = folder.hasSuffix("/") ? folder : folder + "/"
    self.init(paths: found.map { prefix + $0.relative }, labels: found.map(\.label))
  }
}
