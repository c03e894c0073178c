import Foundation
import SiameseKeras

/// How a network is to be taken where that is not as its file says; what is nil stays as it is there.
public struct NetworkAdjustments: Sendable, Equatable {
  /// A name of the catalogue, for a weights-only file that fits several.
  public var architecture: String?
  /// The layer whose output is the embedding, or several with `+` between, as `Backbone.init(contentsOf:)` takes them.
  public var layer: String?
  /// `caffe`, `tf`, `torch` or `none`.
  public var preprocessing: String?
  /// The side of the square input in pixels.
  public var inputSize: Int?
  /// Test-time augmentation: the copies of each picture whose embeddings are averaged with its own.
  public var views: Views?

  /// By default nothing is adjusted.
  public init(
    architecture: String? = nil, layer: String? = nil, preprocessing: String? = nil, inputSize: Int? = nil,
    views: Views? = nil
  ) {
    self.architecture = architecture
    self.layer = layer
    self.preprocessing = preprocessing
    self.inputSize = inputSize
    self.views = views
  }
}

extension Backbone {
  /// Whether another backbone of the same weights takes pictures, and gives embeddings, as this one does.
  func embedsAlike(_ other: Backbone) -> Bool {
    architecture == other.architecture && layer == other.layer && embeddingWidth == other.embeddingWidth
      && inputShape == other.inputShape && preprocessing == other.preprocessing && views == other.views
  }
}

extension KerasFile {
  /// Opens a file that a user named as weights or as a model.
  /// - Throws: `TaskError` where there is none; what reading a Keras file throws.
  static func ofWeights(_ path: String) throws -> KerasFile {
    guard FileManager.default.fileExists(atPath: path) else {
      throw TaskError(.missingInput, "\(path): there is no such file of weights")
    }
    return try open(path)
  }
}
