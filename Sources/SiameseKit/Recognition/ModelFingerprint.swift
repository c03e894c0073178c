import Foundation
import SiameseFiles
import SiameseMetricLearning
import SiameseTensors

extension SiameseModel {
  /// A hash of what makes embeddings: weights, layer, preprocessing and distance. Calibrating a model leaves it as it is.
  package func fingerprint() throws -> String {
    let hash = SHA256()
    func add(_ text: String) { hash.update(text + "\0") }
    add(backbone.preprocessing.rawValue)
    add(distance.name)
    add("\(backbone.inputShape)")
    if let views = backbone.views { add(views.description) }
    func add(_ path: String, _ tensor: Tensor) {
      add(path)
      add("\(tensor.shape)")
      tensor.elements.withUnsafeBytes { hash.update($0) }
    }
    for (path, _) in backbone.graph.parameterShapes { add(path, try backbone.parameters.tensor(path)) }
    for (path, tensor) in (joint?.parameters ?? [:]).sorted(by: { $0.key < $1.key }) { add(path, tensor) }
    return hash.hexadecimal()
  }
}
