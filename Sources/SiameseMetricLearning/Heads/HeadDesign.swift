import Foundation

/// The layers between a network's features and the embedding.
///
/// An optional signed square root, any number of hidden blocks (dense, batch normalisation, ReLU, dropout), one dense
/// layer without activation, and unit length at the end. Without hidden blocks the dense layer may start from, or stay, a
/// closed-form fit.
///
/// ```swift
/// let head = try HeadDesign("wccn")                       // √ and WCCN, no gradient step needed
/// let projection = try HeadDesign("mlp:256,128,dropout=0.2")
/// ```
public struct HeadDesign: Hashable, Sendable, Codable {
  /// Where the last dense layer starts.
  public enum Start: String, Hashable, Sendable, Codable, CaseIterable {
    /// Orthogonal rows or columns, drawn at random.
    case orthogonal
    /// Principal components.
    case pca
    /// Linear discriminants.
    case lda
    /// Within-class covariance normalisation.
    case wccn
    /// The features themselves, centred: the head changes nothing yet but the mean.
    case identity

    var closedForm: ClosedForm? { ClosedForm(rawValue: rawValue) }
  }

  /// Whether there is a dense layer at all; without, the embedding is the features at unit length, and the backbone
  /// learns to place them.
  public var projects = true
  /// Units of the hidden blocks, from the features on.
  public var hidden: [Int]
  /// Numbers in an embedding; nil as many as the start gives.
  public var width: Int?
  /// Where the last dense layer starts.
  public var start: Start
  /// The share of a hidden block's numbers that dropout sets to zero in training; 0 leaves dropout out.
  public var dropout: Float
  /// Whether `sign(x) √|x|` comes first: it evens out the few strong channels of a pooled feature map.
  public var signedRoot: Bool
  /// The closed forms' shrinkage.
  public var shrinkage: Double
  /// Whether embeddings have length 1.
  public var normalized: Bool

  /// Whether its weights are a closed form of the features, before any step of training.
  package var startsFromClosedForm: Bool { projects && hidden.isEmpty && start.closedForm != nil }

  /// A head of these layers; by default the closed form that `wccn` names.
  public init(
    hidden: [Int] = [], width: Int? = nil, start: Start = .wccn, dropout: Float = 0, signedRoot: Bool = true,
    shrinkage: Double = 0.3, normalized: Bool = true
  ) {
    self.hidden = hidden
    self.width = width
    self.start = start
    self.dropout = dropout
    self.signedRoot = signedRoot
    self.shrinkage = shrinkage
    self.normalized = normalized
  }
}
