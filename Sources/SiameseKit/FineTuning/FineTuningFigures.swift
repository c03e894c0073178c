import Foundation
import SiameseFiles

/// The figures of a run of fine-tuning, as `--metrics` writes them; `Docs/Metrics.md` says what each key means.
package struct FineTuningFigures: Encodable {
  struct DataFigures: Encodable {
    let pictures, skipped, trainingClasses, heldOutClasses: Int
    private enum CodingKeys: String, CodingKey {
      case pictures, skipped, trainingClasses = "training_classes", heldOutClasses = "held_out_classes"
    }
  }
  struct BackboneFigures: Encodable {
    let file: String, architecture: String?, layer: String, width: Int, preprocessing: String
  }

  let version: String
  let backbone: BackboneFigures
  let data: DataFigures
  let distance: String
  let seed: UInt64
  let before: EmbeddingQuality
  let after: EmbeddingQuality
  let training: TrainingSummary
  let svm: SVMQuality?

  /// The figures of a run of this recipe from this backbone.
  package init(_ result: FineTuningResult, backbone: Backbone, recipe: FineTuningRecipe) {
    version = toolVersion
    self.backbone = BackboneFigures(
      file: backbone.path.pathName, architecture: backbone.architecture, layer: backbone.layer,
      width: backbone.embeddingWidth, preprocessing: backbone.preprocessing.rawValue)
    data = DataFigures(
      pictures: result.features.count, skipped: result.skipped.count, trainingClasses: result.trainingClasses,
      heldOutClasses: result.heldOutClasses)
    distance = result.model.distance.name
    seed = recipe.seed
    before = result.before
    after = result.after
    training = result.training
    svm = result.svm
  }
}
