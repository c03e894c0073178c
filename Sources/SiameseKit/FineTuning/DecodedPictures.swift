import Foundation
import SiameseImages

/// Picture files, each kept once decoded as long as all kept ones fit a limit; training comes back to them many times.
final class DecodedPictures: @unchecked Sendable {
  private let paths: [String]
  private let byteLimit: Int
  private let lock = NSLock()
  private var kept: [Picture?]
  private var byteCount = 0

  init(_ paths: [String], byteLimit: Int = 512 << 20) {
    self.paths = paths
    self.byteLimit = byteLimit
    kept = Array(repeating: nil, count: paths.count)
  }

  /// Safe to ask for from several threads at once.
  /// - Throws: `ImageError` where the file cannot be read.
  subscript(_ index: Int) -> Picture {
    get throws {
      if let picture = lock.withLock({ kept[index] }) { return picture }
      let picture = try Picture(contentsOf: paths[index])
      lock.withLock {
        guard kept[index] == nil, byteCount + picture.pixels.count <= byteLimit else { return }
        kept[index] = picture
        byteCount += picture.pixels.count
      }
      return picture
    }
  }
}
