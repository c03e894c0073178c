import ArgumentParser
import SiameseKit

/// The command `siamese`: one subcommand a task.
public struct SiameseCommand: ParsableCommand {
  /// What help says, and the subcommands.
  public static let configuration = CommandConfiguration(
    commandName: "siamese",
    abstract: "Embeddings, siamese fine-tuning and kernel machines over pretrained networks.",
    discussion: """
      Reads a pretrained network from the HDF5 file in which Keras left it, turns pictures into embeddings, sharpens \
      them with siamese training, and decides with them: same or different, who is it, which class.

      EXAMPLES
        siamese inspect weights.h5
        siamese embed --backbone weights.h5 --data pictures --output features.npy
        siamese finetune --backbone weights.h5 --data pictures --output model.h5
        siamese verify --model model.h5 a.png b.png
      """,
    version: toolVersion,
    subcommands: [
      InspectCommand.self,
      EmbedCommand.self,
      FinetuneCommand.self,
      VerifyCommand.self,
      AugmentCommand.self,
      GlyphsCommand.self,
      SVMCommand.self,
      BenchCommand.self,
      GradientsCommand.self,
      EvaluateCommand.self,
      CalibrateCommand.self,
      EnrollCommand.self,
      IdentifyCommand.self,
      GalleryCommand.self,
      ReportCommand.self,
    ]
  )

  /// For parsing.
  public init() {}
}
