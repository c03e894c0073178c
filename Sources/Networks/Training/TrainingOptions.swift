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
package enum Checkpointing: Hashable, Sendable {
  case never
  /// Keeps only what crosses the borders of this many parts of the network: one forward pass more, much less memory
  /// (arXiv 1604.06174).
  case segments(Int)
  /// As many parts as it takes to stay below so many bytes, if that can be done.
  case below(byteCount: Int)
}

package struct TrainingOptions: Hashable, Sendable {
  /// OpenMP threads of the calling thread's pool.
  package var threads: Int
  package var batchNormalization: BatchNormalizationMode
  /// Exceptions by node name. A layer through which no gradient flows is frozen unless it is named here.
  package var batchNormalizationByNode: [String: BatchNormalizationMode]
  /// Whether `backward` also leaves gradients with respect to the inputs.
  package var inputGradients: Bool
  package var checkpointing: Checkpointing

  package init(
    threads: Int = 2, batchNormalization: BatchNormalizationMode = .batch,
    batchNormalizationByNode: [String: BatchNormalizationMode] = [:], inputGradients: Bool = false,
    checkpointing: Checkpointing = .never
  ) {
    self.threads = threads
    self.batchNormalization = batchNormalization
    self.batchNormalizationByNode = batchNormalizationByNode
    self.inputGradients = inputGradients
    self.checkpointing = checkpointing
  }
}
