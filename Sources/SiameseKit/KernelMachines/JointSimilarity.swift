import Foundation
import SiameseMetricLearning
import SiameseSupportVectors
import SiameseTensors

extension SiameseModel {
  /// The joint layers as a kernel: the probability `1 / (1 + exp(−s))` that two embeddings are of one class. Symmetric, but
  /// nothing makes it positive semi-definite; `siamese svm check-kernel` says whether it is.
  ///
  /// Its name holds a hash of the weights, so that a machine is never used with other layers than those it was trained with.
  /// - Throws: `TaskError` where the model has no joint layers.
  public func jointSimilarity() throws -> Similarity {
    guard let joint else {
      throw TaskError(
        .badInput,
        "\(backbone.path): holds no joint layers; make a model that does with siamese-finetune --joint absdiff,product:64,1"
      )
    }
    return Similarity(name: "joint \(joint.head) \(try fingerprint().prefix(12))") { left, right in
      guard left.rowWidth == joint.width, right.rowWidth == joint.width else {
        throw TaskError(
          .badInput,
          "joint layers compare embeddings of \(joint.width) numbers, and these have \(left.rowWidth); take the "
            + "features that siamese embed makes with the same model")
      }
      var values = joint.similarities(left, right)
      for k in values.elements.indices { values.elements[k] = 1 / (1 + exp(-values.elements[k])) }
      return values
    }
  }
}
