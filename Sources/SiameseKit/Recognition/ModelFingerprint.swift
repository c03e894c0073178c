import CCrypto
import Foundation
import MetricLearning
import Tensors

extension SiameseModel {
  /// A hash of what makes embeddings: weights, layer, preprocessing and distance. Calibrating a model leaves it as it is.
  package func fingerprint() throws -> String {
    let context = EVP_MD_CTX_new()
    defer { EVP_MD_CTX_free(context) }
    EVP_DigestInit_ex(context, EVP_sha256(), nil)
    func add(_ text: String) {
      let bytes = Array(text.utf8) + [0]
      EVP_DigestUpdate(context, bytes, bytes.count)
    }
    add(backbone.preprocessing.rawValue)
    add(distance.name)
    add("\(backbone.inputShape)")
    if let views = backbone.views { add(views.description) }
    func add(_ path: String, _ tensor: Tensor) {
      add(path)
      add("\(tensor.shape)")
      tensor.elements.withUnsafeBytes { _ = EVP_DigestUpdate(context, $0.baseAddress, $0.count) }
    }
    for (path, _) in backbone.graph.parameterShapes { add(path, try backbone.parameters.tensor(path)) }
    for (path, tensor) in (joint?.parameters ?? [:]).sorted(by: { $0.key < $1.key }) { add(path, tensor) }
    var digest = [UInt8](repeating: 0, count: 32)
    EVP_DigestFinal_ex(context, &digest, nil)
    return digest.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
  }
}
