import ArgumentParser
import SiameseKit

struct AugmentCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "augment",
    abstract: "Show what an --augment option makes of your pictures.",
    discussion: """
      Writes a sheet of pictures: each row starts with a picture as it is, followed by random changes of it, as training \
      would see them.

      The option is a list with commas between:
        flip, flip:P             exchange left and right, with probability P (0.5)
        crop:S                   keep a random part whose side is S to 1 of the picture's
        rotate:D, shear:D        turn, slant by up to D degrees
        shift:F, scale:F         move, enlarge or shrink by up to a share F
        affine:rotate=D:scale=F:shear=D:shift=F
                                 any of the four in one
        elastic:A, elastic:A:N   bend: points of an N×N grid (4) stray by a share A of the side
        brightness:F, contrast:F, saturation:F
                                 by a factor from 1 − F to 1 + F
        erase:P, erase:P:A       with probability P cover up to a share A (0.2) of the area
        mirror, quarter-turns    mirror images and turned pictures become further classes

      EXAMPLES
        siamese augment --augment flip,crop:0.9,rotate:10 --data faces --preview sheet.png
        siamese augment --augment quarter-turns,elastic:0.03 --images a.png b.png --preview sheet.jpg
      """)

  @Option(help: ArgumentHelp("The changes to show.", valueName: "list"))
  var augment: String

  @Option(help: ArgumentHelp("A folder of pictures, of which some are drawn at random.", valueName: "folder"))
  var data: String?

  @Option(parsing: .upToNextOption, help: ArgumentHelp("Pictures to show.", valueName: "files"))
  var images: [String] = []

  @Option(
    name: [.long, .customLong("output")],
    help: ArgumentHelp("Where to write the sheet: .png, .jpg or .ppm.", valueName: "file"))
  var preview: String

  @Option(help: ArgumentHelp("How many pictures of the folder.", valueName: "n"))
  var count: Int = 8

  @Option(help: ArgumentHelp("How many changes of each.", valueName: "n"))
  var draws: Int = 7

  @Option(help: ArgumentHelp("Width and height of each picture on the sheet.", valueName: "pixels"))
  var size: Int = 96

  @Option(help: ArgumentHelp("What the random choices start from.", valueName: "n"))
  var seed: UInt64 = 1

  func validate() throws {
    guard (data == nil) != images.isEmpty else { throw ValidationError("Give either --data or --images.") }
    for (name, value) in [("count", count), ("draws", draws), ("size", size)] where !(1...1000).contains(value) {
      throw ValidationError("--\(name) must be from 1 to 1000, found \(value).")
    }
  }

  func run() throws {
    let augmentation = try Augmentation(augment)
    try requireWritable([Output("--preview", preview)], inputs: [data] + images)
    var paths = images
    if let data {
      var random = SeededGenerator(seed: seed)
      let all = try LabelledPictures(folder: data).paths
      paths = all.indices.shuffled(using: &random).prefix(count).sorted().map { all[$0] }
    }
    let pictures = try paths.map { try Picture(contentsOf: $0) }
    try augmentation.preview(of: pictures, drawCount: draws, cellSize: size, seed: seed).write(to: preview)
    logLine("\(preview): \(pictures.count) pictures, \(draws) changes each by \(augmentation)")
  }
}
