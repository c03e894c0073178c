import SiameseTensors

extension Distance {
  /// Carries gradients from distances back to the embeddings between which they lie.
  ///
  /// - Parameters:
  ///   - gradient: `∂L/∂d`, `[N, M]`.
  ///   - a: the embeddings `[N, D]`; `b`: those `[M, D]`.
  ///   - distances: `matrix(a, b)`, `[N, M]`.
  /// - Returns: `∂L/∂a` `[N, D]` and `∂L/∂b` `[M, D]`.
  package func backpropagate(
    _ gradient: Tensor, distances: Tensor, _ a: Tensor, _ b: Tensor
  ) -> (a: Tensor, b: Tensor) {
    precondition(gradient.shape == [a.rowCount, b.rowCount] && distances.shape == gradient.shape)
    switch self {
    case .dotProduct:
      var toA = Tensor.product(gradient, b)
      var toB = Tensor.product(gradient, transposed: true, a)
      for k in toA.elements.indices { toA.elements[k] = -toA.elements[k] }
      for k in toB.elements.indices { toB.elements[k] = -toB.elements[k] }
      return (toA, toB)
    case .manhattan:
      return manhattanGradient(gradient, a, b)
    case .squaredEuclidean, .euclidean, .radialBasis:
      return squaredGradient(gradient, distances, a, b)
    case .cosine, .angle:
      let x = DistanceRows(a, for: self)
      let y = DistanceRows(b, for: self)
      let (toX, toY) = squaredGradient(gradient, distances, x.rows, y.rows)
      return (x.throughNormalisation(toX), y.throughNormalisation(toY))
    }
  }

  /// The gradient of a loss on all distances among one set of embeddings, from `∂L/∂d` `[N, N]`: `[N, D]`.
  package func backpropagate(_ gradient: Tensor, distances: Tensor, _ embeddings: Tensor) -> Tensor {
    var (sum, other) = backpropagate(gradient, distances: distances, embeddings, embeddings)
    for k in sum.elements.indices { sum.elements[k] += other.elements[k] }
    return sum
  }

  /// With `w = ∂L/∂s`, s the squared distance: `∂L/∂aᵢ = 2 Σⱼ wᵢⱼ (aᵢ − bⱼ)`.
  private func squaredGradient(_ gradient: Tensor, _ distances: Tensor, _ a: Tensor, _ b: Tensor) -> (Tensor, Tensor) {
    let (n, m, width) = (a.rowCount, b.rowCount, a.rowWidth)
    var weights = gradient
    var rowSums = [Float](repeating: 0, count: n)
    var columnSums = [Float](repeating: 0, count: m)
    for i in 0..<n {
      for j in 0..<m where weights.elements[i * m + j] != 0 {
        let w = 2 * weights.elements[i * m + j] * slope(at: distances.elements[i * m + j])
        weights.elements[i * m + j] = w
        rowSums[i] += w
        columnSums[j] += w
      }
    }
    var toA = Tensor.product(weights, b)
    for i in 0..<n {
      for k in i * width..<(i + 1) * width { toA.elements[k] = rowSums[i] * a.elements[k] - toA.elements[k] }
    }
    var toB = Tensor.product(weights, transposed: true, a)
    for j in 0..<m {
      for k in j * width..<(j + 1) * width { toB.elements[k] = columnSums[j] * b.elements[k] - toB.elements[k] }
    }
    return (toA, toB)
  }

  private func manhattanGradient(_ gradient: Tensor, _ a: Tensor, _ b: Tensor) -> (Tensor, Tensor) {
    let (n, m, width) = (a.rowCount, b.rowCount, a.rowWidth)
    var toA = Tensor(shape: a.shape)
    var toB = Tensor(shape: b.shape)
    for i in 0..<n {
      for j in 0..<m {
        let w = gradient.elements[i * m + j]
        if w == 0 { continue }
        for k in 0..<width {
          let difference = a.elements[i * width + k] - b.elements[j * width + k]
          let signed = difference > 0 ? w : difference < 0 ? -w : 0
          toA.elements[i * width + k] += signed
          toB.elements[j * width + k] -= signed
        }
      }
    }
    return (toA, toB)
  }
}

extension DistanceRows {
  /// From the gradient at unit vectors u = x / ‖x‖ to that at x: `(g − u (u·g)) / ‖x‖`. Rows of zeros get a gradient of
  /// zero.
  func throughNormalisation(_ gradient: Tensor) -> Tensor {
    var result = gradient
    let width = width
    rows.elements.withUnsafeBufferPointer { u in
      result.elements.withUnsafeMutableBufferPointer { g in
        guard let u = u.baseAddress, let g = g.baseAddress else { return }
        for i in 0..<count {
          let scale = squares[i] > 0 ? 1 / squares[i].squareRoot() : 0
          let along = dotProduct(u + i * width, g + i * width, width)
          for k in i * width..<(i + 1) * width { g[k] = (g[k] - along * u[k]) * scale }
        }
      }
    }
    return result
  }
}
