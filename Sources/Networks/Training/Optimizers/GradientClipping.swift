import Tensors

extension TrainingParameters {
  /// The length of all gradients taken as one vector.
  package var gradientNorm: Float {
    var sum = 0.0
    for path in trainablePaths {
      guard let entry = entry(path), let gradient = entry.gradient else { continue }
      var own = 0.0
      for i in 0..<entry.count { own += Double(gradient[i]) * Double(gradient[i]) }
      sum += own
    }
    return Float(sum.squareRoot())
  }

  /// Shortens the gradients, taken as one vector, to `norm` where they are longer (arXiv 1211.5063).
  ///
  /// - Returns: Their length before.
  @discardableResult
  package func clipGradients(norm: Float) -> Float {
    let length = gradientNorm
    guard length > norm else { return length }
    let factor = norm / length
    for path in trainablePaths {
      guard let entry = entry(path), let gradient = entry.gradient else { continue }
      parallel(entry.count) { part in for i in part { gradient[i] *= factor } }
    }
    return length
  }
}
