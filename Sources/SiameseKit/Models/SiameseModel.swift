import Foundation
import SiameseKeras
import SiameseMetricLearning
import SiameseSupportVectors

/// A fine-tuned network with the measure that belongs to it: what `siamese-finetune` writes, in one file that Keras opens.
///
/// ```swift
/// let model = try SiameseModel(contentsOf: "faces.h5")
/// let embedder = try model.embedder()
/// let distance = model.distance(try embedder.embed(a), try embedder.embed(b))
/// distance < model.threshold!   // the same?
/// ```
public struct SiameseModel: Sendable {
  /// The network from picture to embedding.
  public let backbone: Backbone
  /// How to compare its embeddings, and how it was made.
  public var record: ModelRecord
  /// A kernel machine over the embeddings, where one was trained with them.
  public var svm: TrainedSVM?

  /// How two embeddings are compared by thresholds and search: the distance of training, or the joint layers.
  public var distance: Measure { record.measure }

  /// The joint layers, where there are some.
  public var joint: JointLayers? { record.joint }

  /// The probability that two pictures at this distance are of one class, either answer as likely beforehand: as calibrated,
  /// else as joint layers say; nil for a distance written down that was not calibrated.
  public func probability(atDistance distance: Float) -> Double? {
    record.calibration?.probabilityMap.probability(distance) ?? joint?.probability(atDistance: distance)
  }

  /// The distance below which two pictures count as the same: where both kinds of error were equally frequent on classes
  /// that training never saw. nil where none was measured.
  public var threshold: Float? { record.equalErrorThreshold }

  /// Whether the network is taken otherwise than its thresholds and its kernel machine were made with, which are left out
  /// then.
  package private(set) var isAdjusted = false

  /// Reads a model file, which is opened once.
  /// - Parameter adjustments: How to take the network where that is not as the file says. Thresholds, calibration and kernel
  ///   machine hold for the embeddings that they were made with, and are left out where adjustments change them.
  /// - Throws: `TaskError` where the file is a plain Keras file; what reading a Keras file throws.
  public init(contentsOf path: String, adjustments: NetworkAdjustments = NetworkAdjustments()) throws {
    let file = try KerasFile.ofWeights(path)
    let found = try ModelRecord.read(file)
    let asRecorded = try Backbone(file, found, NetworkAdjustments())
    backbone = adjustments == NetworkAdjustments() ? asRecorded : try Backbone(file, found, adjustments)
    guard let found else {
      throw TaskError(
        .badInput,
        "\(path): is a network without the group 'siamese', so it says no distance and no threshold; make a "
          + "model of it with siamese-finetune --backbone \(path), or use it as --backbone")
    }
    record = found
    guard backbone.embedsAlike(asRecorded) else {
      try adjust(path)
      return
    }
    let group = try file.hdf5.root.group(ModelRecord.groupName)
    if try group.contains(TrainedSVM.groupName) { svm = try TrainedSVM(group.group(TrainedSVM.groupName)) }
  }

  /// Makes the record one of the network as it is taken now.
  private mutating func adjust(_ path: String) throws {
    if let joint, joint.width != backbone.embeddingWidth {
      throw TaskError(
        .wrongArguments,
        "\(path): its joint layers compare embeddings of \(joint.width) numbers, and layer "
          + "'\(backbone.layer)' gives \(backbone.embeddingWidth); leave --layer out")
    }
    isAdjusted = true
    (record.preprocessing, record.views) = (backbone.preprocessing, backbone.views)
    (record.thresholds, record.equalErrorThreshold, record.calibration) = ([], nil, nil)
  }

  init(backbone: Backbone, record: ModelRecord, svm: TrainedSVM? = nil) {
    self.backbone = backbone
    self.record = record
    self.svm = svm
  }

  /// Writes the model: `.h5`, which holds everything, or `.keras`, the network alone.
  /// - Throws: `HDF5Error.unwritable` where the file cannot be written; what reading the weights throws.
  public func write(to path: String) throws {
    try ImportedNetwork.write(backbone.graph, parameters: backbone.parameters, to: path) { root in
      try record.write(into: root)
      try svm?.write(into: root.group(ModelRecord.groupName).group(TrainedSVM.groupName))
    }
  }

  /// Writes the network alone, as a plain Keras file to start other runs from: no measure, no thresholds, no classes. Its last
  /// layer, which gives the embedding, is called `features`.
  package func writeBackbone(to path: String) throws {
    let plain = try backbone.namedToStartFrom()
    try ImportedNetwork.write(plain.graph, parameters: plain.parameters, name: "backbone", to: path)
  }

  /// What embeds pictures with it.
  /// - Throws: where the file lacks a weight or holds one of another shape.
  public func embedder(options: EmbeddingOptions = EmbeddingOptions()) throws -> Embedder {
    try Embedder(backbone, options: options)
  }
}
