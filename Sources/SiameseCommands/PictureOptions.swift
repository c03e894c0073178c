import ArgumentParser
import SiameseFiles
import SiameseKit

/// Which pictures.
struct PictureOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp("A folder of pictures, one folder a class; or a .csv list of identity,path.", valueName: "dir"))
  var data: String?

  @Option(parsing: .upToNextOption, help: ArgumentHelp("Single pictures instead of a folder.", valueName: "file"))
  var images: [String] = []

  @Flag(help: "Stop at the first picture that cannot be read, instead of leaving it out and counting it.")
  var strict = false

  func validate() throws {
    guard (data != nil) != !images.isEmpty else {
      throw ValidationError("Give the pictures: --data folder, or --images file …, and only one of the two.")
    }
  }
}

extension PictureOptions {
  /// The pictures of the folder or list, or the single ones, without labels.
  func list() throws -> LabelledPictures {
    try data.map(labelledPictures) ?? LabelledPictures(paths: images, labels: images.map { _ in "" })
  }
}

/// The pictures of `--data`: a folder of one folder a class, or a `.csv` list.
func labelledPictures(_ data: String) throws -> LabelledPictures {
  data.pathExtension == "csv" ? try LabelledPictures(list: data) : try LabelledPictures(folder: data)
}

/// Says on standard error which pictures were left out, and how many.
func report(_ skipped: [SkippedPicture]) {
  for picture in skipped.prefix(10) { logLine("skipped \(picture.reason)") }
  if skipped.count > 10 { logLine("… and \(skipped.count - 10) more") }
  if !skipped.isEmpty { logLine("\(skipped.count) pictures were skipped; --strict stops at the first instead") }
}
