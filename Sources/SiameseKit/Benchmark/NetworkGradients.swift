import Foundation
import SiameseHDF5
import SiameseMetricLearning
import SiameseTensors
import SiameseTraining

/// The gradients of a network on one batch, from file to file: what other frameworks are compared with.
///
/// Everything trains; the loss is the sum of the outputs times given numbers, so those numbers are its gradient there.
package struct NetworkGradients {
  private let backbone: Backbone
  private let normalization: BatchNormalizationMode
  private let precision: EmbeddingPrecision

  /// - Parameter normalization: `frozen`, `batch` or `statisticsOnly`.
  /// - Throws: `MetricLearningError` for another word.
  package init(_ backbone: Backbone, normalization: String = "frozen", precision: EmbeddingPrecision = .f32) throws {
    guard let mode = BatchNormalizationMode(rawValue: normalization) else {
      throw MetricLearningError.unknownName(
        kind: "mode of batch normalisation", found: normalization,
        known: BatchNormalizationMode.allCases.map(\.rawValue))
    }
    (self.backbone, self.normalization, self.precision) = (backbone, mode, precision)
  }

  /// Reads `inputs` `[N, H, W, C]` and `output_gradients` `[N, D]` from an HDF5 file, and writes another with `outputs`,
  /// `input_gradients`, `paths` and, in their order, `gradients/0`, `gradients/1`, ….
  /// - Throws: `TaskError` where arrays are missing or do not fit the network.
  package func run(from input: String, to output: String, threads: Int? = nil) throws {
    guard FileManager.default.fileExists(atPath: input) else {
      throw TaskError(.missingInput, "\(input): there is no such file")
    }
    let root = try HDF5File(input).root
    func tensor(_ name: String, _ shape: [Int]) throws -> Tensor {
      let data = try root.dataSet(name)
      guard data.shape.first ?? 0 > 0, Array(data.shape.dropFirst()) == shape else {
        throw TaskError(.badInput, "\(input): '\(name)' should have the shape [N, \(shape)], found \(data.shape)")
      }
      return Tensor(shape: data.shape, elements: try data.read())
    }
    let pictures = try tensor("inputs", backbone.inputShape)
    let direction = try tensor("output_gradients", [backbone.embeddingWidth])
    let parameters = try TrainingParameters(backbone.graph, backbone.parameters)
    let plan = try TrainingPlan(
      backbone.graph, parameters, batch: pictures.rowCount,
      options: TrainingOptions(
        threads: threads ?? ProcessInfo.processInfo.activeProcessorCount, batchNormalization: normalization,
        inputGradients: true, precision: precision.planned))
    let outputs = try plan.forward([pictures])[0]
    try plan.backward([direction.reshaped(outputs.shape)])
    try HDF5Writer.create(output) { root in
      try root.write("outputs", shape: outputs.shape, outputs.elements)
      let toInputs = plan.inputGradients[0]
      try root.write("input_gradients", shape: toInputs.shape, toInputs.elements)
      try root.write("paths", strings: parameters.trainablePaths)
      for (index, path) in parameters.trainablePaths.enumerated() {
        guard let gradient = parameters.gradient(path) else { continue }
        try root.write("gradients/\(index)", shape: gradient.shape, gradient.elements)
      }
    }
  }
}
