import SiameseImages
import SiameseRandom

/// An invented script: any number of characters, each drawn by any number of hands.
///
/// Characters are classes for trying out and testing one-shot learning without any data at hand: a seed fixes the
/// alphabet, a class number the character's strokes, a drawer number the hand that writes it. The same three numbers
/// give the same picture everywhere.
///
/// ```swift
/// let alphabet = GlyphAlphabet(seed: 7)
/// let a = alphabet.picture(class: 0, drawer: 0, size: 64)
/// let b = alphabet.picture(class: 0, drawer: 1, size: 64)    // the same character in another hand
/// ```
package struct GlyphAlphabet: Sendable, Equatable {
  /// What the characters of an alphabet have in common.
  package enum Style: String, Sendable, CaseIterable {
    /// Bows, loops and hooks.
    case script
    /// Straight strokes and sharp turns.
    case runes
    /// Both, in shares that the seed decides.
    case mixed
  }

  /// Fixes the alphabet: another seed, another script.
  package let seed: UInt64
  /// What its characters have in common.
  package let style: Style

  /// The alphabet of that seed and style.
  package init(seed: UInt64, style: Style = .mixed) {
    self.seed = seed
    self.style = style
  }

  /// The character of a class in one drawer's hand, dark on white, `size` pixels wide and high.
  /// - Complexity: O(strokes · `size`).
  package func picture(class index: Int, drawer: Int, size: Int) -> GreyPicture {
    precondition(index >= 0 && drawer >= 0 && size > 0, "classes, drawers and sizes are not negative")
    let skeleton = GlyphSkeleton(alphabet: self, index: index)
    var random = SplitMix64(parts: seed, 3, UInt64(index), UInt64(drawer))
    let hand = GlyphHand(random: SplitMix64(parts: seed, 2, UInt64(drawer)))
    return hand.draw(skeleton, size: size, random: &random)
  }
}
