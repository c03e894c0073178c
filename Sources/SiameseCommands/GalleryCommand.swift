import ArgumentParser
import SiameseKit

struct GalleryCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "gallery",
    abstract: "Look after a gallery: who is in it, forget somebody, move to another model.",
    discussion: """
      EXAMPLES
        siamese gallery list --gallery people.gallery
        siamese gallery remove --gallery people.gallery Ann
        siamese gallery re-embed --gallery people.gallery --model better.h5
      """,
    subcommands: [
      GalleryListCommand.self, GalleryRemoveCommand.self, GalleryReembedCommand.self, GalleryBenchCommand.self,
    ])
}

struct GalleryListCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "list", abstract: "Who is in a gallery, with how many pictures.",
    discussion: "EXAMPLE\n  siamese gallery list --gallery people.gallery --json")

  @Option(help: ArgumentHelp("The gallery.", valueName: "file"))
  var gallery: String

  @OptionGroup var figures: FigureOptions

  func run() throws {
    try requireWritable([figures.output], inputs: [gallery])
    let people = try Gallery(path: gallery).identities()
    try figures.publish(people) {
      people.isEmpty
        ? "nobody" : table(people.map { ($0.name, "\($0.pictures.count) picture\($0.pictures.count == 1 ? "" : "s")") })
    }
  }
}

struct GalleryRemoveCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "remove", abstract: "Forget somebody and all of their pictures.",
    discussion: "EXAMPLE\n  siamese gallery remove --gallery people.gallery Ann")

  @Option(help: ArgumentHelp("The gallery.", valueName: "file"))
  var gallery: String

  @Argument(help: "Whom to forget.")
  var identity: String

  func run() throws {
    let count = try Gallery(path: gallery).remove(identity: identity)
    print("forgot \(identity) and \(count) picture\(count == 1 ? "" : "s")")
  }
}

struct GalleryReembedCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "re-embed", abstract: "Embed a gallery's pictures anew with another model.",
    discussion: """
      The model is the one to move to. Reads every enrolled picture from its path again. A picture that is gone or \
      cannot be read ends the command, and the gallery stays as it was.

      EXAMPLE
        siamese gallery re-embed --gallery people.gallery --model better.h5
      """)

  @Option(help: ArgumentHelp("The gallery.", valueName: "file"))
  var gallery: String

  @OptionGroup var network: ModelOptions

  @OptionGroup(title: "Computing") var compute: ComputeOptions

  func run() throws {
    try requireWritable([Output("--gallery", gallery)], inputs: [network.model])
    let bar = ProgressBar()
    let count = try Recogniser.reembed(
      gallery: gallery, model: network.open(), options: compute.embedding, progress: bar.update)
    bar.finish()
    print("\(gallery): \(count) pictures embedded anew with \(network.model)")
  }
}
