import Foundation

/// Classification by angle, made harder for the right class: ArcFace and CosFace.
///
/// Cross-entropy of the logits `s · cos θ_j`, where the own class's cosine is replaced by `cos(θ + m)` (additive angle,
/// Deng, Guo, Xue, Zafeiriou 2019, https://arxiv.org/abs/1801.07698) or by `cos θ − m` (additive cosine, Wang and others
/// 2018, https://arxiv.org/abs/1801.09414). θ lies between an embedding and its class's weight vector, both brought to
/// unit length. Beyond θ = π − m ArcFace goes on as `cos θ − m sin m`, so that it keeps falling.
package struct LargeMarginSoftmaxLoss: ProxyLoss, Hashable {
  /// What the right class is made harder by.
  package enum Margin: Hashable, Sendable {
    /// In radians.
    case angle(Float)
    /// Subtracted from the cosine.
    case cosine(Float)
  }
  /// m.
  package var margin: Margin
  /// s: the larger, the more sharply classes are told apart.
  package var scale: Float

  /// Either margin, at the scale of the papers.
  package init(margin: Margin, scale: Float = 64) { (self.margin, self.scale) = (margin, scale) }

  /// ArcFace, its margin in degrees.
  package static func arcFace(degrees: Float = 28.6, scale: Float = 64) -> Self {
    Self(margin: .angle(degrees * .pi / 180), scale: scale)
  }

  /// CosFace.
  package static func cosFace(margin: Float = 0.35, scale: Float = 64) -> Self {
    Self(margin: .cosine(margin), scale: scale)
  }

  /// The loss is defined by cosines.
  package var ownDistance: Distance? { .cosine }

  /// Sums over the embeddings with these classes, by the formula above.
  package func terms(classes: [Int], _ distances: DistanceMatrix) -> [LossTerm] {
    var term = LossTerm(distances)
    for (x, own) in classes.enumerated() {
      let (target, slope) = hardened(1 - distances[x, own])
      var shares = (0..<distances.columns).map { scale * ($0 == own ? target : 1 - distances[x, $0]) }
      term.add(logSumExp(&shares) - scale * target)
      for (j, share) in shares.enumerated() {
        term.slope(x, j, -scale * (j == own ? (share - 1) * slope : share))
      }
    }
    return [term]
  }

  /// The own class's cosine with the margin in it, and its derivative by the cosine.
  private func hardened(_ cosine: Float) -> (value: Float, slope: Float) {
    switch margin {
    case .cosine(let m):
      return (cosine - m, 1)
    case .angle(let m):
      let theta = acos(max(-1, min(1, cosine)))
      guard theta <= .pi - m else { return (cosine - m * sin(m), 1) }
      return (cos(theta + m), sin(theta + m) / max(sin(theta), 1e-4))
    }
  }
}
