/// Why a collection of glyphs could not be drawn.
package enum GlyphError: Error, Equatable, Sendable, CustomStringConvertible {
  /// A number of alphabets, classes, pictures or pixels is none that can be drawn; `most` is the largest that can.
  case badCount(of: String, found: Int, most: Int)

  /// What is wrong with which number, in one sentence.
  package var description: String {
    switch self {
    case .badCount(let name, let found, let most): "the number of \(name) is \(found), expected 1 to \(most)"
    }
  }
}
