import SiameseInference

/// How a batch normalisation layer acts while a network is trained.
package enum BatchNormalizationMode: String, Hashable, Sendable, Codable, CaseIterable {
  /// Normalises by the batch's statistics, moves the running ones towards them, trains scale and offset.
  case batch
  /// Normalises by the running statistics and leaves them; scale and offset still train where they are trainable. The
  /// right choice under a pretrained backbone with small batches.
  case frozen
  /// As `batch`, but scale and offset stay: adapts the statistics to new pictures and nothing else.
  case statisticsOnly
}

/// When activations are computed again in the backward pass instead of being kept.
package enum Recomputation: Hashable, Sendable {
  /// All activations that the backward pass needs are kept.
  case never
  /// Keeps only what crosses the borders of this many parts of the network: one forward pass more, much less memory
  /// (arXiv 1604.06174).
  case segments(Int)
  /// As many parts as it takes to stay below so many bytes, if that can be done.
  case below(byteCount: Int)
}

/// How a training plan is made.
package struct TrainingOptions: Hashable, Sendable {
  /// OpenMP threads of the calling thread's pool.
  package var threads: Int
  /// How batch normalisation acts where no exception names the layer.
  package var batchNormalization: BatchNormalizationMode
  /// Exceptions by node name. A layer through which no gradient flows is frozen unless it is named here.
  package var batchNormalizationByNode: [String: BatchNormalizationMode]
  /// Whether `backward` also leaves gradients with respect to the inputs.
  package var inputGradients: Bool
  /// Which activations are computed again instead of being kept.
  package var recomputation: Recomputation
  /// In bfloat16, feature maps, their gradients and the working copies of convolutions' weights are bfloat16, and every
  /// sum is float32. Weights themselves, their gradients, what the optimiser remembers, statistics of normalisations,
  /// dense layers on vectors, embeddings and the loss stay float32, so that small steps are not rounded away
  /// (Micikevicius et al. 2018, arXiv 1710.03740). The loss needs no scaling: bfloat16 has the exponents of float32,
  /// and gradients do not vanish in it as in half precision (Kalamkar et al. 2019, arXiv 1905.12322).
  package var precision: Precision

  /// Everything trained in float32 on two threads; see the properties.
  package init(
    threads: Int = 2, batchNormalization: BatchNormalizationMode = .batch,
    batchNormalizationByNode: [String: BatchNormalizationMode] = [:], inputGradients: Bool = false,
    recomputation: Recomputation = .never, precision: Precision = .float32
  ) {
    self.threads = threads
    self.batchNormalization = batchNormalization
    self.batchNormalizationByNode = batchNormalizationByNode
    self.inputGradients = inputGradients
    self.recomputation = recomputation
    self.precision = precision
  }
}
