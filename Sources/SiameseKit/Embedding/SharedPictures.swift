import Foundation
import SiameseImages

/// Pictures of which several rows are made, each decoded once: kept from the first row that asks until the last has it.
///
/// Rows of one picture follow each other, so that about as many pictures are kept as there are threads that ask.
final class SharedPictures: @unchecked Sendable {
  private struct Entry {
    /// nil while a thread is decoding it.
    var result: Result<Picture, any Error>?
    var usesLeft: Int
  }

  private let usesEach: Int
  private let decode: @Sendable (Int) throws -> Picture
  private let condition = NSCondition()
  private var entries: [Int: Entry] = [:]

  /// - Parameters:
  ///   - usesEach: How often each picture is asked for.
  ///   - decode: Called on several threads at once, once for each picture.
  init(usesEach: Int, decode: @escaping @Sendable (Int) throws -> Picture) {
    (self.usesEach, self.decode) = (usesEach, decode)
  }

  /// Safe to ask for from several threads at once; those that ask while one decodes wait for it.
  /// - Throws: what decoding the picture threw, to each who asks.
  subscript(place: Int) -> Picture {
    get throws {
      guard usesEach > 1 else { return try decode(place) }
      if condition.withLock({ claim(place) }) {
        let result = Result { try decode(place) }
        condition.withLock {
          entries[place]?.result = result
          condition.broadcast()
        }
      }
      return try condition.withLock { take(place) }.get()
    }
  }

  /// Whether nobody has asked for it before, so that the caller is the one to decode it.
  private func claim(_ place: Int) -> Bool {
    guard entries[place] == nil else { return false }
    entries[place] = Entry(result: nil, usesLeft: usesEach)
    return true
  }

  private func take(_ place: Int) -> Result<Picture, any Error> {
    while true {
      guard var entry = entries[place], let result = entry.result else {
        condition.wait()
        continue
      }
      entry.usesLeft -= 1
      entries[place] = entry.usesLeft > 0 ? entry : nil
      return result
    }
  }
}
