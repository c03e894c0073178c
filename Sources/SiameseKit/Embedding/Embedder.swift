import Foundation
import Images
import Networks
import Tensors

/// Single or half precision inside the network; embeddings are always single.
public enum EmbeddingPrecision: String, Sendable, CaseIterable { case f32, bf16 }

/// How an embedder uses the machine.
public struct EmbeddingOptions: Sendable, Equatable {
  /// Pictures in one run of the network.
  public var batch: Int
  /// Threads; nil for one a core.
  public var threads: Int?
  public var precision: EmbeddingPrecision
  /// Whether convolution algorithms are chosen by a fixed rule rather than by measuring.
  public var deterministic: Bool

  public init(batch: Int = 16, threads: Int? = nil, precision: EmbeddingPrecision = .f32, deterministic: Bool = false) {
    self.batch = batch
    self.threads = threads
    self.precision = precision
    self.deterministic = deterministic
  }
}

/// A picture that could not be read, and why.
public struct SkippedPicture: Sendable, Equatable {
  public let path: String
  public let reason: String
}
