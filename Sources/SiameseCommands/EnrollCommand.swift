import ArgumentParser
import SiameseKit

struct EnrollCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "enroll",
    abstract: "Add people to a gallery.",
    discussion: """
      Embeds pictures with the model and keeps embeddings, names and paths in the gallery, one file, made where there is \
      none. All pictures of one call go in together or not at all, also when the process is killed; several processes may \
      use one gallery. A picture enrolled again under the same name is embedded anew.

      EXAMPLES
        siamese enroll --model faces.h5 --gallery people.gallery --data people
        siamese enroll --model faces.h5 --gallery people.gallery --identity Ann --images ann1.png ann2.png
      """)

  @OptionGroup var network: ModelOptions

  @Option(help: ArgumentHelp("The gallery.", valueName: "file"))
  var gallery: String

  @Option(help: ArgumentHelp("Whose the pictures of --images are.", valueName: "name"))
  var identity: String?

  @OptionGroup var pictures: PictureOptions
  @OptionGroup var figures: FigureOptions
  @OptionGroup(title: "Computing") var compute: ComputeOptions

  func validate() throws {
    guard (identity != nil) == (pictures.data == nil) else {
      throw ValidationError("Give --identity with --images; pictures of --data are named by their folders.")
    }
    guard identity?.isEmpty != true else {
      throw ValidationError("--identity must name somebody, found an empty name.")
    }
  }

  func run() throws {
    try requireWritable(
      [Output("--gallery", gallery), figures.output], inputs: [network.model, pictures.data] + pictures.images)
    var list = try pictures.list()
    if let identity { list = LabelledPictures(paths: list.paths, labels: list.paths.map { _ in identity }) }
    let recogniser = try Recogniser(model: network.open(), gallery: gallery, creating: true, options: compute.embedding)
    let bar = ProgressBar()
    let (enrolment, skipped) = try recogniser.enroll(list, strict: pictures.strict, progress: bar.update)
    bar.finish()
    report(skipped)
    try figures.publish(enrolment) {
      table([
        ("new people", grouped(enrolment.newIdentities)), ("new pictures", grouped(enrolment.newPictures)),
        ("renewed pictures", grouped(enrolment.renewedPictures)), ("gallery", gallery),
      ])
    }
  }
}
