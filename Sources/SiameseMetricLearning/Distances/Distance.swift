import Foundation
import SiameseTensors

/// How far apart two embeddings are. Smaller is always closer: similarities are negated here, once.
///
/// ```swift
/// let distance = try Distance(name: "cosine")
/// distance([1, 0], [0, 2])        // 1
/// distance.matrix(faces, faces)   // [N, N]
/// ```
public enum Distance: Hashable, Sendable {
  /// `‖x − y‖₂²`
  case squaredEuclidean
  /// `‖x − y‖₂`
  case euclidean
  /// `‖x − y‖₁`, the city-block distance.
  case manhattan
  /// `1 − x·y / (‖x‖‖y‖)`, from 0 to 2. A vector of zeros is at 1 from everything.
  case cosine
  /// `arccos(x·y / (‖x‖‖y‖))` in radians, from 0 to π.
  case angle
  /// `−x·y`: a negated similarity, and no metric.
  case dotProduct
  /// `1 − exp(−‖x − y‖² / σ²)`, from 0 to 1.
  case radialBasis(sigma: Float)

  /// Its name in files and options: `squared-l2`, `l2`, `l1`, `cosine`, `angle`, `dot`, `rbf:SIGMA`.
  public var name: String {
    switch self {
    case .squaredEuclidean: "squared-l2"
    case .euclidean: "l2"
    case .manhattan: "l1"
    case .cosine: "cosine"
    case .angle: "angle"
    case .dotProduct: "dot"
    case .radialBasis(let sigma): "rbf:\(sigma)"
    }
  }

  /// The distance called `name`; `rbf` alone has σ = 1.
  /// - Throws: `MetricLearningError.unknownName`, listing the names there are.
  public init(name: String) throws {
    switch name {
    case "squared-l2", "squared-euclidean": self = .squaredEuclidean
    case "l2", "euclidean": self = .euclidean
    case "l1", "manhattan": self = .manhattan
    case "cosine": self = .cosine
    case "angle", "arccos": self = .angle
    case "dot": self = .dotProduct
    case "rbf": self = .radialBasis(sigma: 1)
    default:
      guard name.hasPrefix("rbf:"), let sigma = Float(name.dropFirst(4)), sigma.isFinite, sigma > 0 else {
        throw MetricLearningError.unknownName(
          kind: "distance", found: name, known: ["squared-l2", "l2", "l1", "cosine", "angle", "dot", "rbf:SIGMA"])
      }
      self = .radialBasis(sigma: sigma)
    }
  }

  /// Whether only the directions of the embeddings count, not their lengths.
  public var ignoresLength: Bool { self == .cosine || self == .angle }

  /// The distance between two embeddings of the same width.
  public func callAsFunction(_ x: some Collection<Float>, _ y: some Collection<Float>) -> Float {
    precondition(x.count == y.count, "a distance takes two embeddings of one width")
    let a = DistanceRows(Tensor(shape: [1, x.count], elements: Array(x)), for: self)
    let b = DistanceRows(Tensor(shape: [1, y.count], elements: Array(y)), for: self)
    return matrix(a, b).elements[0]
  }

  /// All distances between the rows of `a` `[N, D]` and those of `b` `[M, D]`: `[N, M]`.
  /// - Complexity: O(N · M · D), as one matrix product except for `manhattan`.
  public func matrix(_ a: Tensor, _ b: Tensor) -> Tensor {
    matrix(DistanceRows(a, for: self), DistanceRows(b, for: self))
  }

  /// All distances among the rows of `a` `[N, D]`: `[N, N]`, symmetric to the bit.
  public func matrix(_ a: Tensor) -> Tensor {
    let rows = DistanceRows(a, for: self)
    var result = matrix(rows, rows)
    let n = a.rowCount
    result.elements.withUnsafeMutableBufferPointer { d in
      for i in 0..<n { for j in 0..<i { d[i * n + j] = d[j * n + i] } }
    }
    return result
  }

  private func matrix(_ a: DistanceRows, _ b: DistanceRows) -> Tensor {
    let elements = [Float](unsafeUninitializedCapacity: a.count * b.count) { buffer, count in
      if let result = buffer.baseAddress { write(a, 0..<a.count, b, 0..<b.count, into: result) }
      count = a.count * b.count
    }
    return Tensor(shape: [a.count, b.count], elements: elements)
  }
}

extension Distance: Codable, CustomStringConvertible {
  /// Decodes a distance from its name.
  /// - Throws: `MetricLearningError.unknownName`.
  public init(from decoder: any Decoder) throws {
    try self.init(name: decoder.singleValueContainer().decode(String.self))
  }

  /// Encodes the name.
  public func encode(to encoder: any Encoder) throws {
    var container = encoder.singleValueContainer()
    try container.encode(name)
  }

  /// The name.
  public var description: String { name }
}
