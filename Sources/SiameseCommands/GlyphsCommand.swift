import ArgumentParser
import SiameseKit

struct GlyphsCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "glyphs",
    abstract: "Draw pictures of invented handwritten characters, to try things out with.",
    discussion: """
      Makes a folder of pictures as --data takes it: one folder per character, one picture per hand, in alphabets whose \
      characters resemble each other. The same options give the same pictures.

      EXAMPLES
        siamese glyphs --output glyphs --classes 40 --per-class 20 --seed 7
        siamese glyphs --output runes --alphabets 5 --classes 100 --per-class 20 --style runes --seed 1
      """)

  @Option(
    name: .shortAndLong, help: ArgumentHelp("The folder to write to; made if it is not there.", valueName: "folder"))
  var output: String

  @Option(help: ArgumentHelp("How many characters, shared among the alphabets.", valueName: "n"))
  var classes: Int = 40

  @Option(help: ArgumentHelp("How many pictures of each, every one in a hand of its own.", valueName: "n"))
  var perClass: Int = 20

  @Option(help: ArgumentHelp("How many alphabets.", valueName: "n"))
  var alphabets: Int = 1

  @Option(help: ArgumentHelp("What the strokes are like: script, runes or mixed.", valueName: "style"))
  var style: GlyphAlphabet.Style = .mixed

  @Option(help: ArgumentHelp("Width and height of the pictures.", valueName: "pixels"))
  var size: Int = 64

  @Option(help: ArgumentHelp("The first alphabet's seed; the others' follow it.", valueName: "n"))
  var seed: UInt64 = 1

  func run() throws {
    try requireWritable([Output("--output", output, .folder)])
    let collection = GlyphCollection(
      seed: seed, style: style, alphabetCount: alphabets, classCount: classes, perClass: perClass, size: size)
    let bar = ProgressBar()
    try collection.write(to: output) { written, total in
      if written % 100 == 0 || written == total {
        bar.update(ProgressUpdate(phase: "drawing", completed: written, total: total, unit: "pictures"))
      }
    }
    bar.finish()
  }
}

extension GlyphAlphabet.Style: ExpressibleByArgument {}
