import Foundation
import SiameseFiles
import SiameseImages

/// Glyphs to be written as a folder of pictures: several alphabets of invented characters, each in several hands.
///
/// ```swift
/// try GlyphCollection(seed: 1, alphabetCount: 5, classCount: 100, perClass: 20).write(to: "glyphs")
/// // glyphs/alphabet1/character001/01.png …
/// ```
package struct GlyphCollection: Sendable, Equatable {
  /// The first alphabet's seed; the others' follow it.
  package var seed: UInt64
  /// What the characters have in common.
  package var style: GlyphAlphabet.Style
  /// The number of alphabets.
  package var alphabetCount: Int
  /// The number of characters in all, shared evenly among the alphabets.
  package var classCount: Int
  /// The number of hands, each of which writes every character once.
  package var perClass: Int
  /// Width and height of each picture.
  package var size: Int

  /// A collection of that many characters in that many hands.
  package init(
    seed: UInt64, style: GlyphAlphabet.Style = .mixed, alphabetCount: Int = 1, classCount: Int, perClass: Int,
    size: Int = 64
  ) {
    self.seed = seed
    self.style = style
    self.alphabetCount = alphabetCount
    self.classCount = classCount
    self.perClass = perClass
    self.size = size
  }

  /// Writes `folder/alphabetA/characterC/H.png` for every alphabet, character and hand; all numbers start at 1.
  ///
  /// - Parameter progress: Told the number of pictures written so far, and of all.
  /// - Throws: `GlyphError` where a count is not positive or too large, `FileError` where a picture cannot be written.
  package func write(to folder: String, progress: (_ written: Int, _ total: Int) -> Void = { _, _ in }) throws {
    for (name, count, most) in [
      ("alphabets", alphabetCount, 10_000), ("classes", classCount, 1_000_000),
      ("pictures per class", perClass, 1_000_000),
      ("pixels", size, 4096),
    ] {
      guard (1...most).contains(count) else {
        throw GlyphError.badCount(of: name, found: count, most: most)
      }
    }
    var written = 0
    for alphabet in 0..<min(alphabetCount, classCount) {
      let glyphs = GlyphAlphabet(seed: seed &+ UInt64(alphabet), style: style)
      let characters = (classCount + alphabetCount - 1 - alphabet) / alphabetCount
      for character in 0..<characters {
        let path =
          "\(folder)/alphabet\(number(alphabet, of: alphabetCount))"
          + "/character\(number(character, of: (classCount + alphabetCount - 1) / alphabetCount))"
        do { try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true) } catch {
          throw FileError.unwritable(file: path, reason: "its folder cannot be made")
        }
        for hand in 0..<perClass {
          let data = try glyphs.picture(class: character, drawer: hand, size: size).pngData()
          try AtomicFile.write(data, to: "\(path)/\(number(hand, of: perClass)).png", flushes: false)
          written += 1
          progress(written, classCount * perClass)
        }
      }
    }
  }

  /// Counted from 1, with zeros before, so that the order of names is that of numbers.
  private func number(_ index: Int, of count: Int) -> String {
    let digits = String(index + 1)
    return String(repeating: "0", count: max(0, String(count).count - digits.count)) + digits
  }
}
