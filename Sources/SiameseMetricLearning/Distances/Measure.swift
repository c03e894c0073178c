import Foundation
import SiameseTensors

/// How a model compares embeddings: by a distance written down, or by joint layers that it learned. Smaller is closer.
///
/// ```swift
/// model.distance(a, b)                          // one pair
/// model.distance.matrix(queries, gallery)       // [M, N]
/// ```
public enum Measure: Sendable, Equatable {
  /// A distance by formula.
  case distance(Distance)
  /// Learned layers, whose distance is the negative of their similarity, `−s`: below 0 the pair is more likely of one
  /// class than not.
  case joint(JointLayers)

  /// Comparison by a distance.
  public init(_ distance: Distance) { self = .distance(distance) }

  /// The cosine distance, and the Euclidean one.
  public static let cosine = Measure(.cosine), euclidean = Measure(.euclidean)

  /// `cosine`, `l2`, …, or `joint absdiff,product:64,1`.
  public var name: String {
    switch self {
    case .distance(let distance): distance.name
    case .joint(let joint): "\(Self.jointPrefix)\(joint.head)"
    }
  }

  /// What the names of learned measures begin with.
  package static let jointPrefix = "joint "

  /// Whether only the directions of the embeddings count, not their lengths.
  public var ignoresLength: Bool {
    if case .distance(let distance) = self { distance.ignoresLength } else { false }
  }

  /// The distance between two embeddings of the same width.
  public func callAsFunction(_ x: some Collection<Float>, _ y: some Collection<Float>) -> Float {
    switch self {
    case .distance(let distance): distance(x, y)
    case .joint(let joint): -joint.similarity(x, y)
    }
  }

  /// All distances between the rows of `a` `[M, D]` and those of `b` `[N, D]`: `[M, N]`.
  public func matrix(_ a: Tensor, _ b: Tensor) -> Tensor {
    switch self {
    case .distance(let distance): distance.matrix(a, b)
    case .joint(let joint):
      Tensor(shape: [a.rowCount, b.rowCount], elements: joint.similarities(a, b).elements.map { -$0 })
    }
  }

  /// From a distance of this measure to one that starts at 0, in the same order: negated similarities, which may be
  /// below 0, become softplus(d).
  package var length: @Sendable (Float) -> Float {
    switch self {
    case .joint, .distance(.dotProduct): { $0 > 0 ? $0 + log1p(exp(-$0)) : log1p(exp($0)) }
    case .distance: { $0 }
    }
  }

  /// The rows as points of ordinary space: of unit length where only directions count.
  package func points(_ embeddings: Tensor) -> Tensor {
    if case .distance(let distance) = self, distance.ignoresLength {
      DistanceRows(embeddings, for: distance).rows
    } else {
      embeddings
    }
  }
}

extension Measure: Encodable, CustomStringConvertible {
  /// The name.
  public var description: String { name }

  /// Encodes the name.
  public func encode(to encoder: any Encoder) throws {
    var container = encoder.singleValueContainer()
    try container.encode(name)
  }
}
