/// Embeddings against one learned proxy a class, as a softmax over distances.
///
/// `−log(exp(−σ d(x, p_y)) / Σ_z exp(−σ d(x, p_z)))`, distances between unit vectors as a rule. The sum includes the own
/// proxy, which bounds the loss (ProxyNCA++). Movshovitz-Attias and others 2017, https://arxiv.org/abs/1703.07464; Teh,
/// DeVries, Taylor 2020, https://arxiv.org/abs/2004.01113.
package struct ProxyNCALoss: ProxyLoss, Hashable {
  /// σ, the inverse temperature.
  package var scale: Float

  /// A usual scale for embeddings of unit length.
  package init(scale: Float = 8) { self.scale = scale }

  /// Sums over the embeddings with these classes, by the formula above.
  package func terms(classes: [Int], _ distances: DistanceMatrix) -> [LossTerm] {
    var term = LossTerm(distances)
    for (x, own) in classes.enumerated() {
      var shares = (0..<distances.columns).map { -scale * distances[x, $0] }
      term.add(logSumExp(&shares) + scale * distances[x, own])
      for (z, share) in shares.enumerated() { term.slope(x, z, -scale * share) }
      term.slope(x, own, scale)
    }
    return [term]
  }
}
